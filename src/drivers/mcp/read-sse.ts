import { StringDecoder } from 'node:string_decoder';

export type SseReader = {
  /** Reads a piece; answers `true` as soon as the sink has what it waits for. */
  push(this: void, chunk: Buffer): boolean;
  /** The last id the server gave, with which the stream could be taken up again. */
  lastId(): string | null;
  /** Milliseconds the server asked to wait before that. */
  retry(): number | null;
};

/** Ids longer than this are not sent back. */
const longestId = 1_024;

/**
 * Reads server-sent events as they come, whatever the pieces; `sink` takes each one's data and ends the
 * reading with `true`. The caller counts bytes; event types do not matter to MCP. `before` is the reader of
 * the stream that this one goes on with.
 */
export function createSseReader(sink: (data: string) => boolean, before: SseReader | null = null): SseReader {
  const decoder = new StringDecoder('utf8');
  let rest: string[] = [];
  let splitEnd = false;
  let data: string[] = [];
  let id = before?.lastId() ?? null;
  let retry = before?.retry() ?? null;

  const line = (text: string): boolean => {
    if (text === '') {
      if (data.length === 0) return false;
      const whole = data.length === 1 ? data[0]! : data.join('\n');
      data = [];
      // A server that may close the stream early opens it with an empty event, for its id alone.
      return whole === '' ? false : sink(whole);
    }
    if (text.startsWith('data:')) data.push(text.slice(text.charCodeAt(5) === 0x20 ? 6 : 5));
    else if (text.startsWith('id:')) id = usableId(text.slice(3).trim());
    else if (/^retry: ?\d{1,9}$/.test(text)) retry = Number(text.slice(6));
    return false;
  };

  return {
    push(chunk) {
      const text = decoder.write(chunk);
      if (text === '') return false;
      // Only what is new is looked at: a long line in small pieces costs no more than its length.
      let from = splitEnd && text.startsWith('\n') ? 1 : 0;
      let feed = text.indexOf('\n', from);
      let carriage = text.indexOf('\r', from);
      while (feed !== -1 || carriage !== -1) {
        const end = carriage === -1 || (feed !== -1 && feed < carriage) ? feed : carriage;
        rest.push(text.slice(from, end));
        const whole = rest.length === 1 ? rest[0]! : rest.join('');
        rest = [];
        if (line(whole)) return true;
        from = end === carriage && feed === end + 1 ? end + 2 : end + 1;
        if (feed !== -1 && feed < from) feed = text.indexOf('\n', from);
        if (carriage !== -1 && carriage < from) carriage = text.indexOf('\r', from);
      }
      splitEnd = text.endsWith('\r');
      if (from < text.length) rest.push(text.slice(from));
      return false;
    },
    lastId: () => id,
    retry: () => retry,
  };
}

function usableId(id: string): string | null {
  return id !== '' && id.length <= longestId && /^[\x20-\x7e]*$/.test(id) ? id : null;
}

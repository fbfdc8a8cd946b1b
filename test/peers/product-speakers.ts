import assert from 'node:assert/strict';
import { initialize, legacy, modern, request } from '../contracts/mcp-counter.ts';

// One caller for each protocol, who keeps every byte it was answered.

type Result = { content: { type: string; text?: string }[]; structuredContent?: unknown; isError?: boolean };

export type Heard = {
  /** Status, headers and body, as they came. */
  bytes: string;
  /** Absent where the protocol itself refused. */
  result?: Result;
  /** What the protocol refused with. */
  refusal?: string;
  /** Progress told on the way. */
  progress: number[];
};
export type Listed = { name: string; inputSchema: { properties?: object; required?: string[] } };

export type Speaker = {
  protocol: string;
  /** Null where the protocol lists nothing. */
  list: (() => Promise<{ bytes: string; tools: Listed[] }>) | null;
  call(tool: string, args: object): Promise<Heard>;
};

type Message = {
  id?: unknown;
  method?: string;
  params?: { progress?: number };
  result?: Result & { tools?: Listed[] };
  error?: { code: number; message: string };
};

/** Callers of 2026-07-28, of the three older revisions, of a batch, and of REST. */
export async function speakersOf(url: string, pack: string, key: string): Promise<readonly Speaker[]> {
  const address = `${url}/mcp/${pack}`;
  const older: Speaker[] = [];
  for (const revision of ['2025-11-25', '2025-06-18', '2025-03-26']) {
    older.push(await olderSpeaker(address, revision, key, false));
  }
  older.push(await olderSpeaker(address, '2025-03-26', key, true));
  return [modernSpeaker(address, key), ...older, restSpeaker(url, pack, key)];
}

function modernSpeaker(address: string, key: string): Speaker {
  return {
    protocol: 'MCP 2026-07-28',
    async list() {
      const { bytes, messages } = await exchange(address, modern('tools/list', {}, { key }));
      return { bytes, tools: messages.at(-1)!.result!.tools! };
    },
    async call(tool, args) {
      const params = { name: tool, arguments: args };
      // What a header cannot carry as it is travels encoded.
      const isPlain = /^[\x21-\x7e]+$/.test(tool);
      const name = isPlain ? tool : `=?base64?${Buffer.from(tool).toString('base64')}?=`;
      const options = { key, meta: { progressToken: 'p' }, headers: { 'Mcp-Name': name } };
      return heardOf(await exchange(address, modern('tools/call', params, options)));
    },
  };
}

async function olderSpeaker(
  address: string,
  revision: string,
  key: string,
  isBatch: boolean,
): Promise<Speaker> {
  const session = await initialize(address, revision, key);
  assert.notEqual(session, '');
  const headers: Record<string, string> =
    revision === '2025-03-26' ? {} : { 'MCP-Protocol-Version': revision };
  const send = (method: string, params: object) => {
    const one = request(method, params, 2);
    return exchange(address, legacy(isBatch ? [request('ping'), one] : one, { key, session, headers }));
  };
  return {
    protocol: `MCP ${revision}${isBatch ? ' in a batch' : ''}`,
    async list() {
      const { bytes, messages } = await send('tools/list', {});
      return { bytes, tools: messages.find(({ id }) => id === 2)!.result!.tools! };
    },
    call: async (name, args) =>
      heardOf(await send('tools/call', { name, arguments: args, _meta: { progressToken: 'p' } }), 2),
  };
}

function restSpeaker(url: string, pack: string, key: string): Speaker {
  return {
    protocol: 'REST',
    list: null,
    async call(tool, args) {
      const response = await fetch(`${url}/v1/calls`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ pack, tool, arguments: args }),
      });
      const text = await response.text();
      const bytes = bytesOf(response, text);
      const body = JSON.parse(text) as Result & { error?: { message: string } };
      return body.error
        ? { bytes, refusal: body.error.message, progress: [] }
        : { bytes, result: body, progress: [] };
    },
  };
}

type Exchanged = { bytes: string; messages: Message[] };

async function exchange(address: string, init: RequestInit): Promise<Exchanged> {
  const response = await fetch(address, init);
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.includes('event-stream');
  const texts = isStream ? [...text.matchAll(/^data: (.+)$/gm)].map((match) => match[1]!) : [text];
  const messages = texts.flatMap((one) => JSON.parse(one) as Message | Message[]);
  return { bytes: bytesOf(response, text), messages };
}

function heardOf({ bytes, messages }: Exchanged, id: unknown = 1): Heard {
  const answer = messages.find((message) => message.id === id && !message.method);
  assert.ok(answer, bytes);
  const progress = messages.flatMap(({ params }) =>
    params?.progress === undefined ? [] : [params.progress],
  );
  return answer.error
    ? { bytes, refusal: `${answer.error.code} ${answer.error.message}`, progress }
    : { bytes, result: answer.result!, progress };
}

const bytesOf = (response: Response, text: string): string =>
  `${response.status}\n${JSON.stringify([...response.headers])}\n${text}`;

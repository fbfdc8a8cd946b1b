import type { ContentBlock, Reply } from '../drivers/index.ts';
import { isObject, type Json, type JsonObject } from '../kernel/index.ts';
import { cleanText } from './clean-text.ts';
import { keepText } from './json-text.ts';
import type { Project } from './project.ts';

/** What an agent gets: MCP's `tools/call` result. */
export type Rendered = {
  content: readonly ContentBlock[];
  /** Only where the value is an object: older revisions of MCP allow nothing else. Others are in the text. */
  structuredContent?: JsonObject;
  isError: boolean;
  /** Bytes of text served. */
  bytes: number;
};

const defaultMaxBytes = 4 * 1024 * 1024;
const maxErrorText = 500;

const text = (words: string): ContentBlock => ({ type: 'text', text: words });

/**
 * Renders a service's reply. The one canonical value is projected first, and everything shown is made of the
 * projected value; under a map no block of the service's own leaves. Above `maxBytes` the text is cut, with
 * a notice, and there is no structured content: half an object is none.
 */
export function renderResult(
  reply: Pick<Reply, 'isError' | 'status' | 'value' | 'content'>,
  project: Project | null,
  options: { maxBytes?: number } = {},
): Rendered {
  const maxBytes = options.maxBytes ?? defaultMaxBytes;
  if (reply.isError) return renderError(reply, project !== null);
  if (project) return renderMapped(reply, project, maxBytes);
  if (reply.content.length > 0) return renderBlocks(reply, maxBytes);
  return reply.value === undefined ? renderNothing(reply.status) : renderValue(reply.value, [], maxBytes);
}

/** A model takes a result without any content for a failure of its own, so that an empty body is said. */
function renderNothing(status: number | null): Rendered {
  if (status === null) return rendered([], 0);
  const notice = `The service answered with status ${status} and no body.`;
  return rendered([text(notice)], Buffer.byteLength(notice));
}

function rendered(content: readonly ContentBlock[], bytes: number, isError = false): Rendered {
  return { content, isError, bytes };
}

function renderValue(value: Json, notices: readonly ContentBlock[], maxBytes: number): Rendered {
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes > maxBytes) return cut(json, bytes, maxBytes, isObject(value));
  const content = [text(json), ...notices];
  return isObject(value)
    ? { content, structuredContent: keepText(value, json), isError: false, bytes }
    : rendered(content, bytes);
}

/** A client that was promised an object refuses a result without one, unless it is an error. */
function cut(whole: string, bytes: number, maxBytes: number, wasObject: boolean): Rendered {
  const kept = Buffer.from(whole)
    .subarray(0, maxBytes)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
  const notice = `The result has ${bytes} bytes and was cut after ${maxBytes}. Ask for less at a time.`;
  return rendered([text(notice), text(kept)], Buffer.byteLength(kept), wasObject);
}

function renderMapped(reply: Pick<Reply, 'value' | 'content'>, project: Project, maxBytes: number): Rendered {
  if (reply.value === undefined) {
    const count = reply.content.length;
    const notice = count === 0 ? 'The reply was empty.' : withheld(count);
    return rendered([text(notice)], Buffer.byteLength(notice));
  }
  const others = reply.content.filter((block) => !isJsonText(block)).length;
  return renderValue(project(reply.value), others > 0 ? [text(withheld(others))] : [], maxBytes);
}

const withheld = (count: number): string =>
  `${count === 1 ? 'One part of the reply is' : `${count} parts of the reply are`} not JSON and withheld: only chosen fields of this tool's replies are shown.`;

/** Whether a block is text that repeats the canonical value as JSON. Nothing of it is shown either way. */
function isJsonText(block: ContentBlock): boolean {
  if (block.type !== 'text' || typeof block.text !== 'string') return false;
  const words = block.text.trim();
  // An object or array is long and was parsed before: its brackets are enough to know it by.
  if (/^[[{]/.test(words)) return words.endsWith(words[0] === '{' ? '}' : ']');
  if (words.length > 1_000) return words.startsWith('"') && words.endsWith('"');
  try {
    JSON.parse(words);
    return true;
  } catch {
    return false;
  }
}

function renderBlocks({ content, value }: Pick<Reply, 'content' | 'value'>, maxBytes: number): Rendered {
  let bytes = 0;
  for (const [index, block] of content.entries()) {
    const size = sizeOf(block);
    bytes += size;
    if (bytes <= maxBytes) continue;
    const room = maxBytes - (bytes - size);
    const kept = content.slice(0, index);
    const last = typeof block.text === 'string' ? cut(block.text, size, room, false).content[1] : undefined;
    const notice = `The result is larger than ${maxBytes} bytes and was cut. Ask for less at a time.`;
    return rendered([text(notice), ...kept, ...(last ? [last] : [])], maxBytes, isObject(value));
  }
  return isObject(value)
    ? { content, structuredContent: value, isError: false, bytes }
    : rendered(content, bytes);
}

function sizeOf(block: ContentBlock): number {
  return typeof block.text === 'string'
    ? Buffer.byteLength(block.text)
    : Buffer.byteLength(JSON.stringify(block));
}

/**
 * Our sentence, the status, and of a JSON error body only one string. A text of an MCP server that is not
 * JSON is shown too, cut, but not under a map.
 */
function renderError(
  { status, value, content }: Pick<Reply, 'status' | 'value' | 'content'>,
  mapped: boolean,
): Rendered {
  const sentence =
    status === null
      ? 'The service answered with an error.'
      : `The service answered with an error (status ${status}).`;
  const said =
    errorText(value) ?? (mapped || status !== null || value !== undefined ? null : plainText(content));
  const words = said ? `${sentence} ${said}` : sentence;
  return rendered([text(words)], Buffer.byteLength(words), true);
}

function errorText(value: Json | undefined): string | null {
  if (!isObject(value)) return null;
  for (const key of ['message', 'error', 'detail', 'title']) {
    const found = Object.hasOwn(value, key) ? value[key] : undefined;
    if (typeof found === 'string' && found !== '') return cleanText(found, maxErrorText).text;
  }
  return null;
}

function plainText(content: readonly ContentBlock[]): string | null {
  const first = content.find((block) => block.type === 'text' && typeof block.text === 'string');
  return first ? cleanText(first.text as string, maxErrorText).text : null;
}

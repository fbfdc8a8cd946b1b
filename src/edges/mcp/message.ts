import { isObject, type Json } from '../../kernel/index.ts';
import { invalidRequest } from './errors.ts';

export type RequestId = string | number;
export type Params = { readonly [key: string]: Json };

/** A JSON-RPC message from a client, whatever the revision. */
export type Message =
  | { kind: 'request'; id: RequestId; method: string; params: Params }
  | { kind: 'notification'; method: string; params: Params }
  | { kind: 'response'; id: Json | undefined; result: Json | undefined };

export type Request = Extract<Message, { kind: 'request' }>;

const noParams: Params = {};

/** Reads one message. Throws the fault of an invalid request where it is none. */
export function readMessage(value: Json): Message {
  if (!isObject(value)) throw invalidRequest('A message must be a JSON object.');
  if (value['jsonrpc'] !== '2.0') throw invalidRequest('jsonrpc must be "2.0".');
  const { method, id } = value;
  if (method === undefined) {
    if (isResponse(value)) return { kind: 'response', id, result: value['result'] };
    throw invalidRequest('A message must have a method.');
  }
  if (typeof method !== 'string' || method === '') throw invalidRequest('method must be a string.');
  const params = value['params'] ?? noParams;
  if (!isObject(params)) throw invalidRequest('params must be an object.');
  if (id === undefined) return { kind: 'notification', method, params };
  if (!isRequestId(id)) throw invalidRequest('id must be a string or an integer.');
  return { kind: 'request', id, method, params };
}

function isResponse(value: { [key: string]: Json }): boolean {
  const answers = (value['result'] !== undefined) !== (value['error'] !== undefined);
  return answers && (isRequestId(value['id']) || (value['id'] ?? null) === null);
}

/** Integers beyond 2^53 would come back as another number, so they count as no id. */
export function isRequestId(value: unknown): value is RequestId {
  return typeof value === 'string' || Number.isSafeInteger(value);
}

/** The id an error answer carries, as JSON text; null where the message has none that can be read. */
export function idTextOf(value: Json): string | null {
  return isObject(value) && value['method'] !== undefined && isRequestId(value['id'])
    ? JSON.stringify(value['id'])
    : null;
}

/** `_meta` of a request; null where there is none. */
export function metaOf(params: Params): { readonly [key: string]: Json } | null {
  const meta = params['_meta'];
  return isObject(meta) ? meta : null;
}

/** The token a client gave to be told of progress; null where it asked for none. */
export function progressTokenOf(params: Params): RequestId | null {
  const token = metaOf(params)?.['progressToken'];
  return isRequestId(token) ? token : null;
}

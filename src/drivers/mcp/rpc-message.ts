import { badReply } from '../../egress/index.ts';
import type { EgressAnswer } from '../../egress/index.ts';
import { isObject } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { Refusal } from '../types.ts';
import { productVersion, userAgent } from '../user-agent.ts';
import { mirroredValue } from './encode-header.ts';
import { sessionHeaders } from './session.ts';
import type { Session } from './session.ts';

export type RpcCall = {
  method: string;
  params: { readonly [name: string]: Json };
  /** Mirrored in `Mcp-Name`. */
  name?: string;
  /** Further headers, names in lower case. */
  headers?: Readonly<Record<string, string>>;
  traceparent?: string;
  signal: AbortSignal;
  maxBytes: number;
  onProgress?: (progress: { progress: number; total?: number; message?: string }) => void;
};

export type RpcError = { code: number; message: string };
export type RpcAnswer = {
  status: number;
  /** Null where the answer is an HTTP status without a JSON-RPC answer in it. */
  result: Json | null;
  error: RpcError | null;
  /** The text `result` was read from. */
  text: string;
  bytes: number;
  secrets: readonly string[];
  retryAfter: string | null;
  refusal?: Refusal;
};

export type Message = { [key: string]: Json };

const clientMeta = {
  'io.modelcontextprotocol/clientInfo': { name: 'toolcrib', version: productVersion },
  'io.modelcontextprotocol/clientCapabilities': {},
};
export function headersOf(session: Session, call: RpcCall): Record<string, string> {
  const headers = sessionHeaders(session);
  headers['content-type'] = 'application/json';
  headers['accept'] = 'application/json, text/event-stream';
  headers['user-agent'] = userAgent;
  if (call.traceparent !== undefined) headers['traceparent'] = call.traceparent;
  if (session.era === 'legacy') return headers;
  headers['mcp-method'] = call.method;
  const name = call.name === undefined ? null : mirroredValue(call.name);
  if (name !== null) headers['mcp-name'] = name;
  return call.headers ? Object.assign(headers, call.headers) : headers;
}

export function paramsOf(session: Session, call: RpcCall, id: number): RpcCall['params'] {
  const meta: Record<string, Json> = {};
  if (call.onProgress) meta['progressToken'] = id;
  if (session.era === 'modern') {
    meta['io.modelcontextprotocol/protocolVersion'] = session.version;
    Object.assign(meta, clientMeta);
    if (call.traceparent !== undefined) meta['traceparent'] = call.traceparent;
  } else if (!call.onProgress) return call.params;
  return { ...call.params, _meta: meta };
}

export function relayProgress(message: Message, id: number, { onProgress }: RpcCall): void {
  const params = message['params'];
  if (!onProgress || message['method'] !== 'notifications/progress' || !isObject(params)) return;
  const { progressToken, progress, total, message: said } = params;
  if (progressToken !== id || typeof progress !== 'number') return;
  onProgress({
    progress,
    ...(typeof total === 'number' ? { total } : {}),
    ...(typeof said === 'string' ? { message: said } : {}),
  });
}

/** We declare no capabilities: a ping is answered, everything else is unknown here. */
export function answerTo(message: Message): Json {
  const id = message['id']!;
  if (message['method'] === 'ping') return { jsonrpc: '2.0', id, result: {} };
  return { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } };
}

export function errorOf(message: Message): RpcError | null {
  const error = message['error'];
  if (error === undefined) return null;
  if (!isObject(error)) return { code: 0, message: 'The service answered with an error.' };
  return {
    code: typeof error['code'] === 'number' ? error['code'] : 0,
    message: typeof error['message'] === 'string' ? error['message'] : 'The service answered with an error.',
  };
}

export function parseMessage(data: string): Json {
  try {
    return JSON.parse(data) as Json;
  } catch {
    throw badReply('The service answered with something that is not JSON-RPC.');
  }
}

export function isEventStream(headers: EgressAnswer['headers']): boolean {
  const type = headers['content-type'];
  return typeof type === 'string' && /^text\/event-stream\b/i.test(type);
}

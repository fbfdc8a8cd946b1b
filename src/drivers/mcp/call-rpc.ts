import { setTimeout as pause } from 'node:timers/promises';
import { badReply, endedBy } from '../../egress/index.ts';
import type { EgressAnswer, ExchangeOptions } from '../../egress/index.ts';
import { Fault, isObject } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import { signRequest } from '../authorize.ts';
import { readRefusal } from '../read-refusal.ts';
import type { SignedRequest } from '../signing.ts';
import { createSseReader } from './read-sse.ts';
import type { SseReader } from './read-sse.ts';
import {
  answerTo,
  errorOf,
  headersOf,
  isEventStream,
  paramsOf,
  parseMessage,
  relayProgress,
} from './rpc-message.ts';
import type { Message, RpcAnswer, RpcCall } from './rpc-message.ts';
import { sendAside } from './send-aside.ts';
import type { Channel, Session } from './session.ts';

/** A server that asks us more often than this during one call is not answered any longer. */
const mostAsides = 100;
/** How often a stream that the server closed early is taken up again. */
const mostResumes = 100;
const usualPause = 1_000;
const longestPause = 30_000;

let lastId = 0;

type Found = { message: Message; text: string };

/**
 * One JSON-RPC request over streamable HTTP in either era, without the SDK: its client costs several times
 * our whole budget for a call. Answers what the service said, errors included; throws Fault `upstream`
 * when there is no answer to read.
 */
export async function callRpc(channel: Channel, session: Session, call: RpcCall): Promise<RpcAnswer> {
  const { unsealer, target, credential, egress } = channel;
  lastId += 1;
  const id = lastId;
  const request = await signRequest(unsealer, target, credential, target.address, headersOf(session, call));
  const found: { answer: Found | null } = { answer: null };
  const take = taking(channel, session, call, id, found);
  let stream: SseReader | null = null;
  const options: ExchangeOptions = {
    maxBytes: call.maxBytes,
    onHead(status, headers) {
      if (status !== 200 || !isEventStream(headers)) return null;
      stream = createSseReader((data) => take(parseMessage(data), data), stream);
      return stream.push;
    },
  };
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: call.method,
    params: paramsOf(session, call, id),
  });
  const { signal } = call;
  const { localOrigin } = target;
  const post = { method: 'POST', url: request.url, headers: request.headers, body, signal, localOrigin };

  let answer: EgressAnswer | null = null;
  try {
    try {
      answer = await egress.exchange(post, options);
    } catch (error) {
      if (!canResume(session, stream) || !(error instanceof Fault) || error.code !== 'unreachable')
        throw error;
    }
    for (
      let resumes = 0;
      found.answer === null && canResume(session, stream) && resumes < mostResumes;
      resumes += 1
    ) {
      answer = await resume(channel, request, stream, signal, options);
      if (answer.status !== 200)
        throw badReply('The service closed its answer early and does not go on with it.');
    }
  } catch (error) {
    // In the older era a closed connection means nothing: the service is told to stop.
    if (session.era === 'legacy' && error instanceof Fault && error.code !== 'unreachable') {
      const params = { requestId: id, reason: 'The caller is gone.' };
      sendAside(channel, session, { jsonrpc: '2.0', method: 'notifications/cancelled', params });
    }
    throw error;
  }
  return outcomeOf(answer!, found, take, request.secrets);
}

/** True once the answer to this request is there. Whatever belongs to another request is left out. */
function taking(
  channel: Channel,
  session: Session,
  call: RpcCall,
  id: number,
  found: { answer: Found | null },
): (message: Json, text: string) => boolean {
  let asides = 0;
  return (message, text) => {
    if (!isObject(message)) return false;
    if (typeof message['method'] === 'string') {
      if (message['id'] === undefined) {
        if (message['method'] === 'notifications/tools/list_changed') channel.onListChanged?.(channel.target);
        else relayProgress(message, id, call);
      } else if (session.era === 'legacy') {
        asides += 1;
        if (asides > mostAsides) throw badReply('The service asked too much in return.');
        sendAside(channel, session, answerTo(message));
      }
      return false;
    }
    const answers = message['result'] !== undefined || message['error'] !== undefined;
    if (message['id'] !== id || !answers) return false;
    found.answer = { message, text };
    return true;
  };
}

/** Revisions 2025-03-26 to 2025-11-25: a stream whose events carry ids may be closed early and taken up again. */
function canResume(session: Session, stream: SseReader | null): stream is SseReader {
  return session.era === 'legacy' && stream !== null && stream.lastId() !== null;
}

async function resume(
  { egress, target }: Channel,
  request: SignedRequest,
  stream: SseReader,
  signal: AbortSignal,
  options: ExchangeOptions,
): Promise<EgressAnswer> {
  const rest = Math.min(stream.retry() ?? usualPause, longestPause);
  await pause(rest, undefined, { signal }).catch(() => {
    throw endedBy(signal);
  });
  const { 'content-type': _type, ...others } = request.headers;
  const headers = { ...others, accept: 'text/event-stream', 'last-event-id': stream.lastId()! };
  return egress.exchange(
    { method: 'GET', url: request.url, headers, signal, localOrigin: target.localOrigin },
    options,
  );
}

function outcomeOf(
  answer: EgressAnswer,
  found: { answer: Found | null },
  take: (message: Json, text: string) => boolean,
  secrets: readonly string[],
): RpcAnswer {
  const text = answer.body.length > 0 ? answer.body.toString('utf8') : '';
  if (found.answer === null && text !== '') readBody(text, answer, take, found);
  const retryAfter = answer.headers['retry-after'];
  const outcome = {
    status: answer.status,
    bytes: answer.bytes,
    secrets,
    retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
    refusal: readRefusal(answer.status, answer.headers),
  };
  if (found.answer !== null) {
    const { message, text: raw } = found.answer;
    return { ...outcome, result: message['result'] ?? null, error: errorOf(message), text: raw };
  }
  if (answer.status >= 200 && answer.status < 300) {
    throw badReply('The service ended its answer without answering this call.');
  }
  return { ...outcome, result: null, error: null, text };
}

/** A body that is not a stream: one message, or several from servers of 2025-03-26. */
function readBody(
  text: string,
  answer: EgressAnswer,
  take: (message: Json, text: string) => boolean,
  found: { answer: Found | null },
): void {
  const failed = answer.status < 200 || answer.status >= 300;
  let body: Json;
  try {
    body = JSON.parse(text) as Json;
  } catch {
    if (failed) return;
    throw badReply('The service answered with something that is not JSON-RPC.');
  }
  for (const message of Array.isArray(body) ? (body as Json[]) : [body]) {
    if (take(message, text)) return;
  }
  // A refused request may be answered before its id was read.
  if (failed && isObject(body) && isObject(body['error']) && (body['id'] ?? null) === null) {
    found.answer = { message: body, text };
  }
}

import type { McpBinding } from '../../connectors/index.ts';
import { Fault } from '../../kernel/index.ts';
import { openArguments } from '../authorize.ts';
import type { Retrying } from '../retry.ts';
import type { Invocation, Refusal, Reply } from '../types.ts';
import { callRpc } from './call-rpc.ts';
import type { RpcAnswer, RpcCall } from './rpc-message.ts';
import { mirrorArguments } from './mirrored-headers.ts';
import { failure, readResult } from './read-result.ts';
import type { Channel, Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** Calls a tool of an MCP server over HTTP. Throws Fault `upstream` when there is no answer to read. */
export async function invokeMcp(
  parts: Pick<Channel, 'egress' | 'unsealer' | 'onListChanged'> & { sessions: Sessions; retrying: Retrying },
  invocation: Invocation,
  binding: McpBinding,
): Promise<Reply> {
  const { target, credential, signal } = invocation;
  const { egress, unsealer, onListChanged } = parts;
  const channel: Channel = {
    egress,
    unsealer,
    target,
    credential,
    ...(onListChanged ? { onListChanged } : {}),
  };
  const { values, secrets } = await openArguments(
    parts.unsealer,
    target.organizationId,
    invocation.arguments,
  );
  const call: RpcCall = {
    method: 'tools/call',
    params: { name: binding.tool, arguments: values },
    name: binding.tool,
    traceparent: invocation.traceparent,
    signal,
    maxBytes: invocation.maxBytes,
    ...(binding.headers ? { headers: mirrorArguments(binding.headers, values) } : {}),
    ...(invocation.onProgress ? { onProgress: invocation.onProgress } : {}),
  };
  return parts.retrying(target.address, invocation.idempotent, signal, async () => {
    try {
      const answer = await callInSession(channel, parts.sessions, call);
      const whole = secrets.length > 0 ? { ...answer, secrets: [...answer.secrets, ...secrets] } : answer;
      const reply = readResult(whole);
      const { refusal, status, retryAfter } = answer;
      return { answer: refusal ? { ...reply, refusal } : reply, status, retryAfter };
    } catch (error) {
      const refused = refusalOf(error);
      if (refused === null) throw error;
      return { answer: refused, status: refused.status, retryAfter: null };
    }
  });
}

/** Sends a request in the connection's session, and once more in a new one if the server no longer knows it. */
export async function callInSession(channel: Channel, sessions: Sessions, call: RpcCall): Promise<RpcAnswer> {
  const session = await sessions.at(channel, call.signal);
  const answer = await callRpc(channel, session, call);
  if (!isLost(session, answer)) return answer;
  sessions.lose(channel, session);
  const renewed = await sessions.at(channel, call.signal);
  // Stateless as before: then the refusal meant this request, and sending it again could do it twice.
  if (renewed.era === 'modern' && session.era === 'modern' && renewed.version === session.version)
    return answer;
  return callRpc(channel, renewed, call);
}

/** Errors by which a modern server refuses one request; it goes on speaking the modern era. */
const modernRefusals = new Set([-32020, -32021, -32600, -32601, -32602, -32603]);

/** What servers of the older era refuse a request with before they look at what it asks. */
const transportErrors = new Set([-32000, -32001, -32600]);

/**
 * Whether the server refused the request unread because session or era are not what we thought. 401, 403 and
 * 5xx never say that.
 */
function isLost(session: Session, { status, error }: RpcAnswer): boolean {
  if (session.era === 'modern') {
    if (status !== 400 && status !== 404 && status !== 405) return false;
    return error === null || !modernRefusals.has(error.code);
  }
  if (status === 404) return session.sessionId !== null;
  if (status !== 400 || error === null) return false;
  if (error.code === -32020 || error.code === -32022) return true;
  return transportErrors.has(error.code) && /\bsession\b|not initialized/i.test(error.message);
}

/** A session that is refused is the service's answer to the call. */
function refusalOf(error: unknown): Reply | null {
  if (!(error instanceof Fault)) return null;
  const { status, refusal } = error.details;
  if (typeof status !== 'number') return null;
  const reply = failure(status, 0, `The service answered with status ${status}.`);
  return refusal ? { ...reply, refusal: refusal as Refusal } : reply;
}

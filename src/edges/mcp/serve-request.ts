import { Fault } from '../../kernel/index.ts';
import { answerRequest } from './answer-request.ts';
import { abandoned } from './call-tool.ts';
import type { Codec } from './codec.ts';
import { wireErrorOf, type WireError } from './errors.ts';
import type { Exchange, Log, Parts } from './exchange.ts';
import { progressTokenOf, type Request } from './message.ts';
import type { Era } from './revisions.ts';
import { createReply, type Accepted } from './reply.ts';
import type { Session } from './sessions.ts';

/** Answers one request on its own response. */
export async function serveRequest(
  parts: Parts,
  exchange: Exchange,
  codec: Codec,
  request: Request,
  session: Session | null,
  accepted: Accepted,
): Promise<void> {
  const wantsProgress = request.method === 'tools/call' && progressTokenOf(request.params) !== null;
  const asStream = accepted.stream && (wantsProgress || !accepted.json);
  const reply = createReply(exchange.response, JSON.stringify(request.id), asStream);
  try {
    const way = { notify: asStream ? reply.notify : null, say: accepted.stream ? reply.say : null };
    const answered = answerRequest(parts, exchange, codec, request, session, way);
    const answer = answered instanceof Promise ? await answered : answered;
    if (answer === abandoned) reply.cancelled();
    else reply.result(answer);
  } catch (error) {
    const wire = explain(parts.log, error, codec.era, exchange.requestId);
    reply.error(wire.status === 401 ? challenged(wire, parts, exchange) : wire);
  }
}

/** A key that ran out or was revoked while its call waited for a person. */
function challenged(wire: WireError, parts: Parts, { request }: Exchange): WireError {
  const [path = ''] = (request.url ?? '').split('?');
  return { ...wire, headers: { ...wire.headers, 'WWW-Authenticate': parts.challenge(path) } };
}

/** A failure as the client may see it; what it may not see goes to the log. */
export function explain(log: Log, error: unknown, era: Era, requestId: string): WireError {
  if (!(error instanceof Fault) || error.kind === 'internal') {
    log.error({ err: error, requestId }, 'an MCP request failed');
  }
  return wireErrorOf(error, era, requestId);
}

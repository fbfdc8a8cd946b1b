import { isObject, type Json } from '../../kernel/index.ts';
import { resultText } from './codec.ts';
import {
  invalidParams,
  invalidRequest,
  methodNotAllowed,
  notAcceptable,
  unsupportedRevision,
} from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import { readMessage, type Request } from './message.ts';
import { openEvents, sendEmpty, sendJson, type Accepted } from './reply.ts';
import { isLegacyRevision, modernRevision, negotiate } from './revisions.ts';
import { serveBatch } from './serve-batch.ts';
import { serveRequest } from './serve-request.ts';
import { readCapabilities } from './session-id.ts';
import type { Session } from './sessions.ts';
import { takeNotification } from './take-notification.ts';

/** A POST of the revisions with a handshake: `initialize` opens a session, everything else is in one. */
export async function serveLegacy(
  parts: Parts,
  exchange: Exchange,
  body: Json,
  accepted: Accepted,
): Promise<void> {
  if (Array.isArray(body)) {
    const session = await resume(parts, exchange);
    await serveBatch(parts, exchange, body as readonly Json[], session);
    return;
  }
  const message = readMessage(body);
  if (message.kind === 'request' && message.method === 'initialize') {
    initialize(parts, exchange, message);
    return;
  }
  const resumed = resume(parts, exchange);
  const session = resumed instanceof Promise ? await resumed : resumed;
  if (message.kind === 'request') {
    await serveRequest(parts, exchange, parts.legacy[session.revision], message, session, accepted);
    return;
  }
  await takeNotification(parts, exchange, session, message);
  sendEmpty(exchange.response, 202);
}

/** GET with a session: the stream on which it is told of changes. */
export async function serveStream(parts: Parts, exchange: Exchange, accepted: Accepted): Promise<void> {
  checkRevision(exchange, noStream);
  const session = await resume(parts, exchange, noStream);
  if (!accepted.stream) throw notAcceptable('Accept must allow text/event-stream.');
  const { request, response, principal, address, view } = exchange;
  if (response.destroyed) return;
  const listChanged = parts.legacy[session.revision].listChanged(null);
  parts.streams.open({ request, response, principal, address, view, listChanged, farewell: null, session });
  openEvents(response, { 'Mcp-Session-Id': session.id });
  response.write(':\n\n');
}

/** DELETE: ends the session, on every replica. */
export async function endSession(parts: Parts, exchange: Exchange): Promise<void> {
  checkRevision(exchange, noSession);
  const session = await resume(parts, exchange, noSession);
  await parts.sessions.end(session);
  sendEmpty(exchange.response, 204);
}

function initialize(parts: Parts, exchange: Exchange, { id, params }: Request): void {
  const { protocolVersion, capabilities } = params;
  if (typeof protocolVersion !== 'string') throw invalidParams('params.protocolVersion must be a string.');
  if (!isObject(capabilities)) throw invalidParams('params.capabilities must be an object.');
  const revision = negotiate(protocolVersion);
  const session = parts.sessions.begin(exchange, { revision, capabilities: readCapabilities(capabilities) });
  const text = resultText(JSON.stringify(id), parts.legacy[revision].greeting(exchange.view));
  sendJson(exchange.response, 200, text, { 'Mcp-Session-Id': session.id });
}

const noStream = () =>
  methodNotAllowed(
    'This address speaks Streamable HTTP: POST to it. A GET opens a stream only for a session of revisions ' +
      '2025-03-26 to 2025-11-25; the HTTP+SSE transport of 2024-11-05 is not served.',
    'POST',
  );

const noSession = () => methodNotAllowed('A DELETE ends a session: send its Mcp-Session-Id.', 'POST');

const sessionNeeded = () =>
  invalidRequest('Mcp-Session-Id is missing: send initialize first, or speak revision 2026-07-28.');

/** The request's own session, which its caller holds at this address; `without` says what a request with none is told. */
function resume(parts: Parts, exchange: Exchange, without = sessionNeeded): Session | Promise<Session> {
  const id = exchange.request.headers['mcp-session-id'];
  if (typeof id !== 'string') throw without();
  return parts.sessions.resume(exchange, id);
}

/** Requests without a body are of an older revision, whatever their version header pretends. */
function checkRevision({ request }: Exchange, without: () => Error): void {
  const revision = request.headers['mcp-protocol-version'];
  if (revision === modernRevision) throw without();
  if (typeof revision === 'string' && !isLegacyRevision(revision)) throw unsupportedRevision(revision);
}

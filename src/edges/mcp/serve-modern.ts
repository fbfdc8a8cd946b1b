import { isObject, type Json } from '../../kernel/index.ts';
import { checkNotification, checkRequest } from './check-headers.ts';
import { acknowledgement, subscriptionEnd } from './codec-modern.ts';
import { resultText } from './codec.ts';
import { invalidParams, invalidRequest, notAcceptable } from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import { readMessage, type Params, type Request } from './message.ts';
import { eventText, openEvents, sendEmpty, type Accepted } from './reply.ts';
import { serveRequest } from './serve-request.ts';

/** A POST of revision 2026-07-28: each message stands for itself. */
export async function serveModern(
  parts: Parts,
  exchange: Exchange,
  body: Json,
  accepted: Accepted,
): Promise<void> {
  const { headers } = exchange.request;
  const message = readMessage(body);
  switch (message.kind) {
    case 'response':
      throw invalidRequest('Responses are not taken: nothing is asked of clients this way.');
    case 'notification':
      checkNotification(headers, message);
      sendEmpty(exchange.response, 202);
      return;
    case 'request':
      checkRequest(headers, message);
      if (message.method === 'subscriptions/listen') listen(parts, exchange, message, accepted);
      else await serveRequest(parts, exchange, parts.modern, message, null, accepted);
      return;
  }
}

/** subscriptions/listen: the response is a stream that stays open. */
function listen(parts: Parts, exchange: Exchange, { id, params }: Request, accepted: Accepted): void {
  if (!accepted.stream) throw notAcceptable('Accept must allow text/event-stream.');
  const toolsListChanged = wantsTools(params);
  const { request, response, principal, address, view } = exchange;
  if (response.destroyed) return;
  parts.streams.open({
    request,
    response,
    principal,
    address,
    view,
    listChanged: toolsListChanged ? parts.modern.listChanged(id) : null,
    farewell: resultText(JSON.stringify(id), subscriptionEnd(id)),
    session: null,
  });
  openEvents(response);
  response.write(eventText(acknowledgement(id, toolsListChanged)));
}

function wantsTools(params: Params): boolean {
  const wishes = params['notifications'];
  if (!isObject(wishes)) throw invalidParams('params.notifications must be an object.');
  const wish = wishes['toolsListChanged'] ?? false;
  if (typeof wish !== 'boolean')
    throw invalidParams('params.notifications.toolsListChanged must be a boolean.');
  return wish;
}

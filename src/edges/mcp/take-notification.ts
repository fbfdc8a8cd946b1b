import { takeResponse } from './ask-approval.ts';
import type { Exchange, Parts } from './exchange.ts';
import { cancelledId } from './in-flight.ts';
import type { Message, Request } from './message.ts';
import type { Session } from './sessions.ts';

/** What a message of a session does that asks for no answer. */
export async function takeNotification(
  parts: Parts,
  exchange: Exchange,
  session: Session,
  message: Exclude<Message, Request>,
): Promise<void> {
  if (message.kind === 'response') {
    await takeResponse(parts, exchange, message);
    return;
  }
  if (message.method === 'notifications/cancelled') {
    await parts.inFlight.cancel(session, cancelledId(message.params));
  }
}

import type { Json } from '../../kernel/index.ts';
import { signRequest } from '../authorize.ts';
import { userAgent } from '../user-agent.ts';
import { sessionHeaders } from './session.ts';
import type { Channel, Session } from './session.ts';

/** Milliseconds for a message nobody waits for. */
const patience = 5_000;

/** Sends a notification or an answer beside the call it belongs to; whether it arrives changes nothing for the call. */
export function sendAside(channel: Channel, session: Session, message: Json): void {
  post(channel, session, 'POST', JSON.stringify(message)).catch(() => undefined);
}

/** Tells a server of the older era that its session is over. Never throws: the server may not want to know. */
export async function endSession(channel: Channel, session: Session): Promise<void> {
  if (session.sessionId === null) return;
  await post(channel, session, 'DELETE', null).catch(() => undefined);
}

async function post(channel: Channel, session: Session, method: string, body: string | null): Promise<void> {
  const { target, credential, unsealer, egress } = channel;
  const headers = sessionHeaders(session);
  if (body !== null) headers['content-type'] = 'application/json';
  headers['accept'] = 'application/json, text/event-stream';
  headers['user-agent'] = userAgent;
  const signed = await signRequest(unsealer, target, credential, target.address, headers);
  await egress.exchange(
    {
      method,
      url: signed.url,
      headers: signed.headers,
      body,
      signal: AbortSignal.timeout(patience),
      localOrigin: target.localOrigin,
    },
    { maxBytes: 65_536, onHead: () => () => true },
  );
}

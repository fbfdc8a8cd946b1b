import type { Readable } from 'node:stream';
import { signWebhook, userAgent } from '../drivers/index.ts';
import type { Egress } from '../egress/index.ts';
import { Fault, prefixed, type Clock } from '../kernel/index.ts';
import type { Unsealer } from '../vault/index.ts';
import { readRetryAfter, type ClaimedDelivery } from './delivery.ts';
import { signingSecretIds } from './signing-secret.ts';

/** How one attempt ended. `cut off`: we stopped before it did, so nobody knows. */
export type Sent =
  | { kind: 'delivered'; status: number }
  | { kind: 'gone'; status: number }
  | { kind: 'failed'; status: number | null; reason: string; retryAfter: number | null }
  | { kind: 'cut off' };

export type SendDeps = { egress: Egress; unsealer: Unsealer; clock: Clock };

/** Milliseconds an endpoint has to answer. */
export const deliveryTimeout = 15_000;
/** What is read of an answer, so that its connection can be used again: nothing of it is kept. */
const mostAnswer = 64 * 1024;
const answerTime = 1_000;

/**
 * Sends one delivery and tells how it ended. No redirect is followed; of the answer its status counts and nothing
 * else. Throws nothing that an endpoint causes.
 */
export async function sendDelivery(
  { egress, unsealer, clock }: SendDeps,
  { delivery, webhook }: ClaimedDelivery,
  options: { signal: AbortSignal; timeout?: number },
): Promise<Sent> {
  const { event } = delivery;
  const now = clock.now();
  const body = JSON.stringify({
    type: event.type,
    timestamp: event.createdAt.toISOString(),
    data: event.data,
  });
  const deadline = AbortSignal.timeout(options.timeout ?? deliveryTimeout);
  try {
    const { url, headers } = await signWebhook(
      unsealer,
      { ...webhook, secretIds: signingSecretIds(webhook, now) },
      { id: prefixed('evt', event.id), timestamp: now, body },
    );
    const reply = await egress.request({
      method: 'POST',
      url,
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': userAgent },
      body,
      follow: false,
      signal: AbortSignal.any([deadline, options.signal]),
    });
    leaveBody(reply.body);
    return sentOf(reply.status, readRetryAfter(reply.headers['retry-after'], now));
  } catch (error) {
    if (options.signal.aborted) return { kind: 'cut off' };
    if (!(error instanceof Fault) || error.kind !== 'upstream') throw error;
    const reason = reasons[error.code] ?? 'The endpoint could not be reached.';
    return { kind: 'failed', status: null, reason, retryAfter: error.retryAfter };
  }
}

function sentOf(status: number, retryAfter: number | null): Sent {
  if (status >= 200 && status < 300) return { kind: 'delivered', status };
  if (status === 410) return { kind: 'gone', status };
  const reason =
    status >= 300 && status < 400
      ? `The endpoint answered ${status}; redirects are not followed.`
      : `The endpoint answered ${status}.`;
  return { kind: 'failed', status, reason, retryAfter };
}

const reasons: Readonly<Record<string, string>> = {
  timeout: 'The endpoint did not answer in time.',
  bad_reply: 'The endpoint answered with something that is not HTTP.',
  breaker_open: 'The endpoint could not be reached several times in a row.',
  credential_unreadable: 'The signing secret or the address cannot be read. Make the webhook again.',
};

/** A short answer is read to its end and dropped; a long or slow one costs its connection. */
function leaveBody(body: Readable): void {
  let bytes = 0;
  const timer = setTimeout(() => body.destroy(), answerTime);
  timer.unref();
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostAnswer) body.destroy();
  });
  body.on('error', () => undefined);
  body.once('close', () => clearTimeout(timer));
}

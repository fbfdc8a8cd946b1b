import type { HappenedEvent } from '../journal/index.ts';
import type { Webhook } from './webhook.ts';

export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

/** What became of telling one webhook of one event. */
export type Delivery = {
  id: string;
  organizationId: string;
  webhookId: string;
  event: HappenedEvent;
  status: DeliveryStatus;
  attempts: number;
  /** When it is tried next; while it is being tried, when somebody else may. */
  dueAt: Date;
  /** After this moment it is not tried again. */
  giveUpAt: Date;
  lastAttemptAt: Date | null;
  responseStatus: number | null;
  /** Why the last attempt did not do, in a sentence of ours: nothing an endpoint says is kept. */
  reason: string | null;
  endedAt: Date | null;
  createdAt: Date;
};

/** A delivery this process may try until the lease ends. `attempts` counts this one: the result is compared with it. */
export type ClaimedDelivery = { delivery: Delivery; webhook: Webhook };

const hour = 3_600_000;

/** How long a delivery is tried for, in milliseconds. */
export const deliveryLife = 72 * hour;
/** How long whoever claims a delivery has for it: the deadline of a request, and a good deal more. */
export const leaseTime = 60_000;

/** Milliseconds between attempts; the last one repeats. */
const pauses = [5_000, 30_000, 120_000, 600_000, hour, 6 * hour] as const;
const longestPause = pauses.at(-1)!;

/**
 * When a delivery that failed is tried again: pauses grow, each a fifth longer or shorter by chance so that what
 * failed together does not come back together, and an endpoint's Retry-After counts where it is longer, up to six
 * hours. The last attempt is at `giveUpAt`; null after that.
 */
export function nextAttempt(
  { attempts, giveUpAt }: Pick<Delivery, 'attempts' | 'giveUpAt'>,
  now: Date,
  more: { retryAfter: number | null; random: number },
): Date | null {
  if (now >= giveUpAt) return null;
  const pause = pauses[Math.min(attempts, pauses.length) - 1] ?? pauses[0];
  const jittered = pause * (0.8 + 0.4 * more.random);
  const asked = Math.min((more.retryAfter ?? 0) * 1000, longestPause);
  return new Date(Math.min(now.getTime() + Math.max(jittered, asked), giveUpAt.getTime()));
}

/** Seconds an endpoint asks to be left alone for: a number, or a date. Null for none, and for anything else. */
export function readRetryAfter(header: string | string[] | undefined, now: Date): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - now.getTime()) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

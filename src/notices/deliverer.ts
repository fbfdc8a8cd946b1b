import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { eventAppended, takeEvents } from '../journal/index.ts';
import type { Bus, Database } from '../kernel/index.ts';
import type { ClaimedDelivery } from './delivery.ts';
import { claimDeliveries } from './claim-store.ts';
import { spreadEvents } from './delivery-store.ts';
import { recordSent } from './record-sent.ts';
import { sendDelivery, type SendDeps } from './send-delivery.ts';

/** Tells webhooks what happened, in every replica: claims what is due, sends it, writes down what became of it. */
export type Deliverer = {
  /** From now on: at once when something happens here or the bus says so, and every two seconds. */
  start(): void;
  /** Something was written that the bus does not tell of. */
  wake(): void;
  /** Sends one claimed delivery and writes down how it ended. Throws what is our own fault. */
  attempt(claimed: ClaimedDelivery): Promise<void>;
  /** Resolves when nothing is due, or under way here. */
  settle(): Promise<void>;
  /** Takes up nothing more, and waits a moment for what is under way; what is cut off is tried again by lease. */
  close(): Promise<void>;
};

export type DelivererDeps = SendDeps & {
  database: Database;
  bus: Bus;
  onError: (error: unknown) => void;
  /** Milliseconds an endpoint has to answer; 15 seconds unless said. */
  timeout?: number;
};

/** Where a message was lost, or a delivery has come due. */
const interval = 2_000;
/** Events taken up in one transaction. */
const eventBatch = 100;
/** Requests under way at once, and of those to one webhook: a slow endpoint keeps its own waiting, not others. */
const mostAtOnce = 256;
const mostOfOne = 4;
const closeGrace = 1_000;

export function createDeliverer(deps: DelivererDeps): Deliverer {
  const { database, clock, onError } = deps;
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  const busy = new Map<string, number>();
  let isWanted = false;
  let working: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  // Whoever wakes it may be in the middle of a request; this work is nobody's.
  const apart = AsyncLocalStorage.snapshot();

  const takeUp = async (): Promise<void> => {
    for (let taken = eventBatch; taken === eventBatch && !stopping.signal.aborted;) {
      taken = await database.transaction('system', async (tx) => {
        const now = clock.now();
        const events = await takeEvents(tx, now, eventBatch);
        await spreadEvents(tx, events, now);
        return events.length;
      });
    }
  };

  const attempt = async (claimed: ClaimedDelivery): Promise<void> => {
    const sent = await sendDelivery(deps, claimed, { signal: stopping.signal, timeout: deps.timeout });
    if (sent.kind !== 'cut off') await recordSent(deps, claimed, sent);
  };

  const begin = (claimed: ClaimedDelivery): void => {
    const { id, webhookId } = claimed.delivery;
    busy.set(webhookId, (busy.get(webhookId) ?? 0) + 1);
    const work = attempt(claimed)
      .catch(onError)
      .finally(() => {
        underWay.delete(id);
        const left = busy.get(webhookId)! - 1;
        if (left > 0) busy.set(webhookId, left);
        else busy.delete(webhookId);
        wake();
      });
    underWay.set(id, work);
  };

  const claim = async (): Promise<void> => {
    const limit = mostAtOnce - underWay.size;
    if (limit <= 0 || stopping.signal.aborted) return;
    const limits = { limit, perWebhook: mostOfOne, underWay: busy };
    const claimed = await database.transaction('system', (tx) => claimDeliveries(tx, clock.now(), limits));
    for (const one of claimed) begin(one);
  };

  const work = async (): Promise<void> => {
    while (isWanted && !stopping.signal.aborted) {
      isWanted = false;
      try {
        await takeUp();
        await claim();
      } catch (error) {
        onError(error);
      }
    }
  };

  const wake = (): void => {
    isWanted = true;
    working ??= apart(work).finally(() => {
      working = null;
      if (isWanted && !stopping.signal.aborted) wake();
    });
  };

  const unsubscribe = deps.bus.subscribe(({ topic }) => {
    if (topic === eventAppended && timer) wake();
  });

  const settle = async (): Promise<void> => {
    wake();
    while (working || underWay.size > 0) await Promise.all([working, ...underWay.values()]);
  };

  return {
    start() {
      timer ??= setInterval(wake, interval).unref();
      wake();
    },
    wake() {
      if (timer) wake();
    },
    attempt,
    settle,
    async close() {
      unsubscribe();
      if (timer) clearInterval(timer);
      timer = null;
      const rest = Promise.all(underWay.values());
      await Promise.race([rest, wait(closeGrace, undefined, { ref: false })]);
      stopping.abort();
      await Promise.all([working, ...underWay.values()]);
    },
  };
}

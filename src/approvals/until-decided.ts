import type { Bus, Clock, Database } from '../kernel/index.ts';
import { approvalDecided } from './settle-approval.ts';
import { findApproval } from './store.ts';

/** The bus topic that says: the client could not put the question to anybody. */
const approvalUnanswered = 'approval-unanswered';

/** Tells a call that waits for its client's person that nobody was asked; the question stays open for others. */
export async function tellUnanswered(
  { database }: { database: Database },
  organizationId: string,
  approvalId: string,
): Promise<void> {
  await database.transaction({ organizationId }, async (tx) =>
    tx.notify({ topic: approvalUnanswered, organizationId, subject: approvalId }),
  );
}

/** Between looks where the bus may be cut. */
const lookEvery = 3_000;

/**
 * Resolves when an approval is no longer open: decided anywhere, or run out; or when
 * its client could not ask, or when the signal aborts.
 */
export async function untilDecided(
  { database, bus, clock }: { database: Database; bus: Bus; clock: Clock },
  organizationId: string,
  approvalId: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // Listening begins before looking, so that no answer falls between the two.
    const news = hear(bus, approvalId, signal);
    try {
      const row = await database.transaction({ organizationId }, (tx) =>
        findApproval(tx, organizationId, approvalId),
      );
      if (row?.status !== 'pending' || row.expires_at <= clock.now()) return;
      if ((await news.come) === 'unanswered') return;
    } finally {
      news.stop();
    }
  }
}

function hear(
  bus: Bus,
  approvalId: string,
  signal: AbortSignal,
): { come: Promise<'unanswered' | null>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<'unanswered' | null>();
  const unsubscribe = bus.subscribe(({ topic, subject }) => {
    if (subject !== approvalId) return;
    if (topic === approvalDecided) resolve(null);
    if (topic === approvalUnanswered) resolve('unanswered');
  });
  const timer = setTimeout(() => resolve(null), lookEvery);
  const leave = (): void => resolve(null);
  signal.addEventListener('abort', leave, { once: true });
  return {
    come: promise,
    stop() {
      unsubscribe();
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
    },
  };
}

import { AsyncLocalStorage } from 'node:async_hooks';
import type { ListChanged } from '../drivers/index.ts';
import { Fault, type Clock } from '../kernel/index.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { readAgain, type ReadAgainDeps } from './read-again.ts';
import { recordOwnListing } from './record-listing.ts';
import { findConnection } from './store.ts';
import { claimSync, dueSyncs, hastenSync, setSyncDue, type DueSync } from './sync-due-store.ts';
import { syncDueAt } from './sync-due.ts';

/** Reads the tools of servers and documents again by itself, in every replica; each that is due once over all. */
export type Syncer = {
  /** From now on: every minute, and when a server says that its tools have changed. */
  start(): void;
  /** A server says so: it is due now, but not sooner than ten seconds after it was read last, however often it says it. */
  hasten(changed: ListChanged): void;
  /** Reads whatever is due; resolves when nothing is. */
  sweep(): Promise<void>;
  /** Takes up nothing more, and cuts short what is under way: it is due again at once. */
  close(): Promise<void>;
};

export type SyncerDeps = ReadAgainDeps &
  Pick<ConnectionsCtx, 'connectionHooks'> & { clock: Clock; onError: (error: unknown, what: string) => void };

const minute = 60_000;
/** Milliseconds between two readings of a server that says its tools have changed. */
const gap = 10_000;
/** Between two looks at what servers have said. */
const lookEvery = 1_000;
const batch = 100;
/** Readings under way at once: one that takes its time holds up others, but never all. */
const atOnce = 4;

export function createSyncer(deps: SyncerDeps): Syncer {
  const { database, clock, onError } = deps;
  const closing = new AbortController();
  const said = new Map<string, ListChanged>();
  const wakings = new Set<NodeJS.Timeout>();
  let timer: NodeJS.Timeout | null = null;
  let lookedAt = 0;
  let sweeping: Promise<void> | null = null;
  // Whoever says so may be in the middle of a call; this work is nobody's.
  const apart = AsyncLocalStorage.snapshot();

  const wakeIn = (milliseconds: number): void => {
    if (!timer) return;
    const waking = setTimeout(() => {
      wakings.delete(waking);
      apart(sweep).catch((error: unknown) => onError(error, 'reading tools again'));
    }, milliseconds);
    wakings.add(waking.unref());
  };

  const noteSaid = async (): Promise<void> => {
    lookedAt = performance.now();
    if (said.size === 0) return;
    const now = clock.now();
    const changes = [...said.values()];
    said.clear();
    const dues = await database.transaction('system', async (tx) => {
      const moved: Date[] = [];
      for (const changed of changes) moved.push(...(await hastenSync(tx, changed, now, gap)));
      return moved;
    });
    const later = dues.map((due) => due.getTime() - now.getTime()).filter((wait) => wait > 0);
    if (later.length > 0) wakeIn(Math.max(...later));
  };

  const syncOne = async (due: DueSync): Promise<void> => {
    const { organizationId, connectionId } = due;
    const begun = clock.now();
    const next = syncDueAt(begun);
    const connection = await database.transaction({ organizationId }, async (tx) =>
      (await claimSync(tx, due, { now: begun, next }))
        ? findConnection(tx, organizationId, { id: connectionId })
        : null,
    );
    if (!connection) return;
    const listing = await readAgain(deps, connection, closing.signal);
    // What was cut short says nothing of the service; what another was quicker with may be newer or older than this.
    const isCut = closing.signal.aborted;
    if (!isCut && (await recordOwnListing(deps, due, { listing, begun }))) return;
    const again = new Date(clock.now().getTime() + (isCut ? 0 : gap));
    await database.transaction({ organizationId }, (tx) => setSyncDue(tx, due, again));
  };

  const sweepDue = async (): Promise<void> => {
    await noteSaid();
    while (!closing.signal.aborted) {
      const due = [...(await database.transaction('system', (tx) => dueSyncs(tx, clock.now(), batch)))];
      if (due.length === 0) return;
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          for (let next = due.shift(); next && !closing.signal.aborted; next = due.shift()) {
            await syncOne(next).catch((error: unknown) => onError(error, 'reading tools again'));
          }
        }),
      );
    }
  };

  const sweep = async (): Promise<void> => {
    // One that is under way may have looked before this was due.
    while (sweeping) await sweeping.catch(() => undefined);
    if (closing.signal.aborted) return;
    sweeping = sweepDue().finally(() => (sweeping = null));
    await sweeping;
  };

  return {
    start() {
      timer ??= setInterval(() => wakeIn(0), minute).unref();
    },
    hasten(changed) {
      const key = 'stdioServer' in changed ? `stdio ${changed.stdioServer}` : changed.connectionId;
      if (said.size === 0) wakeIn(Math.max(0, lookedAt + lookEvery - performance.now()));
      said.set(key, changed);
    },
    sweep,
    async close() {
      closing.abort(new Fault('upstream', 'Stopped.', { code: 'cancelled' }));
      if (timer) clearInterval(timer);
      timer = null;
      for (const waking of wakings) clearTimeout(waking);
      await sweeping?.catch(() => undefined);
    },
  };
}

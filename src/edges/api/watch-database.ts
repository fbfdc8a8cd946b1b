import { setTimeout as wait } from 'node:timers/promises';
import { databaseFault, Fault, ping, type Database } from '../../kernel/index.ts';

const fresh = 1000;
const patience = 3000;

/** Throws Fault `unavailable` within three seconds while the database is away. */
export type DatabaseWatch = () => Promise<void>;

/**
 * Every route but /healthz answers 503 while the database is away, those that would not need it included:
 * half an API is harder to reason about than none. One ping a second at most; the embedded database is part
 * of the process and cannot be away.
 */
export function watchDatabase(database: Database): DatabaseWatch {
  if (database.kind === 'embedded') return async () => undefined;
  let lastSeen = 0;
  let asking: Promise<void> | null = null;
  return async () => {
    if (performance.now() - lastSeen < fresh && lastSeen > 0) return;
    asking ??= pingDatabase(database)
      .then(() => void (lastSeen = performance.now()))
      .finally(() => (asking = null));
    await asking;
  };
}

/** One round trip, or Fault `unavailable` after three seconds without an answer. */
export async function pingDatabase(database: Database): Promise<void> {
  const away = () =>
    new Fault('unavailable', 'The database is not available. Try again shortly.', { retryAfter: 2 });
  const timer = new AbortController();
  try {
    await Promise.race([
      ping(database),
      wait(patience, undefined, { signal: timer.signal }).then(() => Promise.reject(away())),
    ]);
  } catch (error) {
    throw databaseFault(error) instanceof Fault ? databaseFault(error) : away();
  } finally {
    timer.abort();
  }
}

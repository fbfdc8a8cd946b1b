import { Pool, buildConnector } from 'undici';
import { createBreaker } from './breaker.ts';
import type { Breaker } from './breaker.ts';
import { readAddress } from './classify-address.ts';
import { unreachableService } from './faults.ts';
import type { Destination, Guard } from './guard.ts';

export type Origin = { pool: Pool; breaker: Breaker };

export type Origins = {
  /** Pool and breaker of a destination that the guard has admitted. */
  at(destination: Destination): Origin;
  close(): Promise<void>;
};

const connectTimeout = 5_000;
const mostOrigins = 1_000;
const headerCap = 32 * 1024;

/**
 * One pool for each origin. A loopback origin admitted for one connection has a pool of its own, so that no
 * other connection can use its sockets.
 */
export function createOrigins(guard: Guard): Origins {
  const origins = new Map<string, Origin>();

  const open = ({ path: _path, ...place }: Destination): Origin => {
    const destination = { ...place, path: '/' };
    const breaker = createBreaker();
    const dial = buildConnector({
      timeout: connectTimeout,
      allowH2: false,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: 250,
      lookup: guard.lookupFor(destination),
    });
    const pool = new Pool(destination.origin, {
      connections: 256,
      maxHeaderSize: headerCap,
      headersTimeout: 60_000,
      bodyTimeout: 300_000,
      connect(options, done) {
        const dialled: buildConnector.Callback = (...outcome) => {
          if (outcome[0]) breaker.failed();
          else breaker.connected();
          done(...outcome);
        };
        // A numeric host never reaches `lookup`, so the guard is asked here.
        if (readAddress(destination.hostname) === null) dial(options, dialled);
        else {
          guard.resolve(destination).then(
            () => dial(options, dialled),
            (error: unknown) => dialled(unreachableService(error), null),
          );
        }
      },
    });
    return { pool, breaker };
  };

  const makeRoom = (): void => {
    for (const [key, { pool }] of origins) {
      if (origins.size < mostOrigins) return;
      if (pool.stats.running > 0 || pool.stats.pending > 0) continue;
      origins.delete(key);
      pool.close().catch(() => undefined);
    }
  };

  return {
    at(destination) {
      const key = destination.local ? `local ${destination.origin}` : destination.origin;
      const known = origins.get(key);
      if (known) return known;
      if (origins.size >= mostOrigins) makeRoom();
      const opened = open(destination);
      origins.set(key, opened);
      return opened;
    },
    async close() {
      const open = [...origins.values()];
      origins.clear();
      await Promise.all(open.map(({ pool }) => pool.destroy()));
    },
  };
}

import { dueCredentials, expiredCredentials, type DueCredential } from '../../vault/index.ts';
import type { Attempted, RefreshDeps } from './claim-refresh.ts';
import { lapsedAttempts } from './refresh-store.ts';
import { expireCredential, type CredentialAt } from './settle-credential.ts';

const batch = 100;
const atOnce = 8;

/**
 * Refreshes what is due ahead of its expiry, takes up what a process left behind, and marks what ran out with nothing
 * to refresh it. Each credential is tried once in a sweep; what another replica is at is left to it.
 */
export async function sweepCredentials(
  deps: RefreshDeps,
  attempt: (at: CredentialAt) => Promise<Attempted>,
  isClosed: () => boolean,
): Promise<void> {
  const tried = new Set<string>();
  const isNew = (one: DueCredential): boolean => {
    const key = `${one.credentialId}:${one.version}`;
    if (tried.has(key)) return false;
    tried.add(key);
    return true;
  };
  for (;;) {
    const now = deps.clock.now();
    const found = await deps.database.transaction('system', async (tx) => ({
      due: [...(await dueCredentials(tx, now, batch)), ...(await lapsedAttempts(tx, now, batch))],
      expired: await expiredCredentials(tx, now, batch),
    }));
    const work = [
      ...found.due.filter(isNew).map((at) => () => attempt(at)),
      ...found.expired.filter(isNew).map((at) => () => expireCredential(deps, at)),
    ];
    if (work.length === 0) return;
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = work.shift(); next && !isClosed(); next = work.shift()) {
          await next().catch((error: unknown) => deps.onError(error, 'refreshing what is due'));
        }
      }),
    );
    if (isClosed()) return;
  }
}

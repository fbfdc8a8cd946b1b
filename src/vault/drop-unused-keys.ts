import type { Tx } from '../kernel/index.ts';
import {
  deleteOrganizationKeys,
  organizationKeys,
  organizationStates,
  versionsOfSecrets,
} from './keys-store.ts';
import { keyLife } from './organization-keys.ts';
import type { KeysDeps } from './reseal-secrets.ts';

/** Which versions of an organization's key are among `versions` and still needed, by rows that other rooms keep sealed. */
export type KeyUse = (
  tx: Tx,
  organizationId: string,
  versions: readonly number[],
) => Promise<readonly number[]>;

/**
 * A replica seals with the version it remembers, ten minutes at most, and what it sealed is written a little later:
 * until then an older version is needed even where nothing says so yet.
 */
const grace = keyLife + 5 * 60 * 1000;

/** Drops versions of organization keys that nothing is sealed with any more. Answers how many. */
export async function dropUnusedKeys(
  { database, clock, masterKeys }: KeysDeps,
  uses: readonly KeyUse[],
): Promise<number> {
  const states = await database.transaction('system', (tx) => organizationStates(tx, masterKeys.id));
  let dropped = 0;
  for (const { organization_id: organizationId, newest } of states) {
    if (newest === 1) continue;
    dropped += await database.transaction({ organizationId }, async (tx) => {
      const keys = await organizationKeys(tx, organizationId);
      const old = keys.slice(1).map(({ version }) => version);
      const since = keys[0]!.created_at.getTime();
      if (old.length === 0 || clock.now().getTime() - since < grace) return 0;
      const used = new Set(await versionsOfSecrets(tx, organizationId));
      for (const use of uses) for (const version of await use(tx, organizationId, old)) used.add(version);
      const unused = old.filter((version) => !used.has(version));
      await deleteOrganizationKeys(tx, organizationId, unused);
      return unused.length;
    });
  }
  return dropped;
}

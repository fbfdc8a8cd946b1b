import type { Clock, Database, Tx } from '../kernel/index.ts';
import { secretContexts, type FieldPlace } from './contexts.ts';
import { lockSealedBefore, organizationKeys, placesOf, replaceSealed, type PlaceRow } from './keys-store.ts';
import type { MasterKeys } from './master-key.ts';
import { unwrapKey, type OpenKey } from './organization-keys.ts';
import { openInPlace, sealBytes } from './sealing.ts';

export type KeysDeps = { database: Database; clock: Clock; masterKeys: MasterKeys };

/** How many values a transaction seals anew: short enough that a change which waits for one does not notice. */
const batchSize = 200;

export type Resealed = {
  count: number;
  /** Values that no key opens where they are: their rows were changed by somebody else. They stay as they are. */
  unreadable: readonly string[];
};

/**
 * Seals everything of an organization that is sealed with older versions anew with this one, each batch in a
 * transaction of its own. Values that somebody holds just now are left for another pass.
 */
export async function resealSecrets(
  { database, masterKeys }: KeysDeps,
  organizationId: string,
  newest: number,
  onBatch: (count: number) => void,
): Promise<Resealed> {
  const scope = { organizationId };
  const rows = await database.transaction(scope, (tx) => organizationKeys(tx, organizationId));
  const keys = new Map<number, OpenKey>();
  for (const row of rows) {
    // One that cannot be opened leaves its values unreadable, as they are to everybody else.
    const key = await unwrapKey(masterKeys, organizationId, row).catch(() => null);
    if (key) keys.set(row.version, key);
  }
  const key = keys.get(newest);
  if (!key) return { count: 0, unreadable: [] };
  const unreadable: string[] = [];
  let count = 0;
  for (let after: string | null = null; ;) {
    const batch: Batch = await database.transaction(scope, (tx) =>
      resealBatch(tx, organizationId, { keys, key, after }),
    );
    if (batch.last === null) return { count, unreadable };
    after = batch.last;
    count += batch.resealed;
    unreadable.push(...batch.unreadable);
    onBatch(count);
  }
}

type Batch = { last: string | null; resealed: number; unreadable: readonly string[] };

async function resealBatch(
  tx: Tx,
  organizationId: string,
  { keys, key, after }: { keys: ReadonlyMap<number, OpenKey>; key: OpenKey; after: string | null },
): Promise<Batch> {
  const rows = await lockSealedBefore(tx, organizationId, key.version, after, batchSize);
  const ids = rows.map((row) => row.secret_id);
  const places = await placesOf(tx, organizationId, ids);
  const fresh: { secretId: string; ciphertext: Buffer }[] = [];
  const unreadable: string[] = [];
  for (const { secret_id: secretId, key_version, ciphertext } of rows) {
    const place = places.get(secretId);
    const contexts = secretContexts(organizationId, secretId, place ? placeIn(place) : null);
    try {
      const plaintext = openInPlace(keys.get(key_version)!.key, contexts, ciphertext);
      fresh.push({ secretId, ciphertext: sealBytes(key.key, contexts[0], plaintext) });
    } catch {
      unreadable.push(secretId);
    }
  }
  await replaceSealed(tx, organizationId, key.version, fresh);
  return { last: ids.at(-1) ?? null, resealed: fresh.length, unreadable };
}

const placeIn = (row: PlaceRow): FieldPlace => ({
  credentialId: row.credential_id,
  connectionId: row.connection_id,
  owner: { type: row.owner_type, id: row.owner_id },
  origin: row.origin,
  field: row.field,
});

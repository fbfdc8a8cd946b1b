import { sql, type Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import type { OrganizationKeyRow, VaultTables } from './store.ts';

export type KeyTables = VaultTables & {
  master_keys: { master_key_id: string; wrapped_by: string; wrapped: Buffer; created_at: Date };
  installation: VaultTables['installation'] & { rotating_since: Date | null };
};

const of = (tx: Tx): Kysely<KeyTables> => tx.kysely as Kysely<KeyTables>;

// Master keys that a key service wraps

export async function findMasterKey(
  tx: Tx,
  wrappedBy: string,
): Promise<{ master_key_id: string; wrapped: Buffer } | undefined> {
  return of(tx)
    .selectFrom('master_keys')
    .select(['master_key_id', 'wrapped'])
    .where('wrapped_by', '=', wrappedBy)
    .executeTakeFirst();
}

/** Keeps the first of two that replicas make at the same moment. */
export async function insertMasterKey(tx: Tx, row: KeyTables['master_keys']): Promise<void> {
  await of(tx)
    .insertInto('master_keys')
    .values(row)
    .onConflict((conflict) => conflict.column('wrapped_by').doNothing())
    .execute();
}

export async function deleteMasterKeysBut(tx: Tx, wrappedBy: string | null): Promise<void> {
  let query = of(tx).deleteFrom('master_keys');
  if (wrappedBy !== null) query = query.where('wrapped_by', '<>', wrappedBy);
  await query.execute();
}

// Organization keys

/** One organization key of each master key there is, the oldest: what proves that a master key is the right one. */
export async function keyOfEachMaster(
  tx: Tx,
): Promise<readonly (OrganizationKeyRow & { organization_id: string })[]> {
  return of(tx)
    .selectFrom('organization_keys')
    .distinctOn('master_key')
    .select(['organization_id', 'version', 'wrapped', 'master_key'])
    .orderBy('master_key')
    .orderBy('created_at')
    .execute();
}

export type OrganizationState = {
  organization_id: string;
  newest: number;
  newest_at: Date;
  /** Versions that another master key wraps, or nobody says which. */
  foreign: number;
};

/** Every organization's keys in short, in the order they were made. Needs a system transaction. */
export async function organizationStates(tx: Tx, masterKey: string): Promise<readonly OrganizationState[]> {
  const { rows } = await sql<OrganizationState>`
    select organization_id, max(version) as newest,
      (array_agg(created_at order by version desc))[1] as newest_at,
      (count(*) filter (where master_key is distinct from ${masterKey}))::int as foreign
    from organization_keys group by organization_id
    order by min(created_at), organization_id`.execute(tx.kysely);
  return rows;
}

/** All versions of an organization's key, the newest first; `lock` holds them until the transaction ends. */
export async function organizationKeys(
  tx: Tx,
  organizationId: string,
  lock = false,
): Promise<readonly (OrganizationKeyRow & { created_at: Date })[]> {
  let query = of(tx)
    .selectFrom('organization_keys')
    .select(['version', 'wrapped', 'master_key', 'created_at'])
    .where('organization_id', '=', organizationId)
    .orderBy('version', 'desc');
  if (lock) query = query.forUpdate();
  return query.execute();
}

export async function rewrapOrganizationKey(
  tx: Tx,
  organizationId: string,
  version: number,
  set: { wrapped: Buffer; master_key: string },
): Promise<void> {
  await of(tx)
    .updateTable('organization_keys')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('version', '=', version)
    .execute();
}

export async function deleteOrganizationKeys(
  tx: Tx,
  organizationId: string,
  versions: readonly number[],
): Promise<void> {
  if (versions.length === 0) return;
  await of(tx)
    .deleteFrom('organization_keys')
    .where('organization_id', '=', organizationId)
    .where('version', 'in', [...versions])
    .execute();
}

// Sealed values

export async function countSealedBefore(tx: Tx, organizationId: string, version: number): Promise<number> {
  const { count } = await of(tx)
    .selectFrom('secrets')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('organization_id', '=', organizationId)
    .where('key_version', '<', version)
    .executeTakeFirstOrThrow();
  return count;
}

/** Values sealed with older versions, held; those that somebody else holds just now are left out. */
export async function lockSealedBefore(
  tx: Tx,
  organizationId: string,
  version: number,
  after: string | null,
  limit: number,
): Promise<readonly { secret_id: string; key_version: number; ciphertext: Buffer }[]> {
  let query = of(tx)
    .selectFrom('secrets')
    .select(['secret_id', 'key_version', 'ciphertext'])
    .where('organization_id', '=', organizationId)
    .where('key_version', '<', version)
    .orderBy('secret_id')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  if (after !== null) query = query.where('secret_id', '>', after);
  return query.execute();
}

export async function replaceSealed(
  tx: Tx,
  organizationId: string,
  version: number,
  values: readonly { secretId: string; ciphertext: Buffer }[],
): Promise<void> {
  if (values.length === 0) return;
  await sql`
    update secrets set ciphertext = fresh.ciphertext, key_version = ${version}
    from unnest(${values.map(({ secretId }) => secretId)}::uuid[],
      ${values.map(({ ciphertext }) => ciphertext)}::bytea[]) as fresh (secret_id, ciphertext)
    where secrets.organization_id = ${organizationId} and secrets.secret_id = fresh.secret_id`.execute(
    tx.kysely,
  );
}

/** Which credential's field each of these values is, where it is one. */
export async function placesOf(
  tx: Tx,
  organizationId: string,
  secretIds: readonly string[],
): Promise<ReadonlyMap<string, PlaceRow>> {
  const { rows } = await sql<PlaceRow & { secret_id: string }>`
    select f.value as secret_id, f.key as field, credential_id, connection_id, owner_type, owner_id, origin
    from credentials, jsonb_each_text(fields) as f
    where organization_id = ${organizationId} and f.value = any(${[...secretIds]}::text[])`.execute(
    tx.kysely,
  );
  return new Map(rows.map(({ secret_id, ...place }) => [secret_id, place]));
}

export type PlaceRow = {
  field: string;
  credential_id: string;
  connection_id: string;
  owner_type: string;
  owner_id: string;
  origin: string;
};

/** Versions that values are sealed with. */
export async function versionsOfSecrets(tx: Tx, organizationId: string): Promise<readonly number[]> {
  const rows = await of(tx)
    .selectFrom('secrets')
    .select('key_version')
    .distinct()
    .where('organization_id', '=', organizationId)
    .execute();
  return rows.map(({ key_version }) => key_version);
}

// A rotation that is under way. Both need a system transaction.

export async function rotatingSince(tx: Tx): Promise<Date | null> {
  const row = await of(tx).selectFrom('installation').select('rotating_since').forUpdate().executeTakeFirst();
  return row?.rotating_since ?? null;
}

export async function setRotatingSince(tx: Tx, since: Date | null): Promise<void> {
  await of(tx).updateTable('installation').set({ rotating_since: since }).execute();
}

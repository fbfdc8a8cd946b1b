import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import { countAll, holdLock, paged, type Listed, type ListPage, type Tx } from '../kernel/index.ts';
import type { AccessTables } from './tables.ts';

const of = (tx: Tx): Kysely<AccessTables> => tx.kysely as Kysely<AccessTables>;

export type KeyRow = Selectable<AccessTables['keys']>;
export type OrganizationRow = Selectable<AccessTables['organizations']>;
export type WorkspaceRow = Selectable<AccessTables['workspaces']>;
export type UserRow = Selectable<AccessTables['registered_users']> & {
  origin_company_id: string | null;
  origin_company_name: string | null;
};

// Keys

/** Looked up before the organization is known: needs a system transaction. */
export async function findKeyByHash(
  tx: Tx,
  hash: Buffer,
): Promise<(KeyRow & { is_operator: boolean }) | undefined> {
  return of(tx)
    .selectFrom('keys')
    .innerJoin('organizations', 'organizations.organization_id', 'keys.organization_id')
    .selectAll('keys')
    .select(sql<boolean>`organizations.is_operator and keys.kind = 'admin'`.as('is_operator'))
    .where('hash', '=', hash)
    .executeTakeFirst();
}

export async function findKey(tx: Tx, organizationId: string, keyId: string): Promise<KeyRow | undefined> {
  return of(tx)
    .selectFrom('keys')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('key_id', '=', keyId)
    .forUpdate()
    .executeTakeFirst();
}

export async function insertKey(tx: Tx, row: Insertable<AccessTables['keys']>): Promise<void> {
  await of(tx).insertInto('keys').values(row).execute();
}

export async function updateKey(
  tx: Tx,
  organizationId: string,
  keyId: string,
  set: Updateable<AccessTables['keys']>,
): Promise<void> {
  await of(tx)
    .updateTable('keys')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('key_id', '=', keyId)
    .execute();
}

export async function deleteKey(tx: Tx, organizationId: string, keyId: string): Promise<void> {
  await of(tx)
    .deleteFrom('keys')
    .where('organization_id', '=', organizationId)
    .where('key_id', '=', keyId)
    .execute();
}

/**
 * Keys of an organization are made and ended in turns until the transaction ends: one made while its maker is
 * being revoked would otherwise live on. Taken before any row is locked.
 */
export const holdKeys = (tx: Tx, organizationId: string): Promise<void> =>
  holdLock(tx, `keys:${organizationId}`);

/** Whether a key has not been revoked; read without holding its row. */
export async function isLiveKey(tx: Tx, organizationId: string, keyId: string): Promise<boolean> {
  const row = await of(tx)
    .selectFrom('keys')
    .select('key_id')
    .where('organization_id', '=', organizationId)
    .where('key_id', '=', keyId)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** The key and all keys made with it, however deep, that are not revoked yet. */
export async function liveDescendants(
  tx: Tx,
  organizationId: string,
  keyId: string,
): Promise<readonly string[]> {
  const rows = await sql<{ key_id: string }>`
    with recursive family as (
      select key_id from keys where organization_id = ${organizationId} and key_id = ${keyId}
      union
      select k.key_id from keys k join family f on k.parent_id = f.key_id where k.organization_id = ${organizationId}
    ) select k.key_id from keys k join family f using (key_id)
      where k.organization_id = ${organizationId} and k.revoked_at is null`.execute(tx.kysely);
  return rows.rows.map((row) => row.key_id);
}

/** Whether `keyId` is this key, or was made or given a new text with it, however deep. */
export async function isMadeBy(
  tx: Tx,
  organizationId: string,
  keyId: string,
  makerId: string,
): Promise<boolean> {
  const { rows } = await sql`
    with recursive line as (
      select ${keyId}::uuid as key_id
      union
      select maker from line l
        join keys k on k.organization_id = ${organizationId} and k.key_id = l.key_id
        cross join lateral unnest(k.regenerated_by || k.parent_id) as maker
        where maker is not null
    ) select 1 from line where key_id = ${makerId}`.execute(tx.kysely);
  return rows.length > 0;
}

export type KeyBound = Record<'packIds' | 'userIds' | 'workspaceIds', readonly string[] | null>;

/** Keys, newest first; only those bound at least as closely as `within` says. */
export async function listKeys(
  tx: Tx,
  organizationId: string,
  within: KeyBound,
  page: ListPage,
): Promise<Listed<KeyRow>> {
  let base = of(tx).selectFrom('keys').where('organization_id', '=', organizationId);
  if (within.packIds) base = base.where(sql<boolean>`pack_ids <@ ${[...within.packIds]}::uuid[]`);
  if (within.userIds) base = base.where(sql<boolean>`user_ids <@ ${[...within.userIds]}::uuid[]`);
  if (within.workspaceIds)
    base = base.where(sql<boolean>`workspace_ids <@ ${[...within.workspaceIds]}::uuid[]`);
  let query = base
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('key_id', 'desc')
    .limit(page.limit + 1);
  if ('offset' in page) query = query.offset(page.offset);
  else if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, key_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const count = 'offset' in page ? (await base.select(countAll).executeTakeFirstOrThrow()).total : null;
  return paged(await query.execute(), page.limit, (row) => ({ at: row.created_at, id: row.key_id }), count);
}

// Organizations and workspaces

export async function insertOrganization(
  tx: Tx,
  row: Insertable<AccessTables['organizations']>,
): Promise<void> {
  await of(tx).insertInto('organizations').values(row).execute();
}

export async function listOrganizations(tx: Tx): Promise<readonly OrganizationRow[]> {
  return of(tx)
    .selectFrom('organizations')
    .selectAll()
    .orderBy('created_at')
    .orderBy('organization_id')
    .execute();
}

export async function findOrganization(
  tx: Tx,
  by: { id: string } | { slug: string },
): Promise<OrganizationRow | undefined> {
  const query = of(tx).selectFrom('organizations').selectAll();
  return (
    'id' in by ? query.where('organization_id', '=', by.id) : query.where('slug', '=', by.slug)
  ).executeTakeFirst();
}

export async function updateOrganization(
  tx: Tx,
  organizationId: string,
  set: Updateable<AccessTables['organizations']>,
): Promise<void> {
  await of(tx).updateTable('organizations').set(set).where('organization_id', '=', organizationId).execute();
}

export async function insertWorkspace(tx: Tx, row: Insertable<AccessTables['workspaces']>): Promise<void> {
  await of(tx).insertInto('workspaces').values(row).execute();
}

export async function listWorkspaces(tx: Tx, organizationId: string): Promise<readonly WorkspaceRow[]> {
  return of(tx)
    .selectFrom('workspaces')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('created_at')
    .orderBy('workspace_id')
    .execute();
}

// Registered users

const users = (tx: Tx, organizationId: string) =>
  of(tx)
    .selectFrom('registered_users as u')
    .leftJoin('companies as c', (join) =>
      join.onRef('c.organization_id', '=', 'u.organization_id').onRef('c.company_id', '=', 'u.company_id'),
    )
    .where('u.organization_id', '=', organizationId);

export async function findUser(tx: Tx, organizationId: string, userId: string): Promise<UserRow | undefined> {
  return users(tx, organizationId)
    .selectAll('u')
    .select(['c.origin_company_id', 'c.origin_company_name'])
    .where('u.user_id', '=', userId)
    .executeTakeFirst();
}

export async function listUsers(
  tx: Tx,
  organizationId: string,
  filter: { originUserId?: string; ids?: readonly string[] | null },
  page: ListPage,
): Promise<Listed<UserRow>> {
  let base = users(tx, organizationId);
  if (filter.originUserId !== undefined) base = base.where('u.origin_user_id', '=', filter.originUserId);
  if (filter.ids) base = base.where('u.user_id', 'in', filter.ids.length > 0 ? [...filter.ids] : [nobody]);
  let query = base
    .selectAll('u')
    .select(['c.origin_company_id', 'c.origin_company_name'])
    .orderBy('u.created_at', 'desc')
    .orderBy('u.user_id', 'desc')
    .limit(page.limit + 1);
  if ('offset' in page) query = query.offset(page.offset);
  else if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(u.created_at, u.user_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const count = 'offset' in page ? (await base.select(countAll).executeTakeFirstOrThrow()).total : null;
  return paged(await query.execute(), page.limit, (row) => ({ at: row.created_at, id: row.user_id }), count);
}

const nobody = '00000000-0000-0000-0000-000000000000';

export async function insertUser(tx: Tx, row: Insertable<AccessTables['registered_users']>): Promise<void> {
  await of(tx).insertInto('registered_users').values(row).execute();
}

export async function updateUser(
  tx: Tx,
  organizationId: string,
  userId: string,
  set: Updateable<AccessTables['registered_users']>,
): Promise<void> {
  await of(tx)
    .updateTable('registered_users')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .execute();
}

export async function deleteUser(tx: Tx, organizationId: string, userId: string): Promise<void> {
  await of(tx)
    .deleteFrom('registered_users')
    .where('organization_id', '=', organizationId)
    .where('user_id', '=', userId)
    .execute();
}

/** The company of this origin id, made if it is new; a given name replaces the old one. */
export async function upsertCompany(tx: Tx, row: Insertable<AccessTables['companies']>): Promise<string> {
  const stored = await of(tx)
    .insertInto('companies')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'origin_company_id']).doUpdateSet({
        origin_company_name: sql`coalesce(excluded.origin_company_name, companies.origin_company_name)`,
      }),
    )
    .returning('company_id')
    .executeTakeFirstOrThrow();
  return stored.company_id;
}

export async function findCompany(
  tx: Tx,
  organizationId: string,
  by: { id: string } | { originId: string },
): Promise<{ company_id: string } | undefined> {
  const query = of(tx)
    .selectFrom('companies')
    .select('company_id')
    .where('organization_id', '=', organizationId);
  return (
    'id' in by ? query.where('company_id', '=', by.id) : query.where('origin_company_id', '=', by.originId)
  ).executeTakeFirst();
}

/** The operator organization's oldest admin key that still works; a revoked one only where none does. */
export async function findOperatorKey(tx: Tx): Promise<KeyRow | undefined> {
  return of(tx)
    .selectFrom('keys')
    .innerJoin('organizations', 'organizations.organization_id', 'keys.organization_id')
    .selectAll('keys')
    .where('organizations.is_operator', '=', true)
    .where('keys.kind', '=', 'admin')
    .orderBy(sql`keys.revoked_at is not null`)
    .orderBy('keys.created_at')
    .limit(1)
    .executeTakeFirst();
}

/** Ends every admin key of an organization. */
export async function revokeAdminKeys(tx: Tx, organizationId: string, now: Date): Promise<void> {
  await of(tx)
    .updateTable('keys')
    .set({ revoked_at: now })
    .where('organization_id', '=', organizationId)
    .where('kind', '=', 'admin')
    .where('revoked_at', 'is', null)
    .execute();
}

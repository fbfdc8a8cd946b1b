import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import type { Tx } from '../../kernel/index.ts';
import type { OwnerType } from '../../vault/index.ts';
import type { LinkScope } from './link.ts';

export type LinkTables = {
  links: {
    organization_id: string;
    link_id: string;
    token_hash: Buffer;
    connection_id: string;
    owner_type: OwnerType;
    owner_id: string;
    user_id: string | null;
    pack_id: string | null;
    auth_scope: LinkScope | null;
    callback_url: string | null;
    state: string | null;
    created_by_type: string;
    created_by_id: string;
    browser_hash: Buffer | null;
    opened_at: Date | null;
    expires_at: Date;
    used_at: Date | null;
    created_at: Date;
  };
};

export type LinkRow = Selectable<LinkTables['links']>;

const of = (tx: Tx): Kysely<LinkTables> => tx.kysely as Kysely<LinkTables>;

export async function insertLink(tx: Tx, row: Insertable<LinkTables['links']>): Promise<void> {
  await of(tx).insertInto('links').values(row).execute();
}

/** Looked up before the organization is known: needs a system transaction. */
export async function findLinkByHash(tx: Tx, tokenHash: Buffer): Promise<LinkRow | undefined> {
  return of(tx).selectFrom('links').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();
}

/** One link; `lock` holds it until the transaction ends. */
export async function findLink(
  tx: Tx,
  organizationId: string,
  linkId: string,
  lock = false,
): Promise<LinkRow | undefined> {
  let query = of(tx)
    .selectFrom('links')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('link_id', '=', linkId);
  if (lock) query = query.forUpdate();
  return query.executeTakeFirst();
}

/** Which of these connections have a link that can still connect the organization's own account. */
export async function findConnectionsWithLinks(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  if (connectionIds.length === 0) return new Set();
  const rows = await of(tx)
    .selectFrom('links')
    .select('connection_id')
    .distinct()
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`connection_id = any(${[...connectionIds]}::uuid[])`)
    .where('owner_type', '=', 'organization')
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .execute();
  return new Set(rows.map((row) => row.connection_id));
}

/** Gives a link to the first browser that asks for it; undefined where another one has it already. */
export async function bindLink(
  tx: Tx,
  organizationId: string,
  linkId: string,
  browserHash: Buffer,
  now: Date,
): Promise<LinkRow | undefined> {
  return of(tx)
    .updateTable('links')
    .set({ browser_hash: browserHash, opened_at: sql<Date>`coalesce(opened_at, ${now})` })
    .where('organization_id', '=', organizationId)
    .where('link_id', '=', linkId)
    .where(sql<boolean>`(browser_hash is null or browser_hash = ${browserHash})`)
    .returningAll()
    .executeTakeFirst();
}

export async function updateLink(
  tx: Tx,
  organizationId: string,
  linkId: string,
  set: Updateable<LinkTables['links']>,
): Promise<void> {
  await of(tx)
    .updateTable('links')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('link_id', '=', linkId)
    .execute();
}

/** Of any organization, those that ran out before and have left nothing behind. Needs a system transaction. */
export async function deleteOldLinks(tx: Tx, before: Date): Promise<void> {
  await of(tx)
    .deleteFrom('links')
    .where('expires_at', '<', before)
    .where(
      sql<boolean>`not exists (select from authorizations a
        where a.organization_id = links.organization_id and a.link_id = links.link_id)`,
    )
    .execute();
}

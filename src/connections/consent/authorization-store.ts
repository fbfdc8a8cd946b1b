import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import type { Tx } from '../../kernel/index.ts';

export type AuthorizationTables = {
  authorizations: {
    organization_id: string;
    authorization_id: string;
    link_id: string;
    state_hash: Buffer;
    browser_hash: Buffer;
    verifier_secret_id: string | null;
    request: unknown;
    fields: unknown;
    grant_facts: unknown;
    identity: unknown;
    expires_at: Date;
    returned_at: Date | null;
    created_at: Date;
  };
  links: {
    organization_id: string;
    link_id: string;
    connection_id: string;
    expires_at: Date;
    used_at: Date | null;
  };
};

export type AuthorizationRow = Selectable<AuthorizationTables['authorizations']>;

const of = (tx: Tx): Kysely<AuthorizationTables> => tx.kysely as Kysely<AuthorizationTables>;

export async function insertAuthorization(
  tx: Tx,
  row: Insertable<AuthorizationTables['authorizations']>,
): Promise<void> {
  await of(tx).insertInto('authorizations').values(row).execute();
}

/**
 * Uses up a state, whatever comes of it: of two answers with the same one, at most one gets the row. Before the
 * organization is known: needs a system transaction.
 */
export async function burnState(tx: Tx, stateHash: Buffer, now: Date): Promise<AuthorizationRow | undefined> {
  return of(tx)
    .updateTable('authorizations')
    .set({ returned_at: now })
    .where('state_hash', '=', stateHash)
    .where('returned_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** A link's ways to the service, the newest first. */
export async function authorizationsOfLink(
  tx: Tx,
  organizationId: string,
  linkId: string,
): Promise<readonly AuthorizationRow[]> {
  return of(tx)
    .selectFrom('authorizations')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('link_id', '=', linkId)
    .orderBy('created_at', 'desc')
    .orderBy('authorization_id', 'desc')
    .execute();
}

/** All that people have begun for a connection. */
export async function authorizationsOfConnection(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly AuthorizationRow[]> {
  return of(tx)
    .selectFrom('authorizations as a')
    .innerJoin('links as l', (join) =>
      join.onRef('l.organization_id', '=', 'a.organization_id').onRef('l.link_id', '=', 'a.link_id'),
    )
    .selectAll('a')
    .where('a.organization_id', '=', organizationId)
    .where('l.connection_id', '=', connectionId)
    .execute();
}

export async function findAuthorization(
  tx: Tx,
  organizationId: string,
  authorizationId: string,
): Promise<AuthorizationRow | undefined> {
  return of(tx)
    .selectFrom('authorizations')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('authorization_id', '=', authorizationId)
    .executeTakeFirst();
}

/** False where it is gone: another step of the same link has taken its place. */
export async function updateAuthorization(
  tx: Tx,
  organizationId: string,
  authorizationId: string,
  set: Updateable<AuthorizationTables['authorizations']>,
): Promise<boolean> {
  const { numUpdatedRows } = await of(tx)
    .updateTable('authorizations')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('authorization_id', '=', authorizationId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export async function deleteAuthorization(
  tx: Tx,
  organizationId: string,
  authorizationId: string,
): Promise<void> {
  await of(tx)
    .deleteFrom('authorizations')
    .where('organization_id', '=', organizationId)
    .where('authorization_id', '=', authorizationId)
    .execute();
}

/** Links of any organization that can be followed no more and have left something behind. Needs a system transaction. */
export async function linksWithLeftovers(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<readonly { organizationId: string; linkId: string }[]> {
  const rows = await of(tx)
    .selectFrom('authorizations as a')
    .innerJoin('links as l', (join) =>
      join.onRef('l.organization_id', '=', 'a.organization_id').onRef('l.link_id', '=', 'a.link_id'),
    )
    .select(['a.organization_id', 'a.link_id'])
    .distinct()
    .where(sql<boolean>`(l.used_at is not null or l.expires_at <= ${now})`)
    .limit(limit)
    .execute();
  return rows.map((row) => ({ organizationId: row.organization_id, linkId: row.link_id }));
}

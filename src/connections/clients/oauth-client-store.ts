import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import type { ClientAuth } from '../../drivers/index.ts';
import { countAll, paged, type Listed, type ListPage, type Tx } from '../../kernel/index.ts';

export type OAuthClientTables = {
  oauth_clients: {
    organization_id: string;
    oauth_client_id: string;
    connector_slug: string | null;
    connection_id: string | null;
    registration: 'given' | 'metadata_document' | 'dynamic';
    issuer: string | null;
    client_id: string;
    secret_id: string | null;
    client_auth: ClientAuth;
    redirect_uri: string;
    external_id: string | null;
    expires_at: Date | null;
    created_at: Date;
    updated_at: Date;
    /** The secret kept by itself that `secret_id` is a copy of. */
    secret_vault_id: string | null;
    /** Where people are sent back to after the connect page, unless a link says otherwise. */
    callback_url: string | null;
    /** Asked for instead of the connector's scopes. */
    scopes_override: string[] | null;
  };
};

export type OAuthClientRow = Selectable<OAuthClientTables['oauth_clients']>;

const of = (tx: Tx): Kysely<OAuthClientTables> => tx.kysely as Kysely<OAuthClientTables>;

export async function insertOAuthClient(
  tx: Tx,
  row: Insertable<OAuthClientTables['oauth_clients']>,
): Promise<OAuthClientRow> {
  return of(tx).insertInto('oauth_clients').values(row).returningAll().executeTakeFirstOrThrow();
}

/** The app an organization signs in to a connector with: the one without an external id, else the first it had. */
export async function findAppOf(
  tx: Tx,
  organizationId: string,
  connectorSlug: string,
): Promise<OAuthClientRow | undefined> {
  return of(tx)
    .selectFrom('oauth_clients')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connector_slug', '=', connectorSlug)
    .orderBy(sql`external_id is not null`)
    .orderBy('created_at')
    .orderBy('oauth_client_id')
    .limit(1)
    .executeTakeFirst();
}

/** Slugs of the connectors the organization has an app for. */
export async function connectorsWithApps(tx: Tx, organizationId: string): Promise<ReadonlySet<string>> {
  const rows = await of(tx)
    .selectFrom('oauth_clients')
    .select('connector_slug')
    .distinct()
    .where('organization_id', '=', organizationId)
    .where('connector_slug', 'is not', null)
    .execute();
  return new Set(rows.map((row) => row.connector_slug!));
}

/** What one connection is at authorization servers, the newest first. */
export async function clientsOfConnection(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly OAuthClientRow[]> {
  return of(tx)
    .selectFrom('oauth_clients')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .orderBy('created_at', 'desc')
    .orderBy('oauth_client_id', 'desc')
    .execute();
}

/** The clients that were given to each of these connections. */
export async function givenClients(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, OAuthClientRow>> {
  if (connectionIds.length === 0) return new Map();
  const rows = await of(tx)
    .selectFrom('oauth_clients')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connection_id', 'in', [...connectionIds])
    .where('registration', '=', 'given')
    .orderBy('created_at')
    .orderBy('oauth_client_id')
    .execute();
  // The newest stands, as it does where one is signed in with.
  return new Map(rows.map((row) => [row.connection_id!, row]));
}

/** Connections whose own client keeps a copy of this secret. */
export async function connectionsKeeping(
  tx: Tx,
  organizationId: string,
  vaultId: string,
): Promise<readonly string[]> {
  const rows = await of(tx)
    .selectFrom('oauth_clients')
    .select('connection_id')
    .where('organization_id', '=', organizationId)
    .where('secret_vault_id', '=', vaultId)
    .execute();
  return rows.flatMap(({ connection_id: id }) => (id === null ? [] : [id]));
}

/**
 * Says whom a given client's secret is for, where nobody has said so yet; answers the client as it is then. Undefined
 * where it is gone.
 */
export async function bindClient(
  tx: Tx,
  { organization_id: organizationId, oauth_client_id: id }: OAuthClientRow,
  to: string,
): Promise<OAuthClientRow | undefined> {
  return of(tx)
    .updateTable('oauth_clients')
    .set({ issuer: sql<string>`coalesce(issuer, ${to})` })
    .where('organization_id', '=', organizationId)
    .where('oauth_client_id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** A client that a server has forgotten: it is not used for another authorization. One that was given is left alone. */
export async function expireRegistered(
  tx: Tx,
  organizationId: string,
  at: { connectionId: string; clientId: string },
  now: Date,
): Promise<void> {
  await of(tx)
    .updateTable('oauth_clients')
    .set({ expires_at: now, updated_at: now })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', at.connectionId)
    .where('client_id', '=', at.clientId)
    .where('registration', '=', 'dynamic')
    .execute();
}

/** An app by id; `lock` holds it until the transaction ends. */
export async function findApp(
  tx: Tx,
  organizationId: string,
  id: string,
  lock = false,
): Promise<OAuthClientRow | undefined> {
  let query = of(tx)
    .selectFrom('oauth_clients')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('oauth_client_id', '=', id)
    .where('connector_slug', 'is not', null);
  if (lock) query = query.forUpdate();
  return query.executeTakeFirst();
}

export async function updateOAuthClientRow(
  tx: Tx,
  organizationId: string,
  id: string,
  set: Updateable<OAuthClientTables['oauth_clients']>,
): Promise<OAuthClientRow> {
  return of(tx)
    .updateTable('oauth_clients')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('oauth_client_id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function deleteOAuthClientRow(tx: Tx, organizationId: string, id: string): Promise<void> {
  await of(tx)
    .deleteFrom('oauth_clients')
    .where('organization_id', '=', organizationId)
    .where('oauth_client_id', '=', id)
    .execute();
}

/** The organization's apps, newest first. */
export async function listApps(
  tx: Tx,
  organizationId: string,
  filter: { connectorSlug?: string },
  page: ListPage,
): Promise<Listed<OAuthClientRow>> {
  let base = of(tx)
    .selectFrom('oauth_clients')
    .where('organization_id', '=', organizationId)
    .where('connector_slug', 'is not', null);
  if (filter.connectorSlug !== undefined) base = base.where('connector_slug', '=', filter.connectorSlug);
  let query = base
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('oauth_client_id', 'desc')
    .limit(page.limit + 1);
  if ('offset' in page) query = query.offset(page.offset);
  else if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, oauth_client_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const count = 'offset' in page ? (await base.select(countAll).executeTakeFirstOrThrow()).total : null;
  return paged(
    await query.execute(),
    page.limit,
    (row) => ({ at: row.created_at, id: row.oauth_client_id }),
    count,
  );
}

import { sql, type Generated, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import { paged, countAll, type Listed, type ListPage, type Tx } from '../kernel/index.ts';
import type { AuthMethod } from '../connectors/index.ts';
import type {
  Connection,
  ConnectionKind,
  ConnectionMetadata,
  ConnectionStatus,
  DriftPolicy,
  ToolsStatus,
} from './connection.ts';

export type ConnectionTables = {
  connections: {
    organization_id: string;
    connection_id: string;
    workspace_id: string;
    kind: ConnectionKind;
    connector_slug: string;
    connector_version: number | null;
    nickname: string;
    nickname_slug: string;
    address: string;
    config: unknown;
    auth: unknown;
    local_origin: string | null;
    sealed_secret_id: string | null;
    status: ConnectionStatus;
    status_reason: string | null;
    tools_status: ToolsStatus;
    tools_synced_at: Date | null;
    new_tools_off: boolean;
    is_active: boolean;
    is_sample: boolean;
    requires_confirmation: boolean | null;
    max_calls_per_turn: number | null;
    namespace_id: Generated<string>;
    created_by: string | null;
    drift_policy: Generated<DriftPolicy>;
    action_filter: unknown;
    description_override: string | null;
    custom_actions: Generated<unknown>;
    written_rules: Generated<unknown>;
    sync_due_at: Date | null;
    metadata: unknown;
    connected_at: Date | null;
    created_at: Date;
    updated_at: Date;
  };
};

const of = (tx: Tx): Kysely<ConnectionTables> => tx.kysely as Kysely<ConnectionTables>;

function connectionOf(row: Selectable<ConnectionTables['connections']>): Connection {
  return {
    id: row.connection_id,
    organizationId: row.organization_id,
    workspaceId: row.workspace_id,
    kind: row.kind,
    connectorSlug: row.connector_slug,
    connectorVersion: row.connector_version,
    nickname: row.nickname,
    slug: row.nickname_slug,
    address: row.address,
    config: row.config as Record<string, unknown>,
    auth: row.auth as AuthMethod,
    localOrigin: row.local_origin,
    sealedSecretId: row.sealed_secret_id,
    status: row.status,
    statusReason: row.status_reason,
    toolsStatus: row.tools_status,
    toolsSyncedAt: row.tools_synced_at,
    newToolsOff: row.new_tools_off,
    isActive: row.is_active,
    isSample: row.is_sample,
    requiresConfirmation: row.requires_confirmation,
    maxCallsPerTurn: row.max_calls_per_turn,
    namespaceId: row.namespace_id,
    createdBy: row.created_by,
    driftPolicy: row.drift_policy,
    actionFilter: row.action_filter as string[] | null,
    descriptionOverride: row.description_override,
    customActions: row.custom_actions as unknown[],
    writtenRules: row.written_rules as Record<string, Record<string, unknown>>,
    metadata: row.metadata as ConnectionMetadata,
    connectedAt: row.connected_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export async function insertConnection(
  tx: Tx,
  row: Insertable<ConnectionTables['connections']>,
): Promise<Connection> {
  const stored = await of(tx).insertInto('connections').values(row).returningAll().executeTakeFirstOrThrow();
  return connectionOf(stored);
}

export async function updateConnectionRow(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  set: Updateable<ConnectionTables['connections']>,
): Promise<Connection> {
  const stored = await of(tx)
    .updateTable('connections')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return connectionOf(stored);
}

export async function deleteConnectionRow(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<void> {
  await of(tx)
    .deleteFrom('connections')
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .execute();
}

/** One connection by id, slug, or as a connector's default; `lock` holds it until the transaction ends. */
export async function findConnection(
  tx: Tx,
  organizationId: string,
  by: { id: string } | { slug: string } | { defaultOf: string },
  lock = false,
): Promise<Connection | null> {
  let query = of(tx).selectFrom('connections').selectAll().where('organization_id', '=', organizationId);
  if ('id' in by) query = query.where('connection_id', '=', by.id);
  else if ('slug' in by) query = query.where('nickname_slug', '=', by.slug);
  else {
    query = query
      .where('connector_slug', '=', by.defaultOf)
      .where(sql<boolean>`metadata ->> 'default' = 'true'`);
  }
  if (lock) query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row ? connectionOf(row) : null;
}

export async function findConnectionsById(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Connection>> {
  if (ids.length === 0) return new Map();
  const rows = await of(tx)
    .selectFrom('connections')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connection_id', 'in', [...ids])
    .execute();
  return new Map(rows.map((row) => [row.connection_id, connectionOf(row)]));
}

/** Slugs that begin with this one: what a new slug must not be. */
export async function takenSlugs(tx: Tx, organizationId: string, stem: string): Promise<ReadonlySet<string>> {
  const rows = await of(tx)
    .selectFrom('connections')
    .select('nickname_slug')
    .where('organization_id', '=', organizationId)
    .where('nickname_slug', 'like', `${stem.slice(0, 12).replaceAll('_', '\\_')}%`)
    .execute();
  return new Set(rows.map((row) => row.nickname_slug));
}

export type ConnectionFilter = {
  workspaceIds: readonly string[] | null;
  settled?: boolean;
  active?: boolean;
  connectorSlug?: string;
  namespaceId?: string;
};

function filtered(tx: Tx, organizationId: string, filter: ConnectionFilter) {
  let query = of(tx).selectFrom('connections').where('organization_id', '=', organizationId);
  if (filter.workspaceIds) query = query.where('workspace_id', 'in', [...filter.workspaceIds]);
  if (filter.settled) query = query.where('status', '!=', 'pending');
  if (filter.active) query = query.where('is_active', '=', true);
  if (filter.connectorSlug !== undefined) query = query.where('connector_slug', '=', filter.connectorSlug);
  if (filter.namespaceId !== undefined) query = query.where('namespace_id', '=', filter.namespaceId);
  return query;
}

export async function countConnectionRows(
  tx: Tx,
  organizationId: string,
  filter: ConnectionFilter,
): Promise<number> {
  const { total } = await filtered(tx, organizationId, filter).select(countAll).executeTakeFirstOrThrow();
  return Number(total);
}

/** The connectors that an organization has connections of. */
export async function connectedSlugs(tx: Tx, organizationId: string): Promise<readonly string[]> {
  const rows = await of(tx)
    .selectFrom('connections')
    .select('connector_slug')
    .distinct()
    .where('organization_id', '=', organizationId)
    .execute();
  return rows.map((row) => row.connector_slug);
}

export async function listConnectionRows(
  tx: Tx,
  organizationId: string,
  filter: ConnectionFilter,
  page: ListPage | null,
): Promise<Listed<Connection>> {
  const base = filtered(tx, organizationId, filter);
  let query = base.selectAll().orderBy('created_at', 'desc').orderBy('connection_id', 'desc');
  if (page === null) {
    return { rows: (await query.execute()).map(connectionOf), next: null, count: null };
  }
  query = query.limit(page.limit + 1);
  if ('offset' in page) query = query.offset(page.offset);
  else if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, connection_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const total = 'offset' in page ? (await base.select(countAll).executeTakeFirstOrThrow()).total : null;
  const rows = (await query.execute()).map(connectionOf);
  return paged(rows, page.limit, (row) => ({ at: row.createdAt, id: row.id }), total);
}

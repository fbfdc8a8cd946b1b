import { authorize, authorizeAny, mayUseWorkspace, read, type Ctx, type Scope } from '../access/index.ts';
import { notFound, type Listed, type ListPage } from '../kernel/index.ts';
import { lastUsed } from '../journal/index.ts';
import { findCredentials } from '../vault/index.ts';
import type { Connection, ConnectionStatus } from './connection.ts';
import { findConnection, listConnectionRows } from './store.ts';

/** Whoever may read or write tools has to see the connections they hang on. */
const readers: readonly [Scope, ...Scope[]] = ['connectors:read', 'tools:read', 'tools:write'];

/** One connection of the caller's. Fault `not_found` for absent, foreign and outside the key's workspaces. */
export async function getConnection(ctx: Ctx, connectionId: string): Promise<Connection> {
  const { principal } = ctx.caller;
  authorizeAny(principal, readers);
  const found = await read(ctx, (tx) => findConnection(tx, principal.organizationId, { id: connectionId }));
  if (!found || !mayUseWorkspace(principal, found.workspaceId)) throw notFound();
  return found;
}

/** The caller's connections, newest first; all of them without a page. */
export async function listConnections(ctx: Ctx, page: ListPage | null): Promise<Listed<Connection>> {
  const { principal } = ctx.caller;
  authorizeAny(principal, readers);
  return read(ctx, (tx) =>
    listConnectionRows(tx, principal.organizationId, { workspaceIds: principal.workspaceIds }, page),
  );
}

/** A connection that has been signed in for at least once, however that stands now. */
export type SettledConnection = Connection & { status: Exclude<ConnectionStatus, 'pending'> };

const isSettled = (connection: Connection): connection is SettledConnection =>
  connection.status !== 'pending';

/** The same as `getConnection`, and `not_found` also for one that waits for its first sign-in. */
export async function getSettledConnection(ctx: Ctx, connectionId: string): Promise<SettledConnection> {
  authorize(ctx.caller.principal, 'connectors:read');
  const found = await getConnection(ctx, connectionId);
  if (!isSettled(found)) throw notFound();
  return found;
}

/** The caller's connections but those that wait for their first sign-in, newest first. */
export async function listSettledConnections(ctx: Ctx, page: ListPage): Promise<Listed<SettledConnection>> {
  const { principal } = ctx.caller;
  authorize(principal, 'connectors:read');
  const { workspaceIds } = principal;
  const listed = await read(ctx, (tx) =>
    listConnectionRows(tx, principal.organizationId, { workspaceIds, settled: true }, page),
  );
  return { ...listed, rows: listed.rows.filter(isSettled) };
}

/** When each of these connections, which the caller has been shown already, was last called; absent: never. */
export async function lastUses(
  ctx: Ctx,
  connections: readonly Connection[],
): Promise<ReadonlyMap<string, Date>> {
  return read(ctx, (tx) =>
    lastUsed(
      tx,
      ctx.caller.principal.organizationId,
      connections.map(({ id }) => id),
    ),
  );
}

/** When the organization's own account of each of these connections was last refreshed; absent: never. */
export async function lastRefreshes(
  ctx: Ctx,
  connections: readonly Connection[],
): Promise<ReadonlyMap<string, Date>> {
  const { organizationId } = ctx.caller.principal;
  const [only, ...others] = connections;
  if (!only) return new Map();
  const filter = {
    owner: { type: 'organization' as const, id: organizationId },
    ...(others.length === 0 ? { connectionId: only.id } : {}),
  };
  const credentials = await read(ctx, (tx) => findCredentials(tx, organizationId, filter));
  return new Map(
    credentials.flatMap(({ connectionId, refreshedAt }) =>
      refreshedAt ? [[connectionId, refreshedAt] as const] : [],
    ),
  );
}

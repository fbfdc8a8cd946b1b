import { authorize, change, mayUseWorkspace, read } from '../../access/index.ts';
import { Fault, notFound, type Tx } from '../../kernel/index.ts';
import type { Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import type { HeldAgent } from '../hooks.ts';
import { readListing } from '../read-listing.ts';
import { recordListing } from '../record-listing.ts';
import { findConnection } from '../store.ts';

/** A connection that works again, and who waited for it. */
export type Finalized = {
  connection: Connection;
  /** Still held: nobody is activated silently. */
  held: readonly HeldAgent[];
  activated: readonly HeldAgent[];
};

/** Agents to activate: those of a failure, by id, or all of them. */
export type Activates = readonly string[] | 'all';

/**
 * After consent: answers the connection and whom its failure still holds, and activates agents on request. As often as
 * one likes. Fault `conflict` code `consent_pending` before it is connected.
 */
export async function finalizeConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
  input: { activateAgents?: Activates | null } = {},
): Promise<Finalized> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const activates = input.activateAgents ?? [];
  if (activates.length > 0) authorize(principal, 'agents:write');
  const connection = await read(ctx, (tx) =>
    findConnection(tx, principal.organizationId, { id: connectionId }),
  );
  if (!connection || !mayUseWorkspace(principal, connection.workspaceId)) throw notFound();
  if (connection.status !== 'connected') {
    throw new Fault('conflict', 'Nobody has consented yet.', { code: 'consent_pending' });
  }
  const unlisted = connection.toolsStatus !== 'synced';
  return activate(ctx, unlisted ? await listAgain(ctx, connection) : connection, activates);
}

/** What another account can see may be other tools. */
export async function listAgain(ctx: ConnectionsCtx, connection: Connection): Promise<Connection> {
  if (connection.kind !== 'mcp') return connection;
  return (await recordListing(ctx, connection.id, await readListing(ctx, connection))).connection;
}

export async function activate(
  ctx: ConnectionsCtx,
  connection: Connection,
  activates: Activates,
): Promise<Finalized> {
  const { organizationId, id } = connection;
  return change(ctx, 'agents.activated', async (tx) => {
    const now = await findConnection(tx, organizationId, { id }, true);
    if (!now) throw notFound();
    const activated = await activateHeld(tx, ctx, now, activates);
    const held = await ctx.connectionHooks.findHeld(tx, now);
    const changes = activated.length > 0 ? { activated: activated.map(({ handle }) => handle) } : null;
    return { result: { connection: now, held, activated }, target: { type: 'connection', id }, changes };
  });
}

/** Part of whatever transaction has the connection working again. */
export async function activateHeld(
  tx: Tx,
  ctx: ConnectionsCtx,
  connection: Connection,
  activates: Activates,
): Promise<readonly HeldAgent[]> {
  if (activates.length === 0) return [];
  return ctx.connectionHooks.activateHeld(tx, ctx.clock, connection, activates);
}

import { authorize } from '../access/index.ts';
import { Fault } from '../kernel/index.ts';
import type { Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { getConnection } from './get-connection.ts';
import type { SyncResult } from './hooks.ts';
import { readAgain } from './read-again.ts';
import { nothingChanged, recordListing } from './record-listing.ts';
import { setSyncDue } from './sync-due-store.ts';
import { syncDueAt } from './sync-due.ts';

/**
 * Reads the service's tools again: what it says otherwise than before is held or accepted, as the connection's policy
 * has it, and an empty answer removes nothing. Fault `upstream` when the service could not be asked: nothing changes
 * but the connection's `toolsStatus`.
 */
export async function syncConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
): Promise<{ connection: Connection; sync: SyncResult }> {
  authorize(ctx.caller.principal, 'tools:write');
  const connection = await getConnection(ctx, connectionId);
  // A connector's version is fixed: its tools move only by an upgrade.
  if (connection.kind === 'catalog') return { connection, sync: nothingChanged };
  const { organizationId } = connection;
  // Before it is read: a server that says meanwhile that its tools have changed is asked once more.
  await ctx.database.transaction({ organizationId }, (tx) =>
    setSyncDue(tx, { organizationId, connectionId }, syncDueAt(ctx.clock.now())),
  );
  const listing = await readAgain(ctx, connection);
  const recorded = await recordListing(ctx, connectionId, listing);
  if (!listing.ok) throw new Fault('upstream', listing.reason, { code: 'sync_failed' });
  return recorded;
}

import { authorize } from '../access/index.ts';
import { getConnection, readAgain, recordListing, type ConnectionsCtx } from '../connections/index.ts';
import { Fault } from '../kernel/index.ts';
import { acceptChanges } from './accept-changes.ts';
import type { Impact } from './impact/impact.ts';
import { measureImpact } from './impact/measure-impact.ts';

/**
 * What it would do to take over all that the service says now: it is asked, and nothing of its answer is written down.
 * Fault `upstream` when it could not be asked.
 */
export async function foreseeSync(ctx: ConnectionsCtx, connectionId: string): Promise<Impact> {
  authorize(ctx.caller.principal, 'tools:write');
  const connection = await getConnection(ctx, connectionId);
  const touched = { connectionIds: [connectionId] };
  // A connector's version is fixed: reading it again brings nothing.
  if (connection.kind === 'catalog') return measureImpact(ctx, touched, async () => undefined);
  const listing = await readAgain(ctx, connection);
  if (!listing.ok) throw new Fault('upstream', listing.reason, { code: 'sync_failed' });
  return measureImpact(ctx, touched, async (at) => {
    await recordListing(at, connectionId, listing);
    await acceptChanges(at, connectionId);
  });
}

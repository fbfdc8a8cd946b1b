import { change, type Acting } from '../access/index.ts';
import { notFound } from '../kernel/index.ts';
import { hasFailed, type Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import type { SyncResult } from './hooks.ts';
import type { ReadListing } from './read-listing.ts';
import { findConnection, updateConnectionRow } from './store.ts';

export const nothingChanged: SyncResult = {
  added: [],
  changed: [],
  removed: [],
  unchanged: 0,
  held: [],
  moved: false,
};

/** Writes what a listing brought, or why it failed, in one transaction with its audit row. */
export async function recordListing(
  ctx: Acting & Pick<ConnectionsCtx, 'connectionHooks'>,
  connectionId: string,
  listing: ReadListing,
): Promise<{ connection: Connection; sync: SyncResult }> {
  const { organizationId } = ctx.caller.principal;
  const now = ctx.clock.now();
  return change(ctx, 'connection.synced', async (tx) => {
    const before = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!before) throw notFound();
    const target = { type: 'connection', id: connectionId };
    if (!listing.ok) {
      const connection = await updateConnectionRow(tx, organizationId, connectionId, {
        tools_status: 'error',
        // Why it is not connected says more than that it could not be listed.
        ...(hasFailed(before) ? {} : { status_reason: listing.reason }),
        updated_at: now,
      });
      return { result: { connection, sync: nothingChanged }, target, changes: { failed: listing.reason } };
    }
    const first = before.toolsSyncedAt === null;
    const sync = await ctx.connectionHooks.onListed(tx, ctx.clock, before, {
      definitions: listing.definitions,
      first,
      enable: first && !before.newToolsOff,
    });
    const metadata = {
      ...before.metadata,
      ...(listing.server ? { server: storableServer(listing.server) } : {}),
      ...(listing.instructions ? { instructions: listing.instructions.slice(0, 4096) } : {}),
    };
    const connection = await updateConnectionRow(tx, organizationId, connectionId, {
      tools_status: 'synced',
      tools_synced_at: now,
      ...(hasFailed(before) ? {} : { status_reason: null }),
      metadata: JSON.stringify(metadata),
      ...(sync.version === null ? {} : { connector_version: sync.version }),
      ...(sync.added.length + sync.changed.length + sync.removed.length > 0 ? { updated_at: now } : {}),
    });
    const { added, changed, removed } = sync;
    return { result: { connection, sync }, target, changes: { added, changed, removed } };
  });
}

/** What a server calls itself, as the database can hold it, and no longer than anybody reads. */
function storableServer({ name, version }: { name: string; version: string }): {
  name: string;
  version: string;
} {
  const storable = (text: string): string => text.slice(0, 256).toWellFormed().replaceAll('\u0000', '');
  return { name: storable(name), version: storable(version) };
}

import { authorize, change } from '../access/index.ts';
import { Fault, notFound } from '../kernel/index.ts';
import type { Selection } from '../connectors/index.ts';
import { releaseImported } from './connect-openapi.ts';
import { hasFailed, type Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { getConnection } from './get-connection.ts';
import type { SyncResult } from './hooks.ts';
import { readOpenapiDocument } from './read-document.ts';
import { readListing } from './read-listing.ts';
import { nothingChanged, recordListing } from './record-listing.ts';
import { findConnection, updateConnectionRow } from './store.ts';

/**
 * Reads the service's tools again and applies what changed to the known ones; new ones arrive disabled, and
 * an empty answer removes nothing. Fault `upstream` when the service could not be asked: nothing changes
 * but the connection's `toolsStatus`.
 */
export async function syncConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
): Promise<{ connection: Connection; sync: SyncResult }> {
  authorize(ctx.caller.principal, 'tools:write');
  const connection = await getConnection(ctx, connectionId);
  switch (connection.kind) {
    case 'mcp':
    case 'stdio': {
      const listing = await readListing(ctx, connection);
      const recorded = await recordListing(ctx, connectionId, listing);
      if (!listing.ok) throw new Fault('upstream', listing.reason, { code: 'sync_failed' });
      return recorded;
    }
    case 'openapi':
      return syncDocument(ctx, connection);
    case 'catalog':
      // A connector's version is fixed: its tools move only by an upgrade.
      return { connection, sync: { ...nothingChanged } };
  }
}

async function syncDocument(
  ctx: ConnectionsCtx,
  connection: Connection,
): Promise<{ connection: Connection; sync: SyncResult }> {
  const { document_url: documentUrl, selection } = connection.metadata;
  if (!documentUrl) {
    throw new Fault('conflict', 'This document was given by hand and has no address to be read from again.', {
      code: 'nothing_to_sync',
    });
  }
  const read = await readOpenapiDocument(ctx, {
    documentUrl,
    baseUrl: connection.address,
    include: selection as Selection | undefined,
    // Admitted when the connection was made, by who may: reading it again asks for nothing new.
    admitted: connection.localOrigin,
  }).catch((error: unknown) => {
    if (error instanceof Fault && (error.kind === 'invalid' || error.kind === 'upstream')) return error;
    throw error;
  });
  if (read instanceof Fault) {
    await recordListing(ctx, connection.id, { ok: false, reason: read.message });
    throw new Fault('upstream', read.message, { code: 'sync_failed', cause: read });
  }
  const { imported } = read;
  return change(ctx, 'connection.synced', async (tx) => {
    const { organizationId } = connection;
    const before = await findConnection(tx, organizationId, { id: connection.id }, true);
    if (!before) throw notFound();
    const sync = await ctx.connectionHooks.onListed(tx, ctx.clock, before, {
      definitions: imported.tools,
      first: false,
      enable: false,
    });
    const { version } = sync;
    if (version !== null) await releaseImported(tx, ctx.clock, before, imported, version);
    const after = await updateConnectionRow(tx, organizationId, connection.id, {
      tools_status: 'synced',
      tools_synced_at: ctx.clock.now(),
      ...(hasFailed(before) ? {} : { status_reason: null }),
      ...(version === null ? {} : { connector_version: version, updated_at: ctx.clock.now() }),
    });
    const { added, changed, removed } = sync;
    return {
      result: { connection: after, sync },
      target: { type: 'connection', id: connection.id },
      changes: { added, changed, removed },
    };
  });
}

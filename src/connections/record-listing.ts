import { change, systemChange, type Acting, type Said } from '../access/index.ts';
import { notFound, type Tx } from '../kernel/index.ts';
import { releaseImported } from './connect-openapi.ts';
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
  newlyHeld: [],
  moved: false,
};

export type Recorded = { connection: Connection; sync: SyncResult };
type RecordDeps = Pick<ConnectionsCtx, 'database' | 'clock' | 'connectionHooks'>;

/** Writes what a listing brought, or why it failed, in one transaction with its audit row. */
export async function recordListing(
  ctx: Acting & Pick<ConnectionsCtx, 'connectionHooks'>,
  connectionId: string,
  listing: ReadListing,
): Promise<Recorded> {
  const { organizationId } = ctx.caller.principal;
  return change(ctx, 'connection.synced', async (tx) => {
    const before = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!before) throw notFound();
    return takeIn(tx, ctx, before, listing);
  });
}

/**
 * The same where nobody asked: an audit row of what is news alone, since most listings bring none. Null where another
 * listing was written after this one was begun at `begun`, or the connection is gone: this one may be older.
 */
export async function recordOwnListing(
  deps: RecordDeps,
  { organizationId, connectionId }: { organizationId: string; connectionId: string },
  { listing, begun }: { listing: ReadListing; begun: Date },
): Promise<Recorded | null> {
  return systemChange<Recorded | null>(deps, organizationId, 'connection.synced', async (tx) => {
    const before = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!before || (before.toolsSyncedAt !== null && before.toolsSyncedAt > begun)) {
      return { result: null, target: { type: 'connection', id: connectionId }, changes: null };
    }
    const said = await takeIn(tx, deps, before, listing);
    return isNews(before, said.result) ? said : { ...said, changes: null };
  });
}

/** Whether a listing says anything that was not known. */
function isNews(before: Connection, { connection, sync }: Recorded): boolean {
  const { added, changed, removed, newlyHeld, moved } = sync;
  const brought = [added, changed, removed, newlyHeld].some(({ length }) => length > 0);
  return brought || moved || before.toolsStatus !== connection.toolsStatus;
}

async function takeIn(
  tx: Tx,
  deps: Pick<RecordDeps, 'clock' | 'connectionHooks'>,
  before: Connection,
  listing: ReadListing,
): Promise<Said<Recorded>> {
  const { organizationId, id } = before;
  const now = deps.clock.now();
  const target = { type: 'connection', id };
  if (!listing.ok) {
    const connection = await updateConnectionRow(tx, organizationId, id, {
      tools_status: 'error',
      // Why it is not connected says more than that it could not be listed.
      ...(hasFailed(before) ? {} : { status_reason: listing.reason }),
      updated_at: now,
    });
    return { result: { connection, sync: nothingChanged }, target, changes: { failed: listing.reason } };
  }
  const first = before.toolsSyncedAt === null;
  const sync = await deps.connectionHooks.onListed(tx, deps.clock, before, {
    definitions: listing.definitions,
    first,
    enable: first && !before.newToolsOff,
  });
  const { version, added, changed, removed } = sync;
  if (version !== null && listing.imported) {
    const tools = version.definitions;
    await releaseImported(tx, deps.clock, before, { ...listing.imported, tools }, version.number);
  }
  const metadata = {
    ...before.metadata,
    ...(listing.server ? { server: storableServer(listing.server) } : {}),
    ...(listing.instructions ? { instructions: listing.instructions.slice(0, 4096) } : {}),
  };
  const connection = await updateConnectionRow(tx, organizationId, id, {
    tools_status: 'synced',
    tools_synced_at: now,
    ...(hasFailed(before) ? {} : { status_reason: null }),
    metadata: JSON.stringify(metadata),
    ...(version === null ? {} : { connector_version: version.number }),
    ...(added.length + changed.length + removed.length > 0 ? { updated_at: now } : {}),
  });
  const held = sync.newlyHeld.map((one) => one.slug);
  const changes = {
    ...firstOf('added', added),
    ...firstOf('changed', changed),
    ...firstOf('removed', removed),
    ...(held.length > 0 ? firstOf('held', held) : {}),
  };
  return { result: { connection, sync }, target, changes };
}

/** Audit rows are kept for ever, and a service may change all its names as often as it is read. */
const namedAtMost = 100;

const firstOf = (what: string, names: readonly string[]): Record<string, unknown> => ({
  [what]: names.slice(0, namedAtMost),
  ...(names.length > namedAtMost ? { [`${what}_count`]: names.length } : {}),
});

/** What a server calls itself, as the database can hold it, and no longer than anybody reads. */
function storableServer({ name, version }: { name: string; version: string }): {
  name: string;
  version: string;
} {
  const storable = (text: string): string => text.slice(0, 256).toWellFormed().replaceAll('\u0000', '');
  return { name: storable(name), version: storable(version) };
}

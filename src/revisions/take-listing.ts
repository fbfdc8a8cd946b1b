import type { Connection, Listed, TakenListing } from '../connections/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { applyListing, toolsOfConnections } from '../tools/index.ts';
import { putVersion } from './store.ts';

/**
 * Lays what a service lists over what is known, as far as the connection's policy lets it without a person. Where the
 * accepted state moved by that, the connection is on a new version of its own; the first listing is version 1, or the
 * connector's version it was connected at.
 */
export async function takeListing(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  listing: Listed,
): Promise<TakenListing> {
  const sync = await applyListing(tx, clock, connection, listing);
  if (!listing.first && !sync.moved) return { ...sync, version: null };
  const version = listing.first ? (connection.connectorVersion ?? 1) : (connection.connectorVersion ?? 1) + 1;
  await recordVersion(tx, clock, connection, {
    version,
    changelog: listing.first ? 'Connected.' : 'Accepted by the connection’s policy.',
  });
  return { ...sync, version };
}

/** Writes down what the connection serves now as one of its versions. */
export async function recordVersion(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  { version, changelog }: { version: number; changelog: string },
): Promise<void> {
  const { organizationId, id } = connection;
  const ownVersions = connection.kind !== 'catalog';
  const tools = ownVersions ? await toolsOfConnections(tx, organizationId, [id]) : [];
  const accepted = tools.filter((tool) => tool.source === 'service' && tool.vanishedAt === null);
  await putVersion(tx, {
    organization_id: organizationId,
    connection_id: id,
    version,
    definitions: ownVersions ? JSON.stringify(accepted.map((tool) => tool.accepted)) : null,
    changelog,
    created_at: clock.now(),
  });
}

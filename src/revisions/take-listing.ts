import type { Connection, Listed, TakenListing } from '../connections/index.ts';
import type { Definition } from '../connectors/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { applyListing, toolsOfConnections, type Tool } from '../tools/index.ts';
import type { Vault } from '../vault/index.ts';
import { sealSecrets } from './seal-secrets.ts';
import { dropOldVersions, highestVersions, putVersion, versionsOf } from './store.ts';

const byPolicy = 'Accepted by the connection’s policy.';
/** A service may change as often as it is read: of versions that no person made the last are kept. */
const keptAtMost = 50;

/**
 * Lays what a service lists over what is known, as far as the connection's policy lets it without a person. Where the
 * accepted state moved by that, the connection is on a new version of its own; the first listing is version 1, or the
 * connector's version it was connected at.
 */
export async function takeListing(
  tx: Tx,
  ctx: { clock: Clock; vault: Vault },
  connection: Connection,
  listing: Listed,
): Promise<TakenListing> {
  const { clock } = ctx;
  if (!listing.first) await noteCurrentVersion(tx, clock, connection);
  const sync = await applyListing(tx, clock, connection, listing);
  if (!listing.first && !sync.moved) return { ...sync, version: null };
  if (!listing.first) await sealSecrets(tx, ctx, connection);
  const number = listing.first ? (connection.connectorVersion ?? 1) : await nextVersion(tx, connection);
  const definitions = await recordVersion(tx, clock, connection, {
    version: number,
    changelog: listing.first ? 'Connected.' : byPolicy,
  });
  if (!listing.first) {
    await dropOldVersions(tx, connection, { below: number - keptAtMost, changelog: byPolicy });
  }
  return { ...sync, version: { number, definitions } };
}

/** Writes down what the connection serves now as one of its versions; answers it, where versions are its own. */
export async function recordVersion(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  { version, changelog }: { version: number; changelog: string },
): Promise<readonly Definition[]> {
  const { organizationId, id } = connection;
  const ownVersions = connection.kind !== 'catalog';
  const tools = ownVersions ? await toolsOfConnections(tx, organizationId, [id]) : [];
  const accepted = tools.filter(isOfVersion).map((tool) => tool.accepted);
  await putVersion(tx, {
    organization_id: organizationId,
    connection_id: id,
    version,
    definitions: ownVersions ? JSON.stringify(accepted) : null,
    changelog,
    created_at: clock.now(),
  });
  return accepted;
}

/** Whether a version has the tool: somebody said yes to it, and to its going nobody has. */
const isOfVersion = ({ source, acceptedAt, vanishedAt, heldSince }: Tool): boolean =>
  source === 'service' && acceptedAt !== null && (vanishedAt === null || heldSince !== null);

/** Connections from before versions were written down are on one that no row tells of: it is one they have been on. */
export async function noteCurrentVersion(tx: Tx, clock: Clock, connection: Connection): Promise<void> {
  const version = connection.connectorVersion ?? 1;
  const known = await versionsOf(tx, connection.organizationId, connection.id);
  if (known.some((one) => one.version === version)) return;
  await recordVersion(tx, clock, connection, { version, changelog: 'Connected.' });
}

/** The number of a connection's next version of its own: above every one it has been on, also after a rollback. */
export async function nextVersion(tx: Tx, connection: Connection): Promise<number> {
  const { organizationId, id, connectorVersion } = connection;
  const highest = (await highestVersions(tx, organizationId, [id])).get(id) ?? 1;
  return Math.max(highest, connectorVersion ?? 1) + 1;
}

import { fillAddress, findConnector, type ConfigField } from '../connectors/index.ts';
import { bodyProblem, canonicalJson, Fault, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { read } from '../access/index.ts';
import { checkReachable, readAddress } from './address.ts';
import { needsNoCredential, type Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { keptValues, newQuery, pathOfAddress, readConfiguration, sealQuery } from './server-address.ts';
import { updateConnectionRow } from './store.ts';

/** What a connection may be configured with: its connector's fields at its version; nothing for an imported document. */
export async function configFieldsOf(
  tx: Tx,
  ctx: Pick<ConnectionsCtx, 'catalog'>,
  connection: Connection,
): Promise<readonly ConfigField[]> {
  return (await fileOf(tx, ctx, connection))?.config ?? [];
}

async function fileOf(tx: Tx, { catalog }: Pick<ConnectionsCtx, 'catalog'>, connection: Connection) {
  const { organizationId, kind, connectorSlug, connectorVersion } = connection;
  if (kind !== 'catalog' && kind !== 'mcp') return null;
  // A server's versions are its own; its connector says no more than how it is reached.
  const version = kind === 'mcp' ? undefined : (connectorVersion ?? undefined);
  return (await findConnector(tx, catalog, organizationId, connectorSlug, version))?.file ?? null;
}

/** A configuration that has been checked, with the address it leads to. */
export type CheckedConfiguration = {
  values: Readonly<Record<string, unknown>>;
  address: string;
  /** Of a server's address, to be sealed; null: as it is. */
  query: Readonly<Record<string, string>> | null;
  /** The connector's version it was checked against. */
  version: number | null;
  path: JsonPath;
};

/**
 * Checks what a connection is to be configured with, before anything is held or written: the values, the address they
 * fill, and whether we may go there. Fault `invalid` with every problem at its place below `path`.
 */
export async function checkNewConfiguration(
  ctx: ConnectionsCtx,
  connection: Connection,
  given: Readonly<Record<string, unknown>>,
  path: JsonPath,
  options: { isReachable?: boolean } = {},
): Promise<CheckedConfiguration> {
  const file = await read(ctx, (tx) => fileOf(tx, ctx, connection));
  const { problems, values } = readConfiguration(file, given, path);
  if (problems.length > 0) throw invalid(...problems);
  const version = connection.connectorVersion;
  if (!file) return { values, address: connection.address, query: null, version, path };
  const { address, query: written } = readAddress(fillAddress(file, values, path), path);
  const query = connection.kind === 'mcp' ? newQuery(connection, written, pathOfAddress(file, path)) : null;
  const isNew = address !== connection.address;
  if (isNew && options.isReachable !== false) {
    await checkReachable(ctx.egress, address, connection.localOrigin, pathOfAddress(file, path));
  }
  return { values: keptValues(file, values), address, query, version, path };
}

/** Whether the address leads where what the connection signs in with was not given for. */
export const movesOrigin = (
  connection: Connection,
  { address, query }: Pick<CheckedConfiguration, 'address' | 'query'>,
): boolean =>
  new URL(address).origin !== new URL(connection.address).origin &&
  (!needsNoCredential(connection) || (connection.sealedSecretId !== null && query === null));

/** A credential travels to the origin it was given for and nowhere else. */
export const wantsNewCredentials = (path: JsonPath): Fault =>
  invalid(
    bodyProblem(
      'value_error',
      path,
      'This leads to another origin, and what the connection signs in with was given for the old one: give new credentials in the same request.',
    ),
  );

/**
 * Writes a checked configuration in the caller's transaction, which holds the connection. Another origin is refused
 * unless the same request gives new credentials. Fault `conflict` where the connection's version moved since the check.
 */
export async function applyConfiguration(
  tx: Tx,
  ctx: Pick<ConnectionsCtx, 'clock' | 'vault'>,
  connection: Connection,
  checked: CheckedConfiguration,
  { hasNewCredentials }: { hasNewCredentials: boolean },
): Promise<{ connection: Connection; changes: Record<string, unknown> | null }> {
  if (connection.connectorVersion !== checked.version) {
    throw new Fault('conflict', 'The connection has moved to another version meanwhile. Try again.');
  }
  if (movesOrigin(connection, checked)) {
    // Sealed parts of the address itself belong to it: they stay behind with it.
    const keepsSealed = connection.sealedSecretId !== null && checked.query === null;
    if (!hasNewCredentials || keepsSealed) throw wantsNewCredentials(checked.path);
  }
  const isSame =
    canonicalJson(checked.values) === canonicalJson(connection.config) &&
    checked.address === connection.address &&
    checked.query === null;
  if (isSame) return { connection, changes: null };
  const isElsewhere = new URL(checked.address).origin !== new URL(connection.address).origin;
  const after = await updateConnectionRow(tx, connection.organizationId, connection.id, {
    config: JSON.stringify(checked.values),
    address: checked.address,
    // It was admitted for its origin alone.
    ...(isElsewhere ? { local_origin: null } : {}),
    ...(checked.query === null ? {} : await sealQuery(tx, ctx, connection, checked.query)),
    updated_at: ctx.clock.now(),
  });
  if (connection.sealedSecretId !== null && after.sealedSecretId !== connection.sealedSecretId) {
    await ctx.vault.discard(tx, connection.organizationId, [connection.sealedSecretId]);
  }
  return {
    connection: after,
    changes: {
      config: { from: connection.config, to: checked.values },
      ...(checked.query === null
        ? {}
        : { query: { from: connection.metadata.query ?? [], to: Object.keys(checked.query) } }),
      ...(after.address === connection.address
        ? {}
        : { address: { from: connection.address, to: after.address } }),
    },
  };
}

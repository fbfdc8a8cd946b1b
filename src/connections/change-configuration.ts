import { checkConfiguration, fillAddress, findConnector, type ConfigField } from '../connectors/index.ts';
import { bodyProblem, canonicalJson, Fault, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { read } from '../access/index.ts';
import { checkReachable, readAddress } from './address.ts';
import { needsNoCredential, type Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { updateConnectionRow } from './store.ts';

/** What a connection may be configured with: its connector's fields at its version; nothing but for a catalog connector. */
export async function configFieldsOf(
  tx: Tx,
  ctx: Pick<ConnectionsCtx, 'catalog'>,
  connection: Connection,
): Promise<readonly ConfigField[]> {
  return (await fileOf(tx, ctx, connection))?.config ?? [];
}

async function fileOf(tx: Tx, { catalog }: Pick<ConnectionsCtx, 'catalog'>, connection: Connection) {
  const { organizationId, kind, connectorSlug, connectorVersion } = connection;
  if (kind !== 'catalog') return null;
  const version = connectorVersion ?? undefined;
  return (await findConnector(tx, catalog, organizationId, connectorSlug, version))?.file ?? null;
}

/** A configuration that has been checked, with the address it leads to. */
export type CheckedConfiguration = {
  values: Readonly<Record<string, unknown>>;
  address: string;
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
  const { problems, values } = checkConfiguration(file?.config ?? [], given, path);
  if (problems.length > 0) throw invalid(...problems);
  const version = connection.connectorVersion;
  if (!file) return { values, address: connection.address, version, path };
  const { address } = readAddress(fillAddress(file, values, path), path);
  const isNew = address !== connection.address;
  if (isNew && options.isReachable !== false) {
    await checkReachable(ctx.egress, address, connection.localOrigin, path);
  }
  return { values, address, version, path };
}

/** Whether the address leads where what the connection signs in with was not given for. */
export const movesOrigin = (connection: Connection, { address }: { address: string }): boolean =>
  new URL(address).origin !== new URL(connection.address).origin &&
  (!needsNoCredential(connection) || connection.sealedSecretId !== null);

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
  ctx: Pick<ConnectionsCtx, 'clock'>,
  connection: Connection,
  checked: CheckedConfiguration,
  { hasNewCredentials }: { hasNewCredentials: boolean },
): Promise<{ connection: Connection; changes: Record<string, unknown> | null }> {
  if (connection.connectorVersion !== checked.version) {
    throw new Fault('conflict', 'The connection has moved to another version meanwhile. Try again.');
  }
  if (movesOrigin(connection, checked)) {
    // Sealed parts of the address itself belong to it, and no request replaces them.
    if (!hasNewCredentials || connection.sealedSecretId !== null) throw wantsNewCredentials(checked.path);
  }
  const isSame =
    canonicalJson(checked.values) === canonicalJson(connection.config) &&
    checked.address === connection.address;
  if (isSame) return { connection, changes: null };
  const after = await updateConnectionRow(tx, connection.organizationId, connection.id, {
    config: JSON.stringify(checked.values),
    address: checked.address,
    updated_at: ctx.clock.now(),
  });
  return {
    connection: after,
    changes: {
      config: { from: connection.config, to: checked.values },
      ...(after.address === connection.address
        ? {}
        : { address: { from: connection.address, to: after.address } }),
    },
  };
}

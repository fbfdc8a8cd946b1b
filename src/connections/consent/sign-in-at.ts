import { findConnector, type AuthMethod, type Catalog, type ConnectorFile } from '../../connectors/index.ts';
import type { Tx } from '../../kernel/index.ts';
import type { Connection } from '../connection.ts';
import { findAppOf, givenClients } from '../clients/oauth-client-store.ts';
import { usualMethod } from '../sign-in.ts';

/** How people sign in at a connection, and the connector file that says more about it. */
export type SignInAt = { connection: Connection; method: AuthMethod; file: ConnectorFile | null };

/** How people sign in at a connection as it is configured, its own scopes included. */
export async function signInAt(
  tx: Tx,
  deps: { catalog: Catalog },
  connection: Connection,
): Promise<SignInAt> {
  const at = await usualSignInAt(tx, deps, connection);
  if (!('scopes' in at.method || at.method.type === 'mcp_oauth')) return at;
  const own = (await givenClients(tx, connection.organizationId, [connection.id])).get(connection.id);
  return own?.scopes_override ? { ...at, method: { ...at.method, scopes: own.scopes_override } } : at;
}

/**
 * A connection signs in as it was made to. One that was made by a pack's naming its connector was made without
 * anybody choosing: there the organization's own app, once it has one, saves everybody the looking for keys.
 */
export async function usualSignInAt(
  tx: Tx,
  deps: { catalog: Catalog },
  connection: Connection,
): Promise<SignInAt> {
  const { organizationId, connectorSlug, connectorVersion } = connection;
  const entry =
    (await findConnector(tx, deps.catalog, organizationId, connectorSlug, connectorVersion ?? undefined)) ??
    (await findConnector(tx, deps.catalog, organizationId, connectorSlug));
  const file = entry?.file ?? null;
  const method =
    connection.metadata.default && !connection.metadata.method_chosen && file
      ? await methodWithApp(tx, organizationId, file, connection.auth)
      : connection.auth;
  return { connection, method, file };
}

/** The method a newcomer is offered: OAuth where the organization has an app for it, else the usual one. */
export async function methodWithApp(
  tx: Tx,
  organizationId: string,
  file: ConnectorFile,
  otherwise: AuthMethod = usualMethod(file.auth),
): Promise<AuthMethod> {
  const oauth = file.auth.find((method) => method.type === 'oauth2');
  if (!oauth || otherwise.type === 'none') return otherwise;
  return (await findAppOf(tx, organizationId, file.slug)) ? oauth : otherwise;
}

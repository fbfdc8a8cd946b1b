import { fillTemplate, type AuthMethod } from '../../connectors/index.ts';
import { serverOf, type Drivers, type OAuthClient, type OAuthServer } from '../../drivers/index.ts';
import { Fault, newId, type Clock, type Database, type Tx } from '../../kernel/index.ts';
import type { Vault } from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import {
  bindClient,
  clientsOfConnection,
  findAppOf,
  insertOAuthClient,
  type OAuthClientRow,
} from './oauth-client-store.ts';
import { canServeMetadata, clientMetadataUrl, ownRedirectUriOf, redirectUriOf } from './client-metadata.ts';
import type { SignInAt } from '../consent/sign-in-at.ts';

export type OAuthDeps = {
  database: Database;
  clock: Clock;
  vault: Vault;
  drivers: Pick<Drivers, 'oauth'>;
  publicUrl: string;
};

/** The authorization server: from the connector's file, or as an MCP server says. Fault `upstream` where it says nothing usable. */
export async function serverAt(deps: Pick<OAuthDeps, 'drivers'>, at: SignInAt): Promise<OAuthServer> {
  const { connection, method, file } = at;
  switch (method.type) {
    case 'oauth2':
    case 'oauth2_client_credentials': {
      const fill = (template: string): string =>
        file ? fillTemplate(template, file, connection.config) : template;
      const server = serverOf(method, fill);
      // An MCP server whose addresses were given by hand is still one resource of its authorization server.
      const resource = connection.kind === 'mcp' ? connection.address : server.resource;
      return { ...server, resource };
    }
    case 'mcp_oauth': {
      const { localOrigin } = connection;
      const wished = method.scopes?.length ? { scopes: method.scopes } : {};
      return (await deps.drivers.oauth.discover(connection.address, { localOrigin, ...wished })).server;
    }
    case 'none':
    case 'bearer':
    case 'api_key':
    case 'basic':
      throw new Fault('conflict', 'This connection does not sign in with OAuth.', { code: 'not_oauth' });
  }
}

/** What we are at a server, and where it sends people back to. */
export type KnownAs = { client: OAuthClient; redirectUri: string };

const clientOf = (row: OAuthClientRow): OAuthClient => ({
  clientId: row.client_id,
  auth: row.client_auth,
  secretId: row.secret_id,
});

/**
 * What a connection is at its authorization server: the client it was given, else the organization's app, else (for
 * MCP servers) the address of our own metadata document, else a client registered for this connection, issuer and
 * redirect address. Null: the organization has to bring an app.
 */
export async function clientAt(deps: OAuthDeps, at: SignInAt, server: OAuthServer): Promise<KnownAs | null> {
  const { connection, method } = at;
  const { organizationId } = connection;
  const { own, given } = await deps.database.transaction({ organizationId }, async (tx) => {
    const rows = await clientsOfConnection(tx, organizationId, connection.id);
    const found =
      rows.find((row) => row.registration === 'given') ??
      (await findAppOf(tx, organizationId, connection.connectorSlug));
    return { own: rows, given: found && (await bindClient(tx, found, secretIsFor(method, server))) };
  });
  if (given) {
    // An MCP server cannot name another authorization server for it, nor a connection's settings another host.
    if (given.issuer !== secretIsFor(method, server)) throw otherServer();
    return { client: clientOf(given), redirectUri: redirectUriOf(deps.publicUrl) };
  }
  if (method.type !== 'mcp_oauth') return null;
  const redirectUri = ownRedirectUriOf(deps.publicUrl);
  if (server.takesMetadataDocument && canServeMetadata(deps.publicUrl)) {
    const client = { clientId: clientMetadataUrl(deps.publicUrl), auth: 'none', secretId: null } as const;
    return { client, redirectUri };
  }
  const now = deps.clock.now();
  const known = own.find(
    (row) =>
      row.registration === 'dynamic' &&
      row.issuer === server.issuer &&
      row.redirect_uri === redirectUri &&
      (row.expires_at === null || row.expires_at > now),
  );
  if (known) return { client: clientOf(known), redirectUri };
  if (server.registrationUrl === null) return null;
  return { client: await register(deps, connection, server, redirectUri), redirectUri };
}

/** Where the organization has to bring its own app first. */
export const appMissing = (): Fault =>
  new Fault(
    'conflict',
    'This service takes no clients it does not know: the organization has to register an OAuth app there first.',
    { code: 'oauth_app_missing' },
  );

/**
 * Whom a given client's secret is sent to, and nobody else: the issuer that a server names, or the origin of the
 * token address where a connector file or a person names it.
 */
export const secretIsFor = (method: AuthMethod, server: Pick<OAuthServer, 'issuer' | 'tokenUrl'>): string =>
  method.type === 'mcp_oauth' && server.issuer !== null ? server.issuer : new URL(server.tokenUrl).origin;

const otherServer = (): Fault =>
  new Fault(
    'upstream',
    'The OAuth client was given for another server, and its secret is sent to no other. Give this connection a client of its own.',
    { code: 'oauth_unsafe' },
  );

/** Whether a connection has been given a client, or its organization an app for its connector. */
export async function hasGivenClient(tx: Tx, connection: Connection): Promise<boolean> {
  const { organizationId } = connection;
  const own = await clientsOfConnection(tx, organizationId, connection.id);
  if (own.some((row) => row.registration === 'given')) return true;
  return (await findAppOf(tx, organizationId, connection.connectorSlug)) !== undefined;
}

/** The old ones stay: credentials were had as them, and they go with the connection. */
async function register(
  deps: OAuthDeps,
  connection: Connection,
  server: OAuthServer,
  redirectUri: string,
): Promise<OAuthClient> {
  const { organizationId, localOrigin } = connection;
  const client = { redirectUri, name: 'Toolcrib' };
  const registered = await deps.drivers.oauth.register(server, client, { localOrigin });
  const now = deps.clock.now();
  return deps.database.transaction({ organizationId }, async (tx) => {
    const secretId = registered.secret ? await deps.vault.keep(tx, organizationId, registered.secret) : null;
    const row = await insertOAuthClient(tx, {
      organization_id: organizationId,
      oauth_client_id: newId(),
      connection_id: connection.id,
      registration: 'dynamic',
      issuer: server.issuer,
      client_id: registered.clientId,
      secret_id: secretId,
      client_auth: registered.auth,
      redirect_uri: redirectUri,
      expires_at: registered.expiresAt,
      created_at: now,
      updated_at: now,
    });
    return clientOf(row);
  });
}

import { fillTemplate, type AuthMethod, type ConnectorFile } from '../../connectors/index.ts';
import type { ClientAuth, OAuthServer } from '../../drivers/index.ts';
import { bodyProblem, Fault, invalid, newId, type JsonPath, type Tx } from '../../kernel/index.ts';
import type { Plaintext } from '../../vault/index.ts';
import { canServeMetadata, redirectUriOf } from './client-metadata.ts';
import type { Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { insertOAuthClient } from './oauth-client-store.ts';

/** What somebody registered at an authorization server for one connection. */
export type GivenClient = { clientId: string; clientSecret: Plaintext | null };

/** How an MCP server is signed in to with OAuth, besides what it says itself. */
export type OAuthWish = {
  client?: GivenClient | null;
  /** Both where the server announces none. */
  authorizeUrl?: string | null;
  tokenUrl?: string | null;
  scopes?: readonly string[] | null;
};

/** Where the parts of the wish stand in the body, for error places. */
export type OAuthPaths = { clientId: JsonPath; authorizeUrl: JsonPath; tokenUrl: JsonPath };
export const usualPaths: OAuthPaths = {
  clientId: ['oauth_client_id'],
  authorizeUrl: ['oauth_authorize_url'],
  tokenUrl: ['oauth_token_url'],
};

/** What a new MCP connection that signs in with OAuth is written with. */
export type PreparedOAuth = {
  method: AuthMethod;
  issuer: string | null;
  auth: ClientAuth;
  scopes: readonly string[];
};

/**
 * Asks the server how people sign in to it, so that what cannot work is said at once. Addresses given by hand stand in
 * its place. Fault `invalid` where a client is needed and none was given, `upstream` where the server says nothing usable.
 */
export async function prepareOAuth(
  ctx: ConnectionsCtx,
  place: { address: string; localOrigin: string | null },
  wish: OAuthWish,
  paths: OAuthPaths = usualPaths,
): Promise<PreparedOAuth> {
  const { client = null, scopes = null } = wish;
  const given = await givenAddresses(ctx, place.localOrigin, wish, paths);
  const wished = scopes?.length ? { scopes } : {};
  if (given) {
    if (!client) throw needsClient(paths);
    const auth = client.clientSecret ? 'client_secret_basic' : 'none';
    const method: AuthMethod = {
      type: 'oauth2',
      ...given,
      scopes: scopes ?? [],
      pkce: true,
      client_auth: auth,
      rotation: true,
      margin_seconds: 60,
    };
    return { method, issuer: new URL(given.token_url).origin, auth, scopes: scopes ?? [] };
  }
  const { localOrigin } = place;
  const { server } = await ctx.drivers.oauth.discover(place.address, { localOrigin, ...wished });
  const needsNone =
    server.registrationUrl !== null || (server.takesMetadataDocument && canServeMetadata(ctx.publicUrl));
  if (!client && !needsNone) throw needsClient(paths);
  return {
    method: { type: 'mcp_oauth', ...wished },
    issuer: server.issuer,
    auth: client?.clientSecret ? authAt(server) : 'none',
    scopes: server.scopes,
  };
}

async function givenAddresses(
  ctx: ConnectionsCtx,
  localOrigin: string | null,
  { authorizeUrl = null, tokenUrl = null }: OAuthWish,
  paths: OAuthPaths,
): Promise<{ authorization_url: string; token_url: string } | null> {
  if (authorizeUrl === null && tokenUrl === null) return null;
  if (authorizeUrl === null || tokenUrl === null) {
    const path = authorizeUrl === null ? paths.authorizeUrl : paths.tokenUrl;
    throw invalid(bodyProblem('missing', path, 'Give both addresses, or neither.'));
  }
  await ctx.egress.check(authorizeUrl, { localOrigin, path: paths.authorizeUrl });
  await ctx.egress.check(tokenUrl, { localOrigin, path: paths.tokenUrl });
  return { authorization_url: authorizeUrl, token_url: tokenUrl };
}

const authAt = ({ clientAuths }: OAuthServer): ClientAuth =>
  clientAuths.includes('client_secret_basic') || !clientAuths.includes('client_secret_post')
    ? 'client_secret_basic'
    : 'client_secret_post';

const needsClient = ({ clientId }: OAuthPaths): Fault =>
  invalid(
    bodyProblem(
      'missing',
      clientId,
      'This server takes no clients it does not know: register one there and give its id.',
    ),
  );

/** Fault `invalid` where a method signs in without a client. */
export function checkTakesClient(method: AuthMethod, path: JsonPath): void {
  if (method.type === 'oauth2' || method.type === 'oauth2_client_credentials') return;
  throw invalid(bodyProblem('value_error', path, 'This sign-in method needs no client.'));
}

/** How a client given for a method of a connector file proves itself, and whom its secret is for. */
export const givenAt = (
  method: AuthMethod,
  named: TokenNames,
): { issuer: string | null; auth: ClientAuth } => ({
  issuer: tokenOriginOf(method, named),
  auth: ('client_auth' in method ? method.client_auth : undefined) ?? 'client_secret_basic',
});

/** What a token address is filled with; an imported document's stands as it is. */
type TokenNames = { file: ConnectorFile | null; config: Readonly<Record<string, unknown>> };

/** The origin of the token address with a connection's settings; null where the server itself will name it. */
export function tokenOriginOf(method: AuthMethod, { file, config }: TokenNames): string | null {
  if (!('token_url' in method)) return null;
  const address = file ? fillTemplate(method.token_url, file, config) : method.token_url;
  return URL.parse(address)?.origin ?? null;
}

/** Writes a client that was given for one connection, before anything is had with it. */
export async function keepGivenClient(
  tx: Tx,
  ctx: Pick<ConnectionsCtx, 'vault' | 'clock' | 'publicUrl'>,
  connection: Connection,
  client: GivenClient,
  at: { issuer: string | null; auth: ClientAuth },
): Promise<void> {
  const { organizationId } = connection;
  const now = ctx.clock.now();
  await insertOAuthClient(tx, {
    organization_id: organizationId,
    oauth_client_id: newId<'oauth_client'>(),
    connection_id: connection.id,
    registration: 'given',
    issuer: at.issuer,
    client_id: client.clientId,
    secret_id: client.clientSecret && (await ctx.vault.keep(tx, organizationId, client.clientSecret)),
    client_auth: client.clientSecret ? at.auth : 'none',
    redirect_uri: redirectUriOf(ctx.publicUrl),
    created_at: now,
    updated_at: now,
  });
}

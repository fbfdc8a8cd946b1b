import assert from 'node:assert/strict';
import { createPkce } from '../../src/drivers/index.ts';
import type { OAuth, OAuthClient, OAuthGrant, OAuthServer, Tokens } from '../../src/drivers/index.ts';
import { createOAuth } from '../../src/drivers/oauth/create-oauth.ts';
import { oauthLimits } from '../../src/drivers/oauth/limits.ts';
import type { OAuthLimits } from '../../src/drivers/oauth/limits.ts';
import { createEgress } from '../../src/egress/index.ts';
import { reveal } from '../../src/vault/plaintext.ts';
import type { Unsealer } from '../../src/vault/index.ts';
import { openVault } from './drivers.ts';
import { startOidcProvider } from './oauth-server.ts';
import type { OidcOptions } from './oauth-server.ts';
import { startProtectedMcp } from './protected-mcp.ts';
import type { ProtectedOptions } from './protected-mcp.ts';
import { startRotatingServer } from './rotating-server.ts';
import type { RotatingOptions } from './rotating-server.ts';

// The real OAuth client with real authorization servers around it, for tests that need nothing else of the product.

const open: { close(): Promise<void> }[] = [];
/** For `after`: closes what a test file has opened. */
export async function closeAll(): Promise<void> {
  for (const one of open.toReversed()) await one.close();
}
export const opened = async <Thing extends { close(): Promise<void> }>(
  starting: Promise<Thing>,
): Promise<Thing> => {
  const thing = await starting;
  open.push(thing);
  return thing;
};
export const rotating = (options?: RotatingOptions) => opened(startRotatingServer(options));
export const certified = (options?: OidcOptions) => opened(startOidcProvider(options));
export const protectedMcp = (options: ProtectedOptions) => opened(startProtectedMcp(options));

/** Stands in for the vault's rows: what a test keeps is opened by the real signer. */
export const credentials: Record<string, Record<string, string>> = {};
export const secrets: Record<string, string> = { 'client-secret': 'toolcrib-secret' };
const vault: Unsealer = openVault(credentials, secrets);

export const client = (more: { allow?: string[]; limits?: Partial<OAuthLimits> } = {}): OAuth => {
  const egress = createEgress({ allow: more.allow ?? ['127.0.0.1'], ownPort: null });
  open.push(egress);
  return createOAuth({ egress, unsealer: vault, limits: { ...oauthLimits, ...more.limits } });
};
export const oauth = client();

export const redirectUri = 'http://127.0.0.1:1/callback';
export const reach = { localOrigin: null };
export const confidential: OAuthClient = {
  clientId: 'toolcrib',
  auth: 'client_secret_basic',
  secretId: 'client-secret',
};
export const serverAt = (url: string, more: Partial<OAuthServer> = {}): OAuthServer => ({
  issuer: url,
  authorizationUrl: `${url}/authorize`,
  tokenUrl: `${url}/token`,
  revocationUrl: `${url}/revoke`,
  registrationUrl: `${url}/register`,
  sendsIssuer: true,
  pkce: true,
  clientAuths: ['client_secret_basic', 'client_secret_post', 'none'],
  takesMetadataDocument: false,
  scopes: ['read'],
  resource: null,
  authorizationParams: {},
  tokenParams: {},
  tokenPaths: {},
  marginSeconds: 60,
  ...more,
});

/** One authorization by whoever `walk` sends to the page; the answer is changed before it is taken. */
export async function authorize(
  server: OAuthServer,
  as: OAuthClient,
  walk: (url: string) => Promise<URL>,
  change: (parameters: URLSearchParams) => void = () => undefined,
): Promise<Tokens> {
  const { verifier, challenge } = createPkce();
  secrets['verifier'] = reveal(verifier);
  const request = { redirectUri, state: 'the-state', challenge, scopes: ['read', 'write'] };
  const back = await walk(oauth.authorizationUrl(server, as, request));
  assert.equal(back.origin + back.pathname, redirectUri);
  const parameters = back.searchParams;
  change(parameters);
  return oauth.exchange({
    organizationId: 'o1',
    server,
    client: as,
    parameters,
    state: 'the-state',
    redirectUri,
    verifierSecretId: server.pkce ? 'verifier' : null,
    ...reach,
  });
}

/** Puts tokens where a credential has them. */
export function keep(credentialId: string, tokens: Tokens): void {
  credentials[credentialId] = {
    ...credentials[credentialId],
    access_token: reveal(tokens.accessToken),
    ...(tokens.refreshToken ? { refresh_token: reveal(tokens.refreshToken) } : {}),
  };
}
export const refresh = (
  grant: OAuthGrant,
  credentialId = 'k1',
  signal = new AbortController().signal,
  by = oauth,
) => by.refresh({ organizationId: 'o1', credentialId, grant, scopes: null, localOrigin: null, signal });

import type { AuthMethod } from '../../connectors/index.ts';
import type { OAuthServer } from './types.ts';

export type OAuthMethod = Extract<AuthMethod, { type: 'oauth2' | 'oauth2_client_credentials' }>;

/** Client credentials need no person, so an early refresh costs little. */
const usualMargin = 60;

/**
 * The authorization server a connector file describes. `fill` puts the connection's configuration into its addresses
 * (`fillTemplate`). Discovered servers (`mcp_oauth`) come from `oauth.discover`.
 */
export function serverOf(
  method: OAuthMethod,
  fill: (template: string) => string = (text) => text,
): OAuthServer {
  const common = {
    tokenUrl: fill(method.token_url),
    registrationUrl: null,
    takesMetadataDocument: false,
    scopes: method.scopes,
    resource: null,
    tokenPaths: method.token_paths ?? {},
    ...(method.token_format ? { tokenFormat: method.token_format } : {}),
    ...(method.token_headers ? { tokenHeaders: method.token_headers } : {}),
    marginSeconds: method.margin_seconds ?? usualMargin,
  };
  if (method.type === 'oauth2_client_credentials') {
    return {
      ...common,
      issuer: null,
      authorizationUrl: null,
      revocationUrl: null,
      sendsIssuer: false,
      pkce: false,
      clientAuths: [method.client_auth ?? 'client_secret_basic'],
      authorizationParams: {},
      tokenParams: method.token_params ?? {},
    };
  }
  return {
    ...common,
    issuer: method.issuer === undefined ? null : fill(method.issuer),
    authorizationUrl: fill(method.authorization_url),
    revocationUrl: method.revocation_url === undefined ? null : fill(method.revocation_url),
    // A file may name an issuer before every app of the service sends it, so an answer without one is taken.
    sendsIssuer: false,
    pkce: method.pkce,
    clientAuths: [method.client_auth],
    ...(method.scope_separator ? { scopeSeparator: method.scope_separator } : {}),
    authorizationParams: method.authorization_params ?? {},
    tokenParams: {},
  };
}

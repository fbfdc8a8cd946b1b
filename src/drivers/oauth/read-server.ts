import { isObject } from '../../kernel/index.ts';
import type { Fault } from '../../kernel/index.ts';
import { oauthFault } from './oauth-fault.ts';
import { isSafeAddress, unsafeAddress } from './safe-address.ts';
import type { ClientAuth, OAuthServer } from './types.ts';

const known: readonly ClientAuth[] = ['client_secret_basic', 'client_secret_post', 'none'];
/** Seconds before expiry at which tokens of a discovered server are refreshed. */
const usualMargin = 60;

/** Which member of the metadata is what of ours. */
const addresses = {
  authorizationUrl: 'authorization_endpoint',
  tokenUrl: 'token_endpoint',
  revocationUrl: 'revocation_endpoint',
  registrationUrl: 'registration_endpoint',
} as const;

/**
 * An authorization server's metadata (RFC 8414, OpenID Connect Discovery) as a server to use. `issuer` is the
 * identifier its address was made of; the document has to name the same, letter for letter. Throws Fault `upstream`:
 * `oauth_unsafe` for a foreign issuer, no PKCE with S256 or a plain http address, `oauth_undiscovered` for what we
 * do not speak.
 */
export function readServer(document: unknown, issuer: string, resource: string): OAuthServer {
  if (!isObject(document)) throw unusable();
  if (document['issuer'] !== issuer) {
    throw oauthFault(
      'oauth_unsafe',
      'The authorization server calls itself by another name than the one it was found under.',
    );
  }
  const found = Object.fromEntries(
    Object.entries(addresses).map(([ours, theirs]) => [ours, addressOf(document, theirs)]),
  ) as Record<keyof typeof addresses, string | null>;
  if (found.authorizationUrl === null || found.tokenUrl === null) throw unusable();
  if (!list(document['code_challenge_methods_supported']).includes('S256')) {
    throw oauthFault('oauth_unsafe', 'The authorization server does not say that it takes PKCE with S256.');
  }
  const responses = document['response_types_supported'];
  if (responses !== undefined && !list(responses).includes('code')) throw unusable();
  const takesMetadataDocument = document['client_id_metadata_document_supported'] === true;
  // RFC 8414: where it says nothing, it takes client_secret_basic.
  const said = document['token_endpoint_auth_methods_supported'];
  const clientAuths = known.filter((one) =>
    (said === undefined ? ['client_secret_basic'] : list(said)).includes(one),
  );
  if (clientAuths.length === 0 && !takesMetadataDocument) throw unusable();
  return {
    ...found,
    tokenUrl: found.tokenUrl,
    issuer,
    sendsIssuer: document['authorization_response_iss_parameter_supported'] === true,
    pkce: true,
    clientAuths,
    takesMetadataDocument,
    scopes: [],
    resource,
    authorizationParams: {},
    tokenParams: {},
    tokenPaths: {},
    marginSeconds: usualMargin,
  };
}

/** Refresh tokens of OpenID Connect servers come with this scope, which the server then lists. */
export const offersOfflineAccess = (document: unknown): boolean =>
  isObject(document) && list(document['scopes_supported']).includes('offline_access');

function addressOf(document: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = document[name];
  if (value === undefined || value === null) return null;
  // A page a person is sent to must not be a script, and a token must not travel in the open.
  if (typeof value !== 'string' || !isSafeAddress(value)) throw unsafeAddress(`Its ${name}`);
  return value;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const unusable = (): Fault =>
  oauthFault('oauth_undiscovered', 'The authorization server does not offer a sign-in that is spoken here.');

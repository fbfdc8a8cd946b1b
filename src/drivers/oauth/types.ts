import type { TokenPaths } from '../../connectors/index.ts';
import type { Plaintext } from '../../vault/index.ts';

/** How we prove at the token endpoint who we are. */
export type ClientAuth = 'client_secret_basic' | 'client_secret_post' | 'none';

/** An authorization server as one connection uses it: from a connector file, or discovered. Nothing secret. */
export type OAuthServer = {
  /** Null where a connector file names a service that publishes no metadata. */
  issuer: string | null;
  /** Null for client credentials: nobody is sent anywhere. */
  authorizationUrl: string | null;
  tokenUrl: string;
  revocationUrl: string | null;
  /** Where clients register themselves (RFC 7591), or null. */
  registrationUrl: string | null;
  /** The server says that it puts `iss` into its answers (RFC 9207): then an answer without it is refused. */
  sendsIssuer: boolean;
  /** False only where a connector file says that the service lacks it. */
  pkce: boolean;
  clientAuths: readonly ClientAuth[];
  /** A client id may be the address of a metadata document. */
  takesMetadataDocument: boolean;
  /** What to ask for when nobody says otherwise. */
  scopes: readonly string[];
  /** What parts them in the authorization request: a space unless a connector file says otherwise. */
  scopeSeparator?: ' ' | ',';
  /** RFC 8707: sent with every request where tokens are had for one resource. */
  resource: string | null;
  authorizationParams: Readonly<Record<string, string>>;
  tokenParams: Readonly<Record<string, string>>;
  tokenPaths: TokenPaths;
  /** How token and revocation requests are written: as a form, unless a connector file says that the service wants JSON. */
  tokenFormat?: 'form' | 'json';
  /** Further headers of these requests, such as a version of the API. Never a secret. */
  tokenHeaders?: Readonly<Record<string, string>>;
  /** Seconds before expiry at which a token is refreshed. */
  marginSeconds: number;
};

/** What we are at that server. The secret is in the vault. */
export type OAuthClient = { clientId: string; auth: ClientAuth; secretId: string | null };

/** What a credential keeps so that its tokens can be refreshed and revoked: `credentials.oauth`. */
export type OAuthGrant = {
  grant: 'authorization_code' | 'client_credentials';
  server: OAuthServer;
  client: OAuthClient;
};

/** Tokens as they came, on their way into the vault. */
export type Tokens = {
  accessToken: Plaintext;
  /** Null: none came (after a refresh: the old one stays). */
  refreshToken: Plaintext | null;
  /** Null: nobody said. An odd `expires_in` counts as unsaid. */
  expiresAt: Date | null;
  /** What was granted where the server said so; else null: what was asked for. */
  scopes: readonly string[] | null;
};

/** What became of a refresh. Terminal: `invalid_grant` and its like, never tried again. */
export type Refreshed =
  | { kind: 'tokens'; tokens: Tokens }
  | { kind: 'terminal'; reason: string }
  /** It may pass: time-out, 429, 5xx, an answer that is no token. `retryAfter` in seconds where it was said. */
  | { kind: 'passing'; reason: string; retryAfter: number | null };

export type Registered = {
  clientId: string;
  secret: Plaintext | null;
  auth: ClientAuth;
  expiresAt: Date | null;
};

/** What an MCP server says about signing in to it. */
export type Discovered = {
  server: OAuthServer;
  takesRegistration: boolean;
  /** Scopes the challenge or the resource's metadata names; with offline_access where refresh tokens need it. */
  scopes: readonly string[];
};

type Reach = { localOrigin: string | null };
export type TokenRequest = Reach & { organizationId: string; server: OAuthServer; client: OAuthClient };

/**
 * The OAuth client. Every address passes the egress guard; nothing is followed; answers are capped in bytes and
 * time. Failures are Fault `upstream` with one of the codes below and a sentence of ours; texts of a server are cut
 * and cleaned.
 */
export type OAuth = {
  /**
   * How to sign in to an MCP server: its challenge, protected-resource metadata by header and by path, then the
   * authorization server's metadata in each form, issuer compared exactly. Code `oauth_undiscovered` when it needs
   * none or says nothing usable, `oauth_unsafe` when it does (no S256, foreign issuer or resource).
   */
  discover(serverUrl: string, reach: Reach & { scopes?: readonly string[] }): Promise<Discovered>;
  /** A client of our own by dynamic registration. Code `oauth_registration`. */
  register(
    server: OAuthServer,
    client: { redirectUri: string; name: string },
    reach: Reach,
  ): Promise<Registered>;
  /** The page at the service the person is sent to. Pure. */
  authorizationUrl(
    server: OAuthServer,
    client: OAuthClient,
    request: { redirectUri: string; state: string; challenge: string | null; scopes: readonly string[] },
  ): string;
  /**
   * Takes the answer that came to the redirect address and trades its code for tokens. `verifierSecretId` is null
   * where the service lacks PKCE. Codes `oauth_denied` (the person or the server said no), `oauth_answer` (not an
   * answer to this request: issuer, state), `oauth_exchange`.
   */
  exchange(
    request: TokenRequest & {
      parameters: URLSearchParams;
      state: string;
      redirectUri: string;
      verifierSecretId: string | null;
    },
  ): Promise<Tokens>;
  /** Tokens of the client's own. Code `oauth_exchange`; details.terminal says whether another try is of use. */
  clientCredentials(request: TokenRequest & { scopes: readonly string[] }): Promise<Tokens>;
  /** One refresh with the credential's refresh token (for client credentials: a new token). Never throws Fault `upstream`. */
  refresh(request: {
    organizationId: string;
    credentialId: string;
    grant: OAuthGrant;
    scopes: readonly string[] | null;
    localOrigin: string | null;
    signal: AbortSignal;
  }): Promise<Refreshed>;
  /** RFC 7009, refresh token first. Null: the service has no way to revoke; false: it did not answer with success. */
  revoke(request: {
    organizationId: string;
    credentialId: string;
    /** Field to secret id where the tokens are in no credential any more: they are opened there instead. */
    sealed?: Readonly<Record<string, string>>;
    grant: OAuthGrant;
    localOrigin: string | null;
  }): Promise<boolean | null>;
};

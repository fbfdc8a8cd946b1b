import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider, errors, type ClientMetadata } from 'oidc-provider';
import { approve } from './person.ts';

export { approve, createPerson } from './person.ts';

export type OidcOptions = {
  /**
   * Clients it knows beforehand, in RFC 7591's words. Two when nothing is said: `toolcrib` with the secret
   * `toolcrib-secret` (client_secret_basic), and `toolcrib-public` without one; both with `redirectUris`.
   */
  clients?: readonly ClientMetadata[];
  redirectUris?: readonly string[];
  /** Scopes besides openid and offline_access; every resource has them too. `read`, `write`, `admin` unless said. */
  scopes?: readonly string[];
  /** Resource indicators it admits (RFC 8707); a request for another one gets invalid_target. `any` admits all. */
  resources?: readonly string[] | 'any';
  /** Seconds an access token lives; 3600 unless said. */
  accessTtl?: number;
  /** Dynamic registration (RFC 7591) at /reg; off unless said. */
  registration?: boolean;
  /**
   * Client id metadata documents: on when this is given. Answers the document behind an https address, which no
   * loopback server could serve.
   */
  metadataDocument?: (url: string) => Promise<object | null> | object | null;
};

export type OidcServer = {
  /** `http://127.0.0.1:port`: metadata in both well-known forms, /auth, /token, /token/revocation, /reg. */
  issuer: string;
  /** Whoever presses the button next is this account; `person-1` unless said. */
  account: string;
  /** Paths asked for, in order, without the query: `/token`. */
  paths: string[];
  /** Bearers that arrived at /api/*, in order. */
  bearers: { path: string; bearer: string | null; status: number }[];
  approve: typeof approve;
  close(): Promise<void>;
};

/**
 * The certified provider on a free loopback port: authorization code with PKCE (always asked for), refresh tokens
 * that rotate at every use and whose reuse revokes the grant, revocation, resource indicators, `iss` in answers.
 * Login and consent are one page with the buttons `#approve` and `#deny`, reached by plain GET, so that `approve()`
 * walks it without a screen. `/api/whoami` answers the account behind a token, and every other `/api/*` an object.
 */
export async function startOidcProvider(options: OidcOptions = {}): Promise<OidcServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = createProvider(issuer, options);
  const told: OidcServer = {
    issuer,
    account: 'person-1',
    paths: [],
    bearers: [],
    approve,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const handle = provider.callback();
  server.on('request', (request, response) => {
    const path = request.url!.split('?')[0]!;
    told.paths.push(path);
    const answer = path.startsWith('/interaction/')
      ? interact(provider, told.account, path, request, response)
      : path.startsWith('/api/')
        ? answerApi(provider, told, path, request, response)
        : handle(request, response);
    answer.catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  return told;
}

function createProvider(issuer: string, options: OidcOptions): Provider {
  const { scopes = ['read', 'write', 'admin'], resources = [], accessTtl = 3600, metadataDocument } = options;
  const redirect_uris = [...(options.redirectUris ?? ['http://127.0.0.1:1/callback'])];
  const shape = { redirect_uris, grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] };
  const provider = new Provider(issuer, {
    clients: [
      ...(options.clients ?? [
        { ...shape, client_id: 'toolcrib', client_secret: 'toolcrib-secret' },
        {
          ...shape,
          grant_types: ['authorization_code', 'refresh_token'],
          client_id: 'toolcrib-public',
          token_endpoint_auth_method: 'none',
        },
      ]),
    ],
    scopes: ['openid', 'offline_access', ...scopes],
    cookies: { keys: ['cookies of a fake'] },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    ttl: {
      AccessToken: accessTtl,
      ClientCredentials: accessTtl,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 600,
      AuthorizationCode: 60,
    },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      clientCredentials: { enabled: true },
      registration: { enabled: options.registration ?? false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource) {
          if (resources !== 'any' && !resources.includes(resource)) {
            throw new errors.InvalidTarget();
          }
          return { scope: scopes.join(' '), accessTokenFormat: 'opaque', accessTokenTTL: accessTtl };
        },
      },
      ...(metadataDocument ? { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } } : {}),
    },
    async fetch(url) {
      const document = await metadataDocument?.(url instanceof Request ? url.url : url.toString());
      return document ? Response.json(document) : new Response(null, { status: 404 });
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider;
}

async function interact(
  provider: Provider,
  accountId: string,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  const { params, uid } = details;
  if (path.endsWith('/deny')) {
    return provider.interactionFinished(
      request,
      response,
      { error: 'access_denied' },
      { mergeWithLastSubmission: false },
    );
  }
  if (!path.endsWith('/approve')) {
    const form = (name: string, label: string) =>
      `<form method="get" action="/interaction/${uid}/${name}"><button id="${name}">${label}</button></form>`;
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(
      `<!doctype html><title>Consent</title><h1>Consent for ${accountId}</h1>${form('approve', 'Approve')}${form('deny', 'Deny')}`,
    );
    return;
  }
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) });
  const scope = textOf(params['scope']);
  grant.addOIDCScope(scope);
  for (const resource of [params['resource'] ?? []].flat()) grant.addResourceScope(textOf(resource), scope);
  await provider.interactionFinished(
    request,
    response,
    { login: { accountId, remember: false }, consent: { grantId: await grant.save() } },
    { mergeWithLastSubmission: false },
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

async function answerApi(
  provider: Provider,
  told: OidcServer,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null;
  const token = bearer === null ? undefined : await provider.AccessToken.find(bearer);
  const status = token?.isValid ? 200 : 401;
  told.bearers.push({ path, bearer, status });
  request.resume();
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}),
  });
  response.end(
    JSON.stringify(
      token
        ? path === '/api/whoami'
          ? { id: token.accountId, label: `${token.accountId}@example.com` }
          : { path, account: token.accountId, scope: token.scope ?? null, audience: token.aud ?? null }
        : { error: 'invalid_token' },
    ),
  );
}

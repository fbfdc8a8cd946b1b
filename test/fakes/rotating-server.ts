import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { httpService, sendJson } from './http-service.ts';
import type { SeenRequest } from './http-service.ts';

/**
 * How one request is answered, other than well. `hold` waits for a promise before the answer leaves; by then the
 * tokens are rotated, as with a server that is slow to answer (`before: true` holds the work too).
 */
export type Behaviour =
  | { kind: 'hold'; until: Promise<unknown>; before?: boolean; then?: Behaviour }
  /** An OAuth error: `{"error": …}` with 400 unless said. */
  | { kind: 'error'; error: string; status?: number; description?: string }
  /** Any status and text: `{ kind: 'status', status: 429, retryAfter: '7' }`. */
  | { kind: 'status'; status: number; retryAfter?: string; body?: string; headers?: Record<string, string> }
  | { kind: 'html' }
  /** The good answer, changed: `expires_in: '3600'`, no refresh token, tokens at other paths. The tokens are real. */
  | { kind: 'change'; change: (answer: Record<string, unknown>) => unknown }
  /** Rotates, then says nothing for ever (until the server is closed). */
  | { kind: 'hang' }
  /** Rotates, then cuts the line. */
  | { kind: 'disconnect' };

export type RotatingOptions = {
  /** Client ids and their secrets, null for a public one. `{ toolcrib: 'toolcrib-secret' }` unless said. */
  clients?: Readonly<Record<string, string | null>>;
  /** Seconds said in `expires_in`, and lived; 3600 unless said. */
  accessTtl?: number;
  /** False: codes without a challenge are given out. True unless said. */
  requirePkce?: boolean;
  /** Path of the issuer, `/tenant1`: for discovery. None unless said. */
  issuerPath?: string;
  /** Where its metadata lies: every form the discovery knows; `['oauth']` unless said. */
  metadata?: readonly ('oauth' | 'oidc' | 'oidc-appended')[];
  /** Changes the metadata document: null takes members away. */
  describe?: Readonly<Record<string, unknown>>;
  /** Answers carry `iss` and the metadata says so. True unless said; a text is a lie. */
  sendsIssuer?: boolean | string;
  /** Clients may register at /register. */
  registration?: boolean;
};

type Family = { account: string; scopes: string; client: string; resource: string | null; revoked: boolean };
type Access = { family: Family; expiresAt: number };
type Refresh = { family: Family; used: boolean };
type Code = { family: Family; challenge: string | null; redirectUri: string };

/** What came to the token endpoint. */
export type TokenAsked = {
  grantType: string;
  params: URLSearchParams;
  /** `Basic …` or null. */
  authorization: string | null;
};
export type ApiAsked = { method: string; path: string; bearer: string | null; status: number };
export type Kind = 'authorize' | 'token' | 'revoke' | 'register' | 'metadata' | 'api';

export type RotatingServer = {
  /** Origin; /authorize, /token, /revoke, /register, /api/* and /api/whoami hang below it. */
  url: string;
  issuer: string;
  /** Whose account is authorized next: `account-1` unless said. whoami answers `{ id, label: id@example.com }`. */
  account: string;
  /** Every request of these kinds, in order. */
  authorizations: URLSearchParams[];
  tokenRequests: TokenAsked[];
  revocations: URLSearchParams[];
  api: ApiAsked[];
  counts: Readonly<Record<Kind, number>>;
  /** Refresh tokens that came twice: each has cost its family. */
  reuses: number;
  /** Scripts the next requests of a kind, in order; the rest are answered well, or by `always`. */
  next(kind: Kind, ...behaviours: Behaviour[]): void;
  /** Answers every request of a kind so, until it is told null. */
  always(kind: Kind, behaviour: Behaviour | null): void;
  /** Resolves when so many requests of a kind have come altogether: before any of them is answered. */
  arrived(kind: Kind, count: number): Promise<void>;
  /** The person says no at the next authorizations. */
  denies: boolean;
  /** What the access token's API says from now on: 401. Refresh tokens stay good. */
  expireNow(accessToken: string): void;
  /** All access tokens given out so far. */
  expireAll(): void;
  /** As if the person had revoked the app: the whole family is dead, its refresh tokens get invalid_grant. */
  revokeAccount(account: string): void;
  /** Tokens without the way over /authorize: what a credential of a test begins with. */
  issue(options?: { client?: string; account?: string; scopes?: string }): {
    accessToken: string;
    refreshToken: string;
    expiresIn: number;
  };
  /** Whether the API takes it now. */
  isGood(accessToken: string): boolean;
  /** `issue` and `authorize` at once for tests of the exchange: the redirect address with its query. */
  authorize(authorizationUrl: string | URL): Promise<URL>;
  close(): Promise<void>;
};

/**
 * An authorization server and the API it protects, small enough to script: refresh tokens are single use and the
 * reuse of one revokes its whole family, as strict services do. Grants: authorization_code (PKCE S256),
 * refresh_token, client_credentials; client_secret_basic (form-urlencoded first), client_secret_post and none.
 */
export async function startRotatingServer(options: RotatingOptions = {}): Promise<RotatingServer> {
  const { clients = { toolcrib: 'toolcrib-secret' }, accessTtl = 3600, issuerPath = '' } = options;
  const { sendsIssuer = true, requirePkce = true } = options;
  const known = new Map(Object.entries(clients));
  const codes = new Map<string, Code>();
  const access = new Map<string, Access>();
  const refresh = new Map<string, Refresh>();
  const scripted = new Map<Kind, Behaviour[]>();
  const standing = new Map<Kind, Behaviour>();
  const counts: Record<Kind, number> = {
    authorize: 0,
    token: 0,
    revoke: 0,
    register: 0,
    metadata: 0,
    api: 0,
  };
  const events = new EventEmitter().setMaxListeners(0);

  const secret = (prefix: string) => `${prefix}-${randomBytes(18).toString('base64url')}`;
  const give = (family: Family, withRefresh: boolean) => {
    const accessToken = secret('at');
    access.set(accessToken, { family, expiresAt: Date.now() + accessTtl * 1000 });
    const refreshToken = withRefresh ? secret('rt') : undefined;
    if (refreshToken !== undefined) refresh.set(refreshToken, { family, used: false });
    return { accessToken, refreshToken };
  };
  const isGood = (token: string): boolean => {
    const found = access.get(token);
    return found !== undefined && !found.family.revoked && found.expiresAt > Date.now();
  };

  const refused = (error: string, status = 400): Good => ({ status, body: { error } });

  const authenticate = (seen: SeenRequest, params: URLSearchParams): string | null => {
    const basic = /^Basic (.+)$/.exec(seen.headers.authorization ?? '')?.[1];
    if (basic !== undefined) {
      const [id, given] = Buffer.from(basic, 'base64').toString().split(':') as [string, string];
      const plain = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
      return known.get(plain(id)) === plain(given) ? plain(id) : null;
    }
    const id = params.get('client_id') ?? '';
    return known.has(id) && known.get(id) === params.get('client_secret') ? id : null;
  };

  const token = (seen: SeenRequest): Good => {
    const params = new URLSearchParams(seen.body.toString());
    const grantType = params.get('grant_type') ?? '';
    fake.tokenRequests.push({ grantType, params, authorization: seen.headers.authorization ?? null });
    const client = authenticate(seen, params);
    if (client === null) return refused('invalid_client', 401);
    if (grantType === 'client_credentials') {
      const scopes = params.get('scope') ?? '';
      const resource = params.get('resource');
      return issued({ account: client, scopes, client, resource, revoked: false }, false);
    }
    if (grantType === 'refresh_token') {
      const found = refresh.get(params.get('refresh_token') ?? '');
      if (!found || found.family.client !== client || found.family.revoked) return refused('invalid_grant');
      if (found.used) {
        found.family.revoked = true;
        fake.reuses += 1;
        return refused('invalid_grant');
      }
      found.used = true;
      return issued(found.family, true);
    }
    if (grantType !== 'authorization_code') return refused('unsupported_grant_type');
    const code = codes.get(params.get('code') ?? '');
    codes.delete(params.get('code') ?? '');
    const verifier = params.get('code_verifier');
    const challenge = verifier === null ? null : createHash('sha256').update(verifier).digest('base64url');
    if (!code || code.family.client !== client || code.challenge !== challenge)
      return refused('invalid_grant');
    if (code.redirectUri !== params.get('redirect_uri')) return refused('invalid_grant');
    return issued(code.family, true);
  };
  const issued = (family: Family, withRefresh: boolean): Good => {
    const { accessToken, refreshToken } = give(family, withRefresh);
    const body = {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: accessTtl,
      refresh_token: refreshToken,
      scope: family.scopes,
    };
    return { status: 200, body };
  };

  const authorize = (query: URLSearchParams): Good => {
    fake.authorizations.push(query);
    const redirectUri = query.get('redirect_uri');
    const client = query.get('client_id') ?? '';
    // A client id that is an address stands for its metadata document, which this server does not read.
    if (/^https?:/.test(client)) known.set(client, null);
    if (!known.has(client) || redirectUri === null) return refused('invalid_request');
    const back = new URL(redirectUri);
    const state = query.get('state');
    if (state !== null) back.searchParams.set('state', state);
    if (sendsIssuer !== false) back.searchParams.set('iss', sendsIssuer === true ? fake.issuer : sendsIssuer);
    const challenge = query.get('code_challenge');
    const unsafe = requirePkce && (challenge === null || query.get('code_challenge_method') !== 'S256');
    if (fake.denies || unsafe) {
      back.searchParams.set('error', fake.denies ? 'access_denied' : 'invalid_request');
    } else {
      const code = secret('code');
      const scopes = query.get('scope') ?? '';
      const family = {
        account: fake.account,
        scopes,
        client,
        resource: query.get('resource'),
        revoked: false,
      };
      codes.set(code, { family, challenge, redirectUri });
      back.searchParams.set('code', code);
    }
    return { status: 302, body: null, headers: { location: back.href } };
  };

  const revoke = (seen: SeenRequest): Good => {
    const params = new URLSearchParams(seen.body.toString());
    fake.revocations.push(params);
    if (authenticate(seen, params) === null) return refused('invalid_client', 401);
    const given = params.get('token') ?? '';
    const family = (refresh.get(given) ?? access.get(given))?.family;
    if (family) family.revoked = true;
    return { status: 200, body: null };
  };

  const register = (seen: SeenRequest): Good => {
    if (!options.registration) return { status: 404, body: null };
    const asked = JSON.parse(seen.body.toString()) as Record<string, unknown>;
    const client = secret('client');
    const open = asked['token_endpoint_auth_method'] === 'none';
    known.set(client, open ? null : secret('cs'));
    return {
      status: 201,
      body: {
        ...asked,
        client_id: client,
        ...(open ? {} : { client_secret: known.get(client), client_secret_expires_at: 0 }),
      },
    };
  };

  const answerApi = (seen: SeenRequest, path: string): Good => {
    const bearer = /^Bearer (.+)$/.exec(seen.headers.authorization ?? '')?.[1] ?? null;
    const family = bearer !== null && isGood(bearer) ? access.get(bearer)!.family : null;
    fake.api.push({ method: seen.method, path, bearer, status: family ? 200 : 401 });
    if (!family) {
      const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
      return { status: 401, body: { error: 'invalid_token' }, headers };
    }
    const { account } = family;
    return {
      status: 200,
      body:
        path === '/api/whoami'
          ? { id: account, label: `${account}@example.com` }
          : { path, account, scopes: family.scopes },
    };
  };

  const metadata = (path: string): Good => {
    const forms = {
      oauth: `/.well-known/oauth-authorization-server${issuerPath}`,
      oidc: `/.well-known/openid-configuration${issuerPath}`,
      'oidc-appended': `${issuerPath}/.well-known/openid-configuration`,
    };
    const { metadata: served = ['oauth'] } = options;
    if (!served.some((form) => forms[form] === path)) return { status: 404, body: null };
    const described: Record<string, unknown> = {
      issuer: fake.issuer,
      authorization_endpoint: `${fake.url}/authorize`,
      token_endpoint: `${fake.url}/token`,
      revocation_endpoint: `${fake.url}/revoke`,
      ...(options.registration ? { registration_endpoint: `${fake.url}/register` } : {}),
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      authorization_response_iss_parameter_supported: sendsIssuer !== false,
      ...options.describe,
    };
    return {
      status: 200,
      body: Object.fromEntries(Object.entries(described).filter(([, value]) => value !== null)),
    };
  };

  const kindOf = (path: string): Kind | null => {
    if (path.startsWith('/api/')) return 'api';
    if (path.includes('/.well-known/')) return 'metadata';
    const kinds = {
      '/authorize': 'authorize',
      '/token': 'token',
      '/revoke': 'revoke',
      '/register': 'register',
    } as const;
    return kinds[path as keyof typeof kinds] ?? null;
  };

  const service = await httpService((seen, response) => {
    const { pathname, searchParams } = new URL(seen.url, 'http://fake');
    const kind = kindOf(pathname);
    if (kind === null) return response.writeHead(404).end();
    counts[kind] += 1;
    const behaviour = scripted.get(kind)?.shift() ?? standing.get(kind) ?? null;
    const work = (): Good => {
      if (kind === 'token') return token(seen);
      if (kind === 'authorize') return authorize(searchParams);
      if (kind === 'revoke') return revoke(seen);
      if (kind === 'register') return register(seen);
      return kind === 'api' ? answerApi(seen, pathname) : metadata(pathname);
    };
    events.emit(kind);
    return void answer(response, work, behaviour);
  });

  const fake: RotatingServer = {
    url: service.url,
    issuer: service.url + issuerPath,
    account: 'account-1',
    authorizations: [],
    tokenRequests: [],
    revocations: [],
    api: [],
    counts,
    reuses: 0,
    next: (kind, ...behaviours) => void scripted.set(kind, [...(scripted.get(kind) ?? []), ...behaviours]),
    always: (kind, behaviour) => void (behaviour ? standing.set(kind, behaviour) : standing.delete(kind)),
    async arrived(kind, count) {
      while (counts[kind] < count) await once(events, kind);
    },
    denies: false,
    expireNow(accessToken) {
      const found = access.get(accessToken);
      if (found) found.expiresAt = 0;
    },
    expireAll() {
      for (const one of access.values()) one.expiresAt = 0;
    },
    revokeAccount(account) {
      for (const { family } of [...access.values(), ...refresh.values()]) {
        if (family.account === account) family.revoked = true;
      }
    },
    issue({ client = 'toolcrib', account = fake.account, scopes = '' } = {}) {
      const family = { account, scopes, client, resource: null, revoked: false };
      const { accessToken, refreshToken } = give(family, true);
      return { accessToken, refreshToken: refreshToken!, expiresIn: accessTtl };
    },
    isGood,
    async authorize(authorizationUrl) {
      const response = await fetch(authorizationUrl, { redirect: 'manual' });
      const location = response.headers.get('location');
      if (location === null) throw new Error(`Not sent back: ${response.status} ${await response.text()}`);
      return new URL(location);
    },
    close: () => service.close(),
  };
  return fake;
}

/** What a good server would say. */
type Good = { status: number; body: unknown; headers?: Record<string, string> };

/** Sends what `work` says, as the script has it. */
async function answer(
  response: ServerResponse,
  work: () => Good,
  behaviour: Behaviour | null,
): Promise<void> {
  switch (behaviour?.kind) {
    case undefined:
      return send(response, work());
    case 'hold': {
      if (behaviour.before) await behaviour.until;
      let done: Good | null = null;
      const once = (): Good => (done ??= work());
      if (!behaviour.before) once();
      await behaviour.until;
      return answer(response, once, behaviour.then ?? null);
    }
    case 'error': {
      const { error, description, status = 400 } = behaviour;
      return sendJson(
        response,
        { error, ...(description ? { error_description: description } : {}) },
        status,
      );
    }
    case 'status': {
      const { status, retryAfter, body = '', headers } = behaviour;
      response.writeHead(status, { ...headers, ...(retryAfter ? { 'retry-after': retryAfter } : {}) });
      return void response.end(body);
    }
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' });
      return void response.end('<!doctype html><title>Sign in</title><p>Please sign in.</p>');
    case 'change': {
      const good = work();
      return send(response, { ...good, body: behaviour.change(good.body as Record<string, unknown>) });
    }
    case 'hang':
      return void work();
    case 'disconnect':
      work();
      return void response.destroy();
  }
}

function send(response: ServerResponse, { status, body, headers = {} }: Good): void {
  response.writeHead(status, {
    ...(body === null ? {} : { 'content-type': 'application/json' }),
    ...headers,
  });
  response.end(body === null ? '' : JSON.stringify(body));
}

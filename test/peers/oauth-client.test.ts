import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { OAuthClient, OAuthGrant, OAuthServer, Tokens } from '../../src/drivers/index.ts';
import { Fault } from '../../src/kernel/index.ts';
import { reveal } from '../../src/vault/plaintext.ts';
import { isFault } from '../fakes/faults.ts';
import { httpService, sendJson } from '../fakes/http-service.ts';
import {
  authorize,
  certified,
  closeAll,
  confidential,
  keep,
  oauth,
  opened,
  protectedMcp,
  reach,
  redirectUri,
  refresh,
  rotating,
  secrets,
  serverAt,
} from '../fakes/oauth-desk.ts';
import type { Behaviour, RotatingOptions } from '../fakes/rotating-server.ts';

after(closeAll);

describe('against the certified provider', () => {
  it('goes the whole way: discovery, registration, consent, code, refresh with rotation, revocation', async () => {
    const provider = await certified({ resources: 'any', registration: true });
    const mcp = await protectedMcp({ issuers: [provider.issuer], scopes: ['read', 'write'] });
    const { server, takesRegistration, scopes } = await oauth.discover(mcp.url, reach);
    assert.equal(takesRegistration, true);
    assert.deepEqual(scopes, ['read', 'write', 'offline_access']);
    assert.deepEqual([server.resource, server.issuer], [mcp.url, provider.issuer]);

    const made = await oauth.register(server, { redirectUri, name: 'Toolcrib' }, reach);
    secrets['registered'] = reveal(made.secret!);
    const as: OAuthClient = { clientId: made.clientId, auth: made.auth, secretId: 'registered' };
    const tokens = await authorize(server, as, (url) => provider.approve(url));
    keep('k1', tokens);
    const audience = await whatIsBehind(provider.issuer, tokens);
    assert.deepEqual([audience.account, audience.audience], ['person-1', mcp.url]);

    const grant: OAuthGrant = { grant: 'authorization_code', server, client: as };
    const first = await refresh(grant);
    assert.equal(first.kind, 'tokens');
    assert.ok(first.kind === 'tokens' && first.tokens.refreshToken !== null);
    assert.equal((await whatIsBehind(provider.issuer, first.tokens)).audience, mcp.url);
    const stale = await refresh(grant);
    assert.equal(stale.kind, 'terminal');

    const again = await authorize(server, as, (url) => provider.approve(url));
    keep('k1', again);
    const revoked = await oauth.revoke({
      organizationId: 'o1',
      credentialId: 'k1',
      grant,
      localOrigin: null,
    });
    assert.equal(revoked, true);
    assert.equal((await refresh(grant)).kind, 'terminal');
  });

  it('proves itself with Basic, in the form, and as a public client', async () => {
    const provider = await certified({
      clients: [
        shape('basic', 'client_secret_basic', 'sec:ret +%/=&~'),
        shape('post', 'client_secret_post', 'a&b=c d%20'),
        shape('open', 'none'),
      ],
    });
    const server = serverAt(provider.issuer, { authorizationUrl: `${provider.issuer}/auth` });
    for (const [clientId, auth, secret] of [
      ['basic', 'client_secret_basic', 'sec:ret +%/=&~'],
      ['post', 'client_secret_post', 'a&b=c d%20'],
      ['open', 'none', null],
    ] as const) {
      if (secret !== null) secrets[clientId] = secret;
      const as: OAuthClient = { clientId, auth, secretId: secret === null ? null : clientId };
      const tokens = await authorize(server, as, (url) => provider.approve(url));
      assert.equal((await whatIsBehind(provider.issuer, tokens)).account, 'person-1', clientId);
    }
  });

  it('takes the address of a metadata document for a client id', async () => {
    const id = 'https://crib.example/oauth/client.json';
    const provider = await certified({
      resources: 'any',
      metadataDocument: (url) =>
        url === id
          ? {
              client_id: id,
              client_name: 'Toolcrib',
              redirect_uris: [redirectUri],
              grant_types: ['authorization_code', 'refresh_token'],
              token_endpoint_auth_method: 'none',
            }
          : null,
    });
    const mcp = await protectedMcp({ issuers: [provider.issuer], metadata: 'root', scopes: ['read'] });
    const { server, takesRegistration } = await oauth.discover(mcp.url, reach);
    assert.deepEqual([server.takesMetadataDocument, takesRegistration], [true, false]);
    const as: OAuthClient = { clientId: id, auth: 'none', secretId: null };
    const tokens = await authorize(server, as, (url) => provider.approve(url));
    assert.equal((await whatIsBehind(provider.issuer, tokens)).audience, mcp.url);
  });

  it('gets tokens of its own with client credentials', async () => {
    const provider = await certified({ resources: ['https://api.example.com'] });
    const server = serverAt(provider.issuer, {
      pkce: false,
      tokenParams: { resource: 'https://api.example.com' },
    });
    const tokens = await oauth.clientCredentials({
      organizationId: 'o1',
      server,
      client: confidential,
      scopes: ['read'],
      ...reach,
    });
    assert.deepEqual([tokens.scopes, tokens.refreshToken], [['read'], null]);
  });

  it('says that the person said no', async () => {
    const provider = await certified();
    const server = serverAt(provider.issuer, { authorizationUrl: `${provider.issuer}/auth` });
    const walk = (url: string) => provider.approve(url, { deny: true });
    await assert.rejects(authorize(server, confidential, walk), isFault('upstream', 'oauth_denied'));
  });

  it('cannot exchange a code with another verifier than the one it began with', async () => {
    const provider = await certified();
    const server = serverAt(provider.issuer, { authorizationUrl: `${provider.issuer}/auth` });
    const change = () => void (secrets['verifier'] = 'x'.repeat(43));
    await assert.rejects(
      authorize(server, confidential, (url) => provider.approve(url), change),
      isFault('upstream', 'oauth_exchange'),
    );
  });
});

const shape = (
  client_id: string,
  token_endpoint_auth_method: 'client_secret_basic' | 'client_secret_post' | 'none',
  client_secret?: string,
) => ({
  client_id,
  token_endpoint_auth_method,
  ...(client_secret === undefined ? {} : { client_secret }),
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
});

async function whatIsBehind(
  issuer: string,
  tokens: Tokens,
): Promise<{ account: string; audience: string | null }> {
  const response = await fetch(`${issuer}/api/look`, {
    headers: { authorization: `Bearer ${reveal(tokens.accessToken)}` },
  });
  assert.equal(response.status, 200);
  return (await response.json()) as { account: string; audience: string | null };
}

describe('the answer at the redirect address', () => {
  const refused = async (
    options: RotatingOptions,
    more: Partial<OAuthServer>,
    change?: (parameters: URLSearchParams) => void,
  ): Promise<Fault> => {
    const server = await rotating(options);
    const failure: unknown = await authorize(
      serverAt(server.url, more),
      confidential,
      (url) => server.authorize(url),
      change,
    ).catch((error: unknown) => error);
    assert.ok(failure instanceof Fault && failure.kind === 'upstream', String(failure));
    assert.equal(server.counts.token, 0, 'no code was sent anywhere');
    return failure;
  };

  it('is refused from a foreign issuer, announced or not, before what it says is looked at', async () => {
    const evil = { sendsIssuer: 'https://evil.example' };
    assert.equal((await refused(evil, {})).code, 'oauth_answer');
    assert.equal((await refused(evil, { sendsIssuer: false })).code, 'oauth_answer');
    const failure = await refused(evil, {}, (parameters) => {
      parameters.delete('code');
      parameters.set('error', 'access_denied');
      parameters.set('error_description', 'Call this number');
    });
    assert.equal(failure.code, 'oauth_answer');
    assert.doesNotMatch(failure.message, /number|denied/);
  });

  it('is refused without the issuer that was announced', async () => {
    assert.equal((await refused({ sendsIssuer: false }, {})).code, 'oauth_answer');
  });

  it('is refused from another origin where the service publishes no name', async () => {
    const nameless = { issuer: null, sendsIssuer: false };
    assert.equal((await refused({ sendsIssuer: 'https://evil.example' }, nameless)).code, 'oauth_answer');
    const server = await rotating({ sendsIssuer: true });
    await authorize(serverAt(server.url, nameless), confidential, (url) => server.authorize(url));
    const silent = await rotating({ sendsIssuer: false });
    await authorize(serverAt(silent.url, nameless), confidential, (url) => silent.authorize(url));
  });

  it('is refused with another state, without one, with two, and without a code or with two', async () => {
    const changes: ((parameters: URLSearchParams) => void)[] = [
      (parameters) => parameters.set('state', 'other'),
      (parameters) => parameters.delete('state'),
      (parameters) => parameters.append('state', 'the-state'),
      (parameters) => parameters.append('iss', 'https://evil.example'),
      (parameters) => parameters.delete('code'),
      (parameters) => parameters.append('code', 'another'),
      (parameters) => parameters.set('id_token', 'x'),
    ];
    for (const change of changes) assert.equal((await refused({}, {}, change)).code, 'oauth_answer');
  });

  it('repeats of an error only what was said for people, cut and cleaned', async () => {
    const failure = await refused({}, {}, (parameters) => {
      parameters.delete('code');
      parameters.set('error', 'invalid_scope');
      parameters.set('error_description', `Ask your admin\u202e\u0000${'!'.repeat(1000)}`);
    });
    assert.equal(failure.code, 'oauth_denied');
    assert.ok(failure.message.length < 320 && failure.message.includes('Ask your admin!!!'), failure.message);
  });

  it('is not taken without PKCE where the service has it', async () => {
    const server = await rotating();
    const attempt = oauth.exchange({
      organizationId: 'o1',
      server: serverAt(server.url),
      client: confidential,
      parameters: new URLSearchParams({ code: 'c', state: 's', iss: server.url }),
      state: 's',
      redirectUri,
      verifierSecretId: null,
      ...reach,
    });
    await assert.rejects(attempt, isFault('upstream', 'oauth_unsafe'));
    assert.equal(server.counts.token, 0);
  });

  it('is taken without PKCE where the connector file says the service lacks it', async () => {
    const server = await rotating({ requirePkce: false });
    await authorize(serverAt(server.url, { pkce: false }), confidential, (url) => server.authorize(url));
    assert.equal(server.tokenRequests[0]!.params.get('code_verifier'), null);
    assert.equal(server.authorizations[0]!.get('code_challenge'), null);
  });
});

describe('an exchange', () => {
  it('sends resource, redirect address and verifier, the secret where it was agreed', async () => {
    const server = await rotating();
    const resource = 'https://mcp.example.com/mcp';
    await authorize(serverAt(server.url, { resource }), confidential, (url) => server.authorize(url));
    const [asked] = server.tokenRequests;
    assert.equal(server.authorizations[0]!.get('resource'), resource);
    assert.deepEqual([...asked!.params.keys()].sort(), [
      'code',
      'code_verifier',
      'grant_type',
      'redirect_uri',
      'resource',
    ]);
    assert.equal(asked!.authorization, `Basic ${btoa('toolcrib:toolcrib-secret')}`);
  });

  it('writes JSON and further headers where the service wants them', async () => {
    const service = await opened(httpService((_seen, response) => sendJson(response, { access_token: 'a' })));
    const server = serverAt(service.url, { tokenFormat: 'json', tokenHeaders: { 'Api-Version': '7' } });
    const as: OAuthClient = { ...confidential, auth: 'client_secret_post' };
    await oauth.clientCredentials({ organizationId: 'o1', server, client: as, scopes: ['a', 'b'], ...reach });
    const [seen] = service.requests;
    assert.deepEqual(
      [seen!.headers['content-type'], seen!.headers['api-version']],
      ['application/json', '7'],
    );
    assert.deepEqual(JSON.parse(seen!.body.toString()), {
      grant_type: 'client_credentials',
      scope: 'a b',
      client_id: 'toolcrib',
      client_secret: 'toolcrib-secret',
    });
  });

  it('reads a form where the service answers with one', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const service = await opened(
      httpService((_seen, response) =>
        response.writeHead(200, form).end('access_token=a%2Fb&scope=x%2Cy&expires_in=60'),
      ),
    );
    const server = serverAt(service.url);
    const tokens = await oauth.clientCredentials({
      organizationId: 'o1',
      server,
      client: confidential,
      scopes: [],
      ...reach,
    });
    assert.deepEqual([reveal(tokens.accessToken), tokens.scopes], ['a/b', ['x', 'y']]);
  });

  it('says what the service said, without anything it was sent', async () => {
    const server = await rotating();
    const behaviour: Behaviour = {
      kind: 'error',
      error: 'invalid_client',
      status: 401,
      description: 'Secret toolcrib-secret is wrong\u200b',
    };
    server.next('token', behaviour);
    const failure: unknown = await authorize(serverAt(server.url), confidential, (url) =>
      server.authorize(url),
    ).catch((error: unknown) => error);
    assert.ok(failure instanceof Fault && failure.code === 'oauth_exchange');
    assert.match(failure.message, /OAuth app \(invalid_client\).*“Secret \*\*\* is wrong”/);
    assert.equal(failure.details['terminal'], true);
  });

  it('tells of client credentials whether another try is of use', async () => {
    const server = await rotating();
    const ask = async (behaviour: Behaviour): Promise<Fault> => {
      server.next('token', behaviour);
      const request = {
        organizationId: 'o1',
        server: serverAt(server.url),
        client: confidential,
        scopes: [],
        ...reach,
      };
      const failure: unknown = await oauth.clientCredentials(request).catch((error: unknown) => error);
      assert.ok(failure instanceof Fault && failure.code === 'oauth_exchange');
      return failure;
    };
    assert.equal((await ask({ kind: 'error', error: 'invalid_scope' })).details['terminal'], true);
    const waits = await ask({ kind: 'status', status: 429, retryAfter: '9' });
    assert.deepEqual([waits.details['terminal'], waits.retryAfter], [false, 9]);
    assert.equal((await ask({ kind: 'disconnect' })).details['terminal'], false);
  });
});

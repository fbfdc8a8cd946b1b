import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Fault } from '../../src/kernel/index.ts';
import { isFault } from '../fakes/faults.ts';
import { closedPort, httpService, sendJson } from '../fakes/http-service.ts';
import type { Fake } from '../fakes/http-service.ts';
import {
  client,
  closeAll,
  oauth,
  opened,
  protectedMcp,
  reach,
  redirectUri,
  rotating,
  serverAt,
} from '../fakes/oauth-desk.ts';
import type { ProtectedOptions } from '../fakes/protected-mcp.ts';
import type { Behaviour, RotatingOptions } from '../fakes/rotating-server.ts';

after(closeAll);

describe('discovery', () => {
  it('follows the challenge, else looks by path, else at the root', async () => {
    const server = await rotating();
    for (const metadata of ['challenge', 'path', 'root'] as const) {
      const mcp = await protectedMcp({ issuers: [server.issuer], metadata });
      const found = await oauth.discover(mcp.url, reach);
      assert.equal(found.server.tokenUrl, `${server.url}/token`, metadata);
      assert.deepEqual(mcp.bearers, [null]);
      assert.deepEqual(
        mcp.messages.map(({ method }) => method),
        ['tools/list'],
        'no session is opened',
      );
    }
  });

  it('finds the server’s metadata in each form', async () => {
    for (const form of ['oauth', 'oidc', 'oidc-appended'] as const) {
      const server = await rotating({ metadata: [form], issuerPath: '/tenant1' });
      const mcp = await protectedMcp({ issuers: [server.issuer] });
      assert.equal((await oauth.discover(mcp.url, reach)).server.issuer, `${server.url}/tenant1`, form);
    }
  });

  it('takes the server itself for its authorization server where there is no metadata of a resource', async () => {
    const server = await rotating();
    const own: Fake = await opened(
      httpService((seen, response) => {
        if (seen.url !== '/.well-known/oauth-authorization-server')
          return response.writeHead(seen.method === 'POST' ? 401 : 404).end();
        const endpoints = {
          authorization_endpoint: `${server.url}/authorize`,
          token_endpoint: `${server.url}/token`,
        };
        return sendJson(response, {
          issuer: own.url,
          ...endpoints,
          code_challenge_methods_supported: ['S256'],
        });
      }),
    );
    const { server: found } = await oauth.discover(`${own.url}/mcp`, reach);
    assert.deepEqual([found.issuer, found.resource], [own.url, `${own.url}/mcp`]);
  });

  it('asks for what the challenge names, else for what the resource names, else for what it is told', async () => {
    const server = await rotating();
    const describe = () => ({ scopes_supported: ['a', 'b'] });
    const named = await protectedMcp({ issuers: [server.issuer], scopes: ['c'], describe });
    assert.deepEqual((await oauth.discover(named.url, reach)).server.scopes, ['c']);
    const silent = await protectedMcp({ issuers: [server.issuer], describe });
    assert.deepEqual((await oauth.discover(silent.url, reach)).scopes, ['a', 'b']);
    assert.deepEqual((await oauth.discover(silent.url, { ...reach, scopes: ['z'] })).scopes, ['z']);
    const bare = await protectedMcp({ issuers: [server.issuer] });
    assert.deepEqual((await oauth.discover(bare.url, reach)).scopes, []);
  });

  it('uses the first authorization server that can be used', async () => {
    const [broken, good] = [
      await rotating({ describe: { code_challenge_methods_supported: null } }),
      await rotating(),
    ];
    const mcp = await protectedMcp({ issuers: ['nonsense', broken.issuer, good.issuer] });
    assert.equal((await oauth.discover(mcp.url, reach)).server.issuer, good.issuer);
  });

  const fails = async (
    code: string,
    sentence: RegExp,
    options: Omit<ProtectedOptions, 'issuers'>,
    server: RotatingOptions | null | readonly string[] = {},
    by = oauth,
  ): Promise<void> => {
    const issuers = server === null ? null : 'length' in server ? server : [(await rotating(server)).issuer];
    const mcp = await protectedMcp({ issuers, ...options });
    const failure: unknown = await by.discover(mcp.url, reach).catch((error: unknown) => error);
    assert.ok(failure instanceof Fault && failure.kind === 'upstream', String(failure));
    assert.deepEqual([failure.code, sentence.test(failure.message)], [code, true], failure.message);
  };

  it('refuses a server without PKCE with S256', async () => {
    await fails('oauth_unsafe', /PKCE/, {}, { describe: { code_challenge_methods_supported: null } });
    await fails('oauth_unsafe', /PKCE/, {}, { describe: { code_challenge_methods_supported: ['plain'] } });
  });

  it('refuses metadata with a different issuer, even by a slash', async () => {
    await fails('oauth_unsafe', /another name/, {}, { describe: { issuer: 'https://honest.example' } });
    const server = await rotating();
    await fails('oauth_unsafe', /another name/, {}, [`${server.issuer}/`]);
  });

  it('refuses metadata that speaks for another resource', async () => {
    await fails('oauth_unsafe', /speaks for another/, {
      describe: () => ({ resource: 'https://honest.example/mcp' }),
    });
    await fails('oauth_unsafe', /speaks for another/, { describe: (url) => ({ resource: `${url}/deeper` }) });
  });

  it('refuses addresses the guard refuses, with the guard’s sentence', async () => {
    const guard = /This address cannot be used: .* TOOLCRIB_EGRESS_ALLOW/;
    const inside = 'http://169.254.169.254/latest';
    await fails('oauth_unsafe', guard, { challenge: () => `Bearer resource_metadata="${inside}"` });
    await fails('oauth_unsafe', guard, {}, [inside]);
    for (const name of ['token_endpoint', 'registration_endpoint', 'revocation_endpoint']) {
      await fails('oauth_unsafe', guard, {}, { describe: { [name]: inside } });
    }
    await fails('oauth_unsafe', /must be https/, {}, ['http://auth.example.com']);
    await fails(
      'oauth_unsafe',
      /must be https/,
      {},
      { describe: { authorization_endpoint: 'javascript:alert(1)' } },
    );
  });

  it('does not follow what is sent elsewhere', async () => {
    const server = await rotating();
    server.always('metadata', {
      kind: 'status',
      status: 302,
      headers: { location: 'http://169.254.169.254/' },
    });
    await fails('oauth_undiscovered', /no metadata/, {}, [server.issuer]);
  });

  it('cuts what is huge and what is slow', async () => {
    await fails('oauth_undiscovered', /larger than/, {}, { describe: { padding: 'x'.repeat(100_000) } });
    const hanging = await rotating();
    hanging.always('metadata', { kind: 'hang' });
    const impatient = client({ limits: { patience: 100, discoveryPatience: 150 } });
    await fails('oauth_undiscovered', /in time/, {}, [hanging.issuer], impatient);
  });

  it('says that a server asks for no sign-in, or does not say where', async () => {
    const free = await opened(
      httpService((_seen, response) => sendJson(response, {}, _seen.method === 'POST' ? 200 : 404)),
    );
    const failure: unknown = await oauth.discover(free.url, reach).catch((error: unknown) => error);
    assert.ok(failure instanceof Fault && failure.code === 'oauth_undiscovered');
    assert.match(failure.message, /asks for no sign-in/);
    await fails('oauth_undiscovered', /no metadata was found/, { metadata: 'none', challenge: null });
    const gone = `http://127.0.0.1:${await closedPort()}/mcp`;
    await assert.rejects(oauth.discover(gone, reach), isFault('upstream', 'oauth_undiscovered'));
  });
});

describe('registration', () => {
  it('takes what the server made of it', async () => {
    const server = await rotating({ registration: true });
    const made = await oauth.register(serverAt(server.url), { redirectUri, name: 'Toolcrib' }, reach);
    assert.deepEqual([made.auth, made.expiresAt, made.secret === null], ['client_secret_basic', null, false]);
    const publicOnly = serverAt(server.url, { clientAuths: ['none'] });
    const other = await oauth.register(publicOnly, { redirectUri, name: 'Toolcrib' }, reach);
    assert.deepEqual([other.auth, other.secret], ['none', null]);
  });

  it('fails in one sentence where the server refuses, answers nonsense or is inside', async () => {
    const server = await rotating({ registration: true });
    const failing: Behaviour[] = [
      { kind: 'error', error: 'invalid_redirect_uri', description: 'Not this one' },
      { kind: 'html' },
      { kind: 'change', change: ({ client_secret: _none, ...rest }) => rest },
      { kind: 'change', change: (answer) => ({ ...answer, token_endpoint_auth_method: 'private_key_jwt' }) },
      { kind: 'change', change: (answer) => ({ ...answer, client_secret: 's'.repeat(3000) }) },
      { kind: 'change', change: (answer) => ({ ...answer, client_secret: 's'.repeat(100_000) }) },
      { kind: 'change', change: (answer) => ({ ...answer, client_secret: 'line\r\nbreak' }) },
      { kind: 'change', change: (answer) => ({ ...answer, client_id: 'c'.repeat(3000) }) },
      { kind: 'change', change: (answer) => ({ ...answer, client_id: 'a\u0000b' }) },
      { kind: 'change', change: (answer) => ({ ...answer, client_id: { toString: 'x' } }) },
      { kind: 'disconnect' },
    ];
    for (const behaviour of failing) {
      server.next('register', behaviour);
      const attempt = oauth.register(serverAt(server.url), { redirectUri, name: 'Toolcrib' }, reach);
      await assert.rejects(attempt, isFault('upstream', 'oauth_registration'), JSON.stringify(behaviour));
    }
    const inside = serverAt(server.url, { registrationUrl: 'http://10.0.0.1/register' });
    await assert.rejects(
      oauth.register(inside, { redirectUri, name: 'x' }, reach),
      isFault('upstream', 'oauth_unsafe'),
    );
    const none = serverAt(server.url, { registrationUrl: null });
    await assert.rejects(
      oauth.register(none, { redirectUri, name: 'x' }, reach),
      isFault('upstream', 'oauth_registration'),
    );
  });
});

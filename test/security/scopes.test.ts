import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { scopes, type Scope } from '../../src/access/index.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';
import { absentLike, furnish, openServices, type Furnished, type Services } from './furnish.ts';
import { nounOf, pathWith, plainRequest, readRoutes, type SweptRoute } from './sweep.ts';

let world: World;
let services: Services;
let routes: readonly SweptRoute[];
let org: Furnished;
before(async () => {
  world = await startWorld();
  services = await openServices();
  ({ routes } = await readRoutes(world));
  org = await furnish(world, services);
});
after(async () => {
  await world.close();
  await services.close();
});

const fine: readonly Scope[] = scopes.filter((scope) => scope !== 'management:all');
const guarded = (): readonly SweptRoute[] => routes.filter((route) => !route.isPublic);
const make = async (body: object, key = org.adminKey): Promise<Json> => {
  const answer = await world.ask('POST', '/v1/keys', { key, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.data;
};

/** A request at names that are nothing: let in it finds nothing, and a write writes nothing. */
function knock(route: SweptRoute, key: string, query = ''): Promise<Answer> {
  const nothing = absentLike(org.things);
  const path = pathWith(route, (param) => nothing[nounOf(route, param) ?? 'pack']);
  return world.ask(route.method, path + query, plainRequest(route, key));
}

/** Also in need of `tools:write`, since they go round packs. */
const goesRoundPacks = /\/(try|test-invoke|test-mcp-call)$/;
/** Asks for an admin key, which no scope makes of another: test/contracts/panic.test.ts. */
const adminAlone = 'POST /v1/panic';

describe('every route', () => {
  it('is either on the documented public list or asks for a scope', () => {
    const open = routes.filter((route) => route.isPublic).map(({ name }) => name);
    assert.deepEqual(open.toSorted(), [
      'GET /',
      'GET /.well-known/oauth-protected-resource',
      'GET /connect/answer',
      'GET /connect/callback',
      'GET /connect/client-metadata.json',
      'GET /connect/{token}',
      'GET /docs',
      'GET /docs.md',
      'GET /healthz',
      'GET /llms.txt',
      'GET /openapi.json',
      'GET /openapi/{contract}.json',
      'GET /readyz',
      'POST /connect/{token}',
    ]);
    const anyKey = guarded().filter(({ scope }) => scope === null);
    assert.deepEqual(anyKey.map(({ name }) => name).toSorted(), ['GET /metrics', 'GET /v1/orgs/{org}']);
    assert.ok(guarded().length >= 90, `${guarded().length} routes`);
  });

  it('refuses a key that has every scope but the one it needs', async () => {
    const keys = new Map<string, string>();
    for (const missing of new Set([...guarded().map(({ scope }) => scope), 'management:all'])) {
      const left = missing === 'runtime:all' ? ['management:all'] : fine.filter((scope) => scope !== missing);
      if (missing) keys.set(missing, (await make({ scopes: left })).key);
    }
    let refused = 0;
    for (const route of guarded()) {
      const scope = route.path === '/metrics' ? 'management:all' : route.scope;
      if (scope === null) continue;
      const answer = await knock(route, keys.get(scope)!);
      assert.equal(answer.status, 403, `${route.name}: ${answer.text}`);
      refused += 1;
    }
    assert.ok(refused >= 90, `${refused} refused`);
  });

  it('lets in a key with no other scope than the one it needs', async () => {
    for (const scope of new Set(guarded().map((route) => route.scope))) {
      if (scope === null) continue;
      const { key } = await make({ scopes: [scope] });
      for (const route of guarded().filter((each) => each.scope === scope)) {
        if (route.isStream || goesRoundPacks.test(route.path) || route.name.endsWith(' /v1/orgs')) continue;
        if (route.name === adminAlone) continue;
        const { status, text } = await knock(route, key);
        assert.ok(status !== 403 && status !== 401 && status < 500, `${route.name}: ${status} ${text}`);
      }
    }
  });

  it('asks who is calling, and takes no key from the query', async () => {
    const { key } = await make({ scopes: ['management:all', 'runtime:all'] });
    const inQuery = ['key', 'api_key', 'apikey', 'x-api-key', 'access_token', 'token', 'authorization']
      .map((name) => `${name}=${key}`)
      .join('&');
    for (const route of guarded()) {
      for (const query of ['', `?${inQuery}`]) {
        const answer = await knock(route, '', query);
        assert.equal(answer.status, 401, `${route.name}${query}: ${answer.text}`);
        const challenge = answer.headers.get('www-authenticate') ?? '';
        assert.match(challenge, route.isMcp ? /^Bearer .*resource_metadata="/ : /^Bearer /, route.name);
      }
    }
    for (const [method, path] of [
      ['GET', '/v1/nothing-like-it'],
      ['POST', '/'],
      ['POST', '/openapi.json'],
      ['DELETE', '/healthz/x'],
      ['PUT', '/docs'],
      ['GET', '/%2e%2e/v1/keys'],
      ['GET', '/openapi.json/../v1/keys'],
      ['GET', '/docs/..%2fv1/keys'],
    ] as const) {
      assert.equal((await world.ask(method, path, { key: '' })).status, 401, `${method} ${path}`);
    }
  });

  it('refuses two different keys, and one that is revoked, expired, mistyped or of another kind of credential', async () => {
    const [good, other, revoked] = [await make({}), await make({}), await make({})];
    await org.ask('DELETE', `/v1/keys/${revoked.id}`);
    const expired = await make({ expires_at: new Date(Date.now() - 1000).toISOString() });
    const mistyped = good.key.slice(0, -1) + (good.key.endsWith('a') ? 'b' : 'a');
    const bad: Record<string, Record<string, string>> = {
      two: { authorization: `Bearer ${good.key}`, 'x-api-key': other.key },
      revoked: { authorization: `Bearer ${revoked.key}` },
      'revoked beside a good one': { authorization: `Bearer ${good.key}`, 'x-api-key': revoked.key },
      expired: { 'x-api-key': expired.key },
      mistyped: { authorization: `Bearer ${mistyped}` },
      'other case': { authorization: `Bearer ${good.key.toUpperCase()}` },
      basic: { authorization: `Basic ${Buffer.from(`x:${good.key}`).toString('base64')}` },
      'two in one': { authorization: `Bearer ${good.key}, Bearer ${good.key}` },
      empty: { authorization: 'Bearer ' },
      'empty header': { 'x-api-key': '' },
      'a cookie': { cookie: `key=${good.key}; session=${good.key}` },
      id: { authorization: `Bearer ${good.id}` },
      hint: { authorization: `Bearer ${good.hint.replace('…', '...')}` },
    };
    for (const route of guarded()) {
      for (const [what, headers] of Object.entries(bad)) {
        const nothing = absentLike(org.things);
        const path = pathWith(route, (param) => nothing[nounOf(route, param) ?? 'pack']);
        const plain = plainRequest(route, '');
        const answer = await world.ask(route.method, path, {
          ...plain,
          headers: { ...plain.headers, ...headers },
        });
        assert.equal(answer.status, 401, `${route.name}, ${what}: ${answer.text}`);
      }
    }
    assert.equal((await world.ask('GET', '/v1/keys', { key: good.key })).status, 200);
  });

  it('refuses a Host and an Origin that are not ours, whatever the method', async () => {
    const { key } = await make({ scopes: ['management:all', 'runtime:all'] });
    const tried = new Set<string>();
    for (const route of routes) {
      const nothing = absentLike(org.things);
      const path = pathWith(route, (param) => nothing[nounOf(route, param) ?? 'pack']);
      for (const method of [route.method, 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND']) {
        if (tried.has(`${method} ${path}`)) continue;
        tried.add(`${method} ${path}`);
        for (const host of [
          'evil.example',
          `evil.example:${world.port}`,
          `127.0.0.1.evil.example:${world.port}`,
        ]) {
          const status = await statusOf(method, path, { host, authorization: `Bearer ${key}` });
          const isHealth = path === '/healthz' || path === '/readyz';
          if (!isHealth) assert.equal(status, 421, `${method} ${path} ${host}`);
        }
        const headers = { host: `127.0.0.1:${world.port}`, authorization: `Bearer ${key}` };
        for (const origin of [
          'https://evil.example',
          'null',
          `http://127.0.0.1.evil.example:${world.port}`,
        ]) {
          assert.equal(
            await statusOf(method, path, { ...headers, origin }),
            403,
            `${method} ${path} ${origin}`,
          );
        }
      }
    }
    assert.ok(tried.size >= 300, `${tried.size} tried`);
  });

  function statusOf(method: string, path: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest({ port: world.port, host: '127.0.0.1', method, path, headers }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      sent.on('error', reject).end();
    });
  }
});

describe('an agent’s key', () => {
  it('is let in where it calls its own tools, and nowhere else', async () => {
    const agent = (await org.ask('POST', '/v1/agents', { handle: 'Sweeper' })).json.data;
    const things = { ...org.things, agentHandle: agent.handle };
    const letIn: string[] = [];
    for (const route of guarded()) {
      const path = pathWith(route, (param) => things[nounOf(route, param)!]);
      const { status } = await world.ask(route.method, path, plainRequest(route, agent.key));
      if (status !== 403) letIn.push(`${route.name}: ${status}`);
    }
    assert.deepEqual(letIn.toSorted(), [
      'POST /api/v1/tool-packs/{pack}/registered-users/{user}/mcp/: 404',
      'POST /mcp/agents/{handle}: 200',
      'POST /mcp/{pack}: 404',
      'POST /v1/calls: 422',
    ]);
  });
});

describe('a runtime key', () => {
  it('can do nothing but call', async () => {
    const { key } = await make({ scopes: ['runtime:all'] });
    const letIn: string[] = [];
    for (const route of guarded()) {
      const path = pathWith(route, (param) => org.things[nounOf(route, param)!]);
      const { status } = await world.ask(route.method, path, plainRequest(route, key));
      if (status !== 403) letIn.push(route.name);
    }
    assert.deepEqual(letIn.toSorted(), [
      'GET /v1/orgs/{org}',
      'POST /api/v1/tool-packs/{pack}/registered-users/{user}/mcp/',
      'POST /mcp/agents/{handle}',
      'POST /mcp/{pack}',
      'POST /v1/calls',
    ]);
  });
});

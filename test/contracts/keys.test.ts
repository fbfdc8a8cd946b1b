import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';

let world: World;
let admin: string;
before(async () => void (world = await startWorld()));
after(() => world.close());
beforeEach(async () => void (admin = (await world.organization()).key));

async function make(body: object, key = admin): Promise<Json> {
  const { status, json } = await world.ask('POST', '/v1/keys', { key, body });
  assert.equal(status, 201, JSON.stringify(json));
  return json.data;
}
async function user(id: string, key = admin): Promise<string> {
  const body = { origin_user_id: id, origin_user_name: id };
  return (await world.ask('POST', '/v1/users', { key, body })).json.data.id;
}

describe('a key', () => {
  it('is tck_, a type, random base62 and a checksum', async () => {
    assert.match((await make({})).key, /^tck_k[0-9A-Za-z]{38}$/);
    assert.match(admin, /^tck_a[0-9A-Za-z]{38}$/);
  });

  it('is shown once and listed masked', async () => {
    const made = await make({ name: 'shown once' });
    const list = await world.ask('GET', '/v1/keys', { key: admin });
    assert.doesNotMatch(list.text, new RegExp(made.key));
    const [row] = list.json.data;
    assert.equal(row.hint, `${made.key.slice(0, 8)}…${made.key.slice(-4)}`);
    assert.equal('key' in row, false);
    const compatible = await world.ask('GET', `/api/v1/access-keys/${made.id}/`, { key: admin });
    assert.equal('key' in compatible.json, false);
    assert.equal(compatible.json.key_masked, row.hint);
  });

  it('is stored as a hash: its text is in no audit row', async () => {
    const made = await make({});
    assert.doesNotMatch((await world.ask('GET', '/v1/audit', { key: admin })).text, new RegExp(made.key));
  });

  it('expires in 90 days unless said, never for null, and refuses both ways of saying at once', async () => {
    const days = (text: string) => (Date.parse(text) - Date.now()) / 86_400_000;
    assert.ok(Math.abs(days((await make({})).expires_at) - 90) < 0.01);
    assert.equal((await make({ expires_at: null })).expires_at, null);
    assert.ok(Math.abs(days((await make({ expires_in: 86_400 })).expires_at) - 1) < 0.01);
    const both = { expires_in: 60, expires_at: '2030-01-01T00:00:00Z' };
    assert.equal((await world.ask('POST', '/v1/keys', { key: admin, body: both })).status, 422);
  });

  it('stops working when it expires', async () => {
    const made = await make({ expires_at: new Date(Date.now() - 1000).toISOString() });
    assert.equal((await world.ask('GET', '/v1/keys', { key: made.key })).status, 401);
  });
});

describe('a key made with a key', () => {
  it('inherits what is left out, expiry included', async () => {
    const users = [await user('a'), await user('b')];
    const parent = await make({
      scopes: ['keys:write', 'packs:read'],
      user_ids: users,
      expires_in: 3600,
      rate_limit: { per_minute: 50 },
    });
    for (const body of [
      {},
      { scopes: [], user_ids: [], expires_at: null },
      { scopes: null, user_ids: null, rate_limit: null },
    ]) {
      const child = await make(body, parent.key);
      assert.deepEqual(child.scopes, parent.scopes);
      assert.deepEqual(child.user_ids, users);
      assert.equal(child.expires_at, parent.expires_at);
      assert.equal(child.rate_limit.per_minute, 50);
      assert.equal(child.parent_id, parent.id);
    }
  });

  it('is never wider in any dimension: asking for more is 403', async () => {
    const [mine, other] = [await user('a'), await user('b')];
    const parent = await make({
      scopes: ['keys:write', 'packs:read'],
      user_ids: [mine],
      expires_in: 3600,
      rate_limit: { per_minute: 50 },
    });
    const wider = [
      { scopes: ['packs:write'] },
      { scopes: ['packs:read', 'runtime:all'] },
      { scopes: ['management:all'] },
      { user_ids: [mine, other] },
      { user_ids: [other] },
      { expires_in: 7200 },
      { rate_limit: { per_minute: 51 } },
    ];
    for (const body of wider) {
      const answer = await world.ask('POST', '/v1/keys', { key: parent.key, body });
      assert.equal(answer.status, 403, JSON.stringify(body));
      assert.equal(answer.json.error.code, 'wider_than_parent');
    }
    assert.deepEqual((await make({ scopes: ['packs:read'] }, parent.key)).scopes, ['packs:read']);
  });

  it('cannot be made without keys:write', async () => {
    const weak = await make({ scopes: ['packs:read', 'runtime:all'] });
    for (const [method, path] of [
      ['POST', '/v1/keys'],
      ['GET', '/v1/keys'],
      ['POST', '/api/v1/access-keys/'],
      ['POST', `/v1/keys/${weak.id}/regenerate`],
    ] as const) {
      assert.equal((await world.ask(method, path, { key: weak.key })).status, 403, path);
    }
  });

  it('sees only keys bound as closely as itself', async () => {
    const mine = await user('a');
    const bound = await make({ name: 'bound', scopes: ['keys:write'], user_ids: [mine] });
    const child = await make({ name: 'child' }, bound.key);
    const free = await make({ name: 'free' });
    const list = await world.ask('GET', '/v1/keys', { key: bound.key });
    assert.deepEqual(
      list.json.data.map((row: Json) => row.name),
      ['child', 'bound'],
    );
    const path = (id: string) => `/api/v1/access-keys/${id}/`;
    assert.equal((await world.ask('GET', path(child.id), { key: bound.key })).status, 200);
    assert.equal((await world.ask('GET', path(free.id), { key: bound.key })).status, 404);
  });
});

describe('regenerating', () => {
  it('gives a new text and ends the old one at once', async () => {
    const made = await make({});
    assert.equal((await world.ask('GET', '/v1/keys', { key: made.key })).status, 200);
    const again = await world.ask('POST', `/v1/keys/${made.id}/regenerate`, { key: admin });
    assert.equal(again.status, 200);
    assert.equal(again.json.data.id, made.id);
    assert.equal((await world.ask('GET', '/v1/keys', { key: made.key })).status, 401);
    assert.equal((await world.ask('GET', '/v1/keys', { key: again.json.data.key })).status, 200);
  });

  it('is refused with 403 for a wider key, since it would hand it out', async () => {
    const wide = await make({});
    const narrow = await make({ scopes: ['keys:write'] });
    const answer = await world.ask('POST', `/v1/keys/${wide.id}/regenerate`, { key: narrow.key });
    assert.equal(answer.status, 403);
  });
});

describe('revoking', () => {
  it('ends a key and every key made with it, and may be said twice', async () => {
    const parent = await make({});
    const child = await make({}, parent.key);
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await world.ask('DELETE', `/v1/keys/${parent.id}`, { key: admin })).status, 204);
    }
    for (const key of [parent.key, child.key]) {
      assert.equal((await world.ask('GET', '/v1/keys', { key })).status, 401);
    }
    const rows = await world.ask('GET', '/v1/audit?action=key.revoked', { key: admin });
    assert.equal(rows.json.data.length, 1);
  });

  it('answers the key as revoked under /api/v1', async () => {
    const { json: made } = await world.ask('POST', '/api/v1/access-keys/', {
      key: admin,
      body: { name: 'r' },
    });
    assert.match(made.key, /^tck_k/);
    const revoked = await world.ask('POST', `/api/v1/access-keys/${made.id}/revoke/`, { key: admin });
    assert.equal(revoked.status, 200);
    assert.equal(revoked.json.is_active, false);
    const again = await world.ask('POST', `/api/v1/access-keys/${made.id}/regenerate/`, { key: admin });
    assert.equal(again.status, 404);
  });
});

describe('scopes', () => {
  it('open what they name and nothing else', async () => {
    const routes: readonly (readonly [string, string, string])[] = [
      ['GET', '/v1/users', 'packs:read'],
      ['GET', '/api/v1/registered-users/', 'packs:read'],
      ['POST', '/v1/users', 'packs:write'],
      ['GET', '/v1/keys', 'keys:write'],
      ['GET', '/v1/audit', 'audit:read'],
      ['GET', '/api/v1/audit-log/', 'audit:read'],
      ['GET', '/v1/calls', 'calls:read'],
      ['GET', '/v1/calls/stats', 'calls:read'],
      ['GET', '/api/v1/logs/tool-calls/', 'calls:read'],
      ['GET', '/v1/orgs/default/workspaces', 'connectors:read'],
      ['POST', '/v1/calls', 'runtime:all'],
    ];
    const scopes = [...new Set(routes.map(([, , scope]) => scope))];
    const keys = new Map<string, string>();
    for (const scope of scopes) keys.set(scope, (await make({ scopes: [scope] })).key);
    for (const [method, path, needed] of routes) {
      for (const scope of scopes) {
        const { status } = await world.ask(method, path, { key: keys.get(scope)! });
        assert.equal(status === 403, scope !== needed, `${method} ${path} with ${scope}: ${status}`);
      }
    }
  });
});

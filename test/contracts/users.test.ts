import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';

let world: World;
let key: string;
before(async () => void (world = await startWorld()));
after(() => world.close());
beforeEach(async () => void (key = (await world.organization()).key));

const ada = { origin_user_id: 'ada', origin_user_name: 'Ada' };
const packs = '/api/v1/registered-users/';

async function register(body: object = ada): Promise<Json> {
  const { status, json } = await world.ask('POST', packs, { key, body });
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}

describe('a registered user', () => {
  it('is made with an origin id and a name, and read back', async () => {
    const made = await register();
    assert.deepEqual(made, {
      id: made.id,
      origin_user_id: 'ada',
      origin_user_name: 'Ada',
      shared_credential_group: null,
      user_type: 'HUMAN',
      authenticated_connectors: [],
      is_test: false,
    });
    assert.deepEqual((await world.ask('GET', `${packs}${made.id}/`, { key })).json, made);
    const own = await world.ask('GET', `/v1/users/${made.id}`, { key });
    assert.equal(own.json.data.origin_user_id, 'ada');
    assert.equal(own.json.meta.request_id, own.headers.get('x-request-id'));
  });

  it('has an origin id of its own: a taken one is 409', async () => {
    await register();
    const again = await world.ask('POST', packs, { key, body: ada });
    assert.equal(again.status, 409);
    assert.equal(again.json.error.code, 'origin_user_id_taken');
    assert.equal((await world.ask('POST', '/v1/users', { key, body: ada })).status, 409);
    const other = await world.organization();
    assert.equal((await world.ask('POST', packs, { key: other.key, body: ada })).status, 201);
  });

  it('may belong to a company and carry groupings', async () => {
    const group = {
      origin_company_id: 'acme',
      origin_company_name: 'Acme',
      custom_groupings: { team: 'ops' },
    };
    const made = await register({ ...ada, user_type: 'SYSTEM', shared_credential_group: group });
    assert.deepEqual(made.shared_credential_group, group);
    assert.equal(made.user_type, 'SYSTEM');
    const second = await register({
      origin_user_id: 'b',
      origin_user_name: 'B',
      shared_credential_group: { origin_company_id: 'acme' },
    });
    assert.equal(second.shared_credential_group.origin_company_name, 'Acme');
  });

  it('is found by its origin id', async () => {
    await register();
    await register({ origin_user_id: 'bob', origin_user_name: 'Bob' });
    const { json } = await world.ask('GET', `${packs}?origin_user_id=bob`, { key });
    assert.equal(json.count, 1);
    assert.equal(json.results[0].origin_user_name, 'Bob');
  });

  it('is gone after DELETE, and a second time 404', async () => {
    const { id } = await register();
    assert.equal((await world.ask('DELETE', `${packs}${id}/`, { key })).status, 204);
    assert.equal((await world.ask('DELETE', `${packs}${id}/`, { key })).status, 404);
    assert.equal((await world.ask('GET', `/v1/users/${id}`, { key })).status, 404);
  });
});

describe('PATCH', () => {
  it('leaves what is absent', async () => {
    const made = await register({
      ...ada,
      user_type: 'SYSTEM',
      shared_credential_group: { origin_company_id: 'acme' },
    });
    const path = `${packs}${made.id}/`;
    const renamed = await world.ask('PATCH', path, { key, body: { origin_user_name: 'Countess' } });
    assert.deepEqual(renamed.json, { ...made, origin_user_name: 'Countess' });
  });

  it('clears with null: no company, the usual type', async () => {
    const made = await register({
      ...ada,
      user_type: 'SYSTEM',
      shared_credential_group: { origin_company_id: 'acme' },
    });
    const body = { shared_credential_group: null, user_type: null };
    const { json } = await world.ask('PATCH', `${packs}${made.id}/`, { key, body });
    assert.equal(json.shared_credential_group, null);
    assert.equal(json.user_type, 'HUMAN');
    const name = await world.ask('PATCH', `${packs}${made.id}/`, { key, body: { origin_user_name: null } });
    assert.equal(name.status, 400);
  });

  it('changes nothing for {}, updated_at included', async () => {
    const { id } = await register();
    const before = await world.ask('GET', `/v1/users/${id}`, { key });
    const after = await world.ask('PATCH', `/v1/users/${id}`, { key, body: {} });
    assert.deepEqual(after.json.data, before.json.data);
  });
});

describe('a key bound to users', () => {
  it('sees and changes only those, and makes no other', async () => {
    const [mine, other] = [
      await register(),
      await register({ origin_user_id: 'bob', origin_user_name: 'Bob' }),
    ];
    const body = { registered_user_ids: [mine.id], scopes: ['packs:read', 'packs:write'] };
    const bound = (await world.ask('POST', '/api/v1/access-keys/', { key, body })).json.key;
    const list = await world.ask('GET', packs, { key: bound });
    assert.deepEqual(
      list.json.results.map((row: Json) => row.id),
      [mine.id],
    );
    assert.equal((await world.ask('GET', `${packs}${mine.id}/`, { key: bound })).status, 200);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const options = { key: bound, ...(method === 'PATCH' ? { body: {} } : {}) };
      assert.equal((await world.ask(method, `${packs}${other.id}/`, options)).status, 404, method);
    }
    const fresh = { origin_user_id: 'c', origin_user_name: 'C' };
    assert.equal((await world.ask('POST', packs, { key: bound, body: fresh })).status, 403);
  });
});

describe('the audit', () => {
  it('has a row for every change, newest first, in both shapes', async () => {
    const { id } = await register();
    await world.ask('PATCH', `/v1/users/${id}`, { key, body: { origin_user_name: 'X' } });
    const removed = await world.ask('DELETE', `/v1/users/${id}`, { key });
    const { json } = await world.ask('GET', `/v1/audit?target_id=${id}`, { key });
    assert.deepEqual(
      json.data.map((row: Json) => row.action),
      ['registered_user.deleted', 'registered_user.updated', 'registered_user.created'],
    );
    const [row] = json.data;
    assert.deepEqual(Object.keys(row), [
      'id',
      'created_at',
      'actor',
      'action',
      'target',
      'outcome',
      'reason',
      'request_id',
      'changes',
    ]);
    assert.equal(row.request_id, removed.headers.get('x-request-id'));
    assert.deepEqual(row.target, { type: 'registered_user', id });
    const events = await world.ask('GET', '/api/v1/audit-log/?event_type=REGISTERED_USER_CREATED', { key });
    assert.equal(events.json.count, 1);
    assert.equal(events.json.results[0].event_type, 'REGISTERED_USER_CREATED');
  });

  it('filters by time and pages by cursor', async () => {
    for (const name of ['a', 'b', 'c']) await register({ origin_user_id: name, origin_user_name: name });
    const first = await world.ask('GET', '/v1/audit?limit=2', { key });
    const rest = await world.ask('GET', `/v1/audit?limit=2&cursor=${first.json.meta.next_cursor}`, { key });
    assert.equal(first.json.data.length + rest.json.data.length, 3);
    assert.equal((await world.ask('GET', '/v1/audit?from=2100-01-01', { key })).json.data.length, 0);
  });
});

describe('the log of API calls', () => {
  it('has every request of the organization’s keys, without query values', async () => {
    const { headers } = await world.ask('GET', '/v1/users?origin_user_id=private', { key });
    const { json, text } = await world.ask('GET', '/api/v1/logs/api-calls/', { key });
    assert.equal(json.count, 1);
    assert.equal(json.results[0].id, headers.get('x-request-id'));
    assert.equal(json.results[0].path, '/v1/users');
    assert.equal(json.results[0].status_code, 200);
    assert.doesNotMatch(text, /private/);
    assert.equal((await world.ask('GET', '/api/v1/logs/api-calls/?status_code=404', { key })).json.count, 0);
  });
});

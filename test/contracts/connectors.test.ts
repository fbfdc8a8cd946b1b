import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { openDesk, type Desk } from './agents-desk.ts';

let world: World;
let store: Shop;
before(async () => {
  store = await shop();
  world = await startWorld();
});
after(async () => {
  await world.close();
  await store.close();
});

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const newDesk = (): Promise<Desk> => openDesk(world, store);
const bareHex = (id: string): string => id.slice('connector_'.length);
const asUuid = (id: string): string => {
  const hex = bareHex(id);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18)}${hex.slice(0, 6)}`;
};

describe('a connector', () => {
  test('has the fields of the contract and no other, in its order', async () => {
    const desk = await newDesk();
    const { id } = await desk.connect('Production Shop');
    const { json } = await desk.ask('GET', '/v1/connectors');
    assert.deepEqual(Object.keys(json), ['data', 'meta']);
    assert.deepEqual(Object.keys(json.meta), ['request_id', 'next_cursor']);
    const [connector] = json.data;
    assert.deepEqual(Object.keys(connector), [
      'id',
      'type',
      'name',
      'status',
      'status_reason',
      'is_active',
      'created_at',
      'updated_at',
    ]);
    assert.match(connector.id, /^connector_[0-9a-f]{24}$/);
    assert.equal(connector.id, id);
    assert.deepEqual(
      [connector.type, connector.name, connector.status, connector.status_reason, connector.is_active],
      ['production_shop', 'Production Shop', 'connected', null, true],
    );
    assert.match(connector.created_at, iso);
    assert.match(connector.updated_at, iso);
  });

  test('in detail adds its tools: bare names, labels, what they do, whether they ask and are off', async () => {
    const desk = await newDesk();
    const { id } = await desk.connect('Shop');
    await desk.connect('Shop'); // a second account: no suffix in its tools' names either
    for (const connector of (await desk.ask('GET', '/v1/connectors')).json.data) {
      const { tools } = await desk.make('GET', `/v1/connectors/${connector.id}`);
      const names = tools.map((tool: Json) => tool.name);
      assert.deepEqual(names, ['list_orders', 'create_order', 'get_order', 'delete_order']);
    }
    const own = await desk.make('GET', `/v1/connections/${bareHex(id)}/tools`);
    const listing = own.find((tool: Json) => tool.name === 'list_orders');
    await desk.make('PATCH', `/v1/tools/${listing.id}`, {
      is_enabled: false,
      title: 'Find orders',
      description: 'Looks for orders.',
    });
    const { json } = await desk.ask('GET', `/v1/connectors/${id}`);
    assert.deepEqual(Object.keys(json.meta), ['request_id']);
    const [list, create, , remove] = json.data.tools;
    assert.deepEqual(list, {
      name: 'list_orders',
      label: 'Find orders',
      description: 'Looks for orders.',
      type: 'read',
      requires_confirmation: false,
      disabled: true,
    });
    assert.deepEqual(Object.keys(list), [
      'name',
      'label',
      'description',
      'type',
      'requires_confirmation',
      'disabled',
    ]);
    assert.deepEqual([create.type, create.disabled], ['write', false]);
    assert.deepEqual([remove.type, remove.requires_confirmation], ['write', true]);
  });

  test('is named in any form of its id', async () => {
    const desk = await newDesk();
    const { id } = await desk.connect('Shop');
    for (const form of [id, bareHex(id), asUuid(id), id.toUpperCase()]) {
      const { status, json } = await desk.ask('GET', `/v1/connectors/${form}`);
      assert.deepEqual([status, json?.data.id], [200, id], form);
    }
    const odd = await desk.ask('GET', '/v1/connectors/nonsense');
    assert.deepEqual([odd.status, odd.json.error.code], [422, 'validation_error']);
    assert.deepEqual(Object.keys(odd.json.error), ['code', 'message', 'request_id']);
  });

  test('is as absent when it is another organization’s as one that never was', async () => {
    const [desk, other] = [await newDesk(), await newDesk()];
    const { id } = await other.connect('Shop');
    const plain = (text: string): string => text.replace(/req_[0-9a-f]+/, '');
    const theirs = await desk.ask('GET', `/v1/connectors/${id}`);
    const never = await desk.ask('GET', `/v1/connectors/connector_${'0'.repeat(24)}`);
    assert.deepEqual([theirs.status, plain(theirs.text)], [404, plain(never.text)]);
    assert.deepEqual((await desk.ask('GET', '/v1/connectors')).json.data, []);
  });

  test('says its failure in words, and moves updated_at with its status and its reconfiguration', async () => {
    const desk = await newDesk();
    const connector = await desk.connect('Shop');
    const read = () => desk.make('GET', `/v1/connectors/${connector.id}`);
    await desk.flip(connector, 'auth_failed', 'The service no longer accepts this key.');
    const failed = await read();
    assert.deepEqual(
      [failed.status, failed.status_reason],
      ['auth_failed', 'The service no longer accepts this key.'],
    );
    assert.ok(failed.updated_at > connector.updated_at);
    await desk.flip(connector, 'token_expired', 'The token ran out.');
    assert.equal((await read()).status, 'token_expired');
    await desk.make('PUT', '/v1/credentials', {
      connection: bareHex(connector.id),
      fields: { token: 'new' },
    });
    const again = await read();
    assert.deepEqual([again.status, again.status_reason], ['connected', null]);
    await desk.make('PATCH', `/v1/connections/${bareHex(connector.id)}`, { nickname: 'Sandbox' });
    const renamed = await read();
    assert.equal(renamed.name, 'Sandbox');
    assert.ok(renamed.updated_at > again.updated_at);
    // Another key for the same account is a reconfiguration too.
    await desk.make('PUT', '/v1/credentials', {
      connection: bareHex(connector.id),
      fields: { token: 'newer' },
    });
    assert.ok((await read()).updated_at > renamed.updated_at);
  });

  test('that waits for its first sign-in is not listed, and one that is inactive is', async () => {
    const desk = await newDesk();
    const waiting = await desk.make('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Waiting',
      document: store.document,
      auth: { type: 'bearer' },
    });
    assert.equal(waiting.status, 'pending');
    const { id } = await desk.connect('Resting');
    await desk.make('PATCH', `/v1/connections/${bareHex(id)}`, { is_active: false });
    const { data } = (await desk.ask('GET', '/v1/connectors')).json;
    assert.deepEqual(
      data.map(({ name, is_active }: Json) => [name, is_active]),
      [['Resting', false]],
    );
    assert.equal((await desk.ask('GET', `/v1/connectors/${waiting.id}`)).status, 404);
    assert.equal((await desk.ask('GET', `/v1/connectors/${id}`)).json.data.is_active, false);
  });

  test('shows nothing of what it signs in with', async () => {
    const desk = await newDesk();
    const { id } = await desk.connect('Shop');
    const { text } = await desk.ask('GET', `/v1/connectors/${id}`);
    assert.ok(!/token of|hint|credential|bearer/i.test(text), text);
  });
});

describe('the list of connectors', () => {
  test('is newest first, in pages of 1 to 100, 25 unless said', async () => {
    const desk = await newDesk();
    for (let number = 1; number <= 26; number += 1) await desk.connect(`Shop ${number}`);
    const names = (json: Json): string[] => json.data.map((row: Json) => row.name);
    const first = await desk.ask('GET', '/v1/connectors');
    assert.equal(names(first.json).length, 25);
    assert.equal(names(first.json)[0], 'Shop 26');
    const next = await desk.ask('GET', `/v1/connectors?cursor=${first.json.meta.next_cursor}`);
    assert.deepEqual([names(next.json), next.json.meta.next_cursor], [['Shop 1'], null]);
    assert.equal(names((await desk.ask('GET', '/v1/connectors?limit=100')).json).length, 26);
    for (const limit of ['0', '101', 'x', '']) {
      const answer = await desk.ask('GET', `/v1/connectors?limit=${limit}`);
      assert.deepEqual([answer.status, answer.json.error.code], [422, 'validation_error'], limit);
    }
    assert.equal((await desk.ask('GET', '/v1/connectors?cursor=made-up')).status, 422);
    const foreign = await newDesk();
    const carried = await foreign.ask('GET', `/v1/connectors?cursor=${first.json.meta.next_cursor}`);
    assert.equal(carried.status, 422);
  });

  test('shows what is there throughout exactly once, whatever comes and goes meanwhile', async () => {
    const desk = await newDesk();
    const made: Json[] = [];
    for (let number = 1; number <= 6; number += 1) made.push(await desk.connect(`Shop ${number}`));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { json } = await desk.ask('GET', `/v1/connectors?limit=2${query}`);
      seen.push(...json.data.map((row: Json) => row.name));
      if (cursor === null) {
        await desk.connect('Later');
        // The row the cursor stands on, and one it has yet to come to.
        await desk.make('DELETE', `/v1/connections/${bareHex(made[4].id)}`);
        await desk.make('DELETE', `/v1/connections/${bareHex(made[0].id)}`);
      }
      cursor = json.meta.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ['Shop 6', 'Shop 5', 'Shop 4', 'Shop 3', 'Shop 2']);
  });

  test('needs connectors:read, carries the rate limit and says which request it was', async () => {
    const desk = await newDesk();
    await desk.connect('Shop');
    const { key: reader } = await desk.make('POST', '/v1/keys', { scopes: ['connectors:read'] });
    const { key: other } = await desk.make('POST', '/v1/keys', { scopes: ['agents:read', 'tools:read'] });
    const answer = await desk.ask('GET', '/v1/connectors', undefined, reader);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('x-ratelimit-limit'), '1000');
    assert.ok(Number(answer.headers.get('x-ratelimit-remaining')) < 1000);
    assert.ok(Number(answer.headers.get('x-ratelimit-reset')) > 0);
    assert.equal(answer.headers.get('x-request-id'), answer.json.meta.request_id);
    const refused = await desk.ask('GET', '/v1/connectors', undefined, other);
    assert.deepEqual([refused.status, refused.json.error.code], [403, 'insufficient_scope']);
    const [{ id }] = answer.json.data;
    assert.equal((await desk.ask('GET', `/v1/connectors/${id}`, undefined, reader)).status, 200);
    assert.equal((await desk.ask('GET', `/v1/connectors/${id}`, undefined, other)).status, 403);
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      assert.equal((await desk.ask(method, '/v1/connectors', {})).status, 405, method);
    }
  });

  test('shows a key of some workspaces only the connectors there', async () => {
    const desk = await newDesk();
    await desk.connect('Everybody');
    const space = await world.ask('POST', `/v1/orgs/${desk.id}/workspaces`, {
      key: desk.key,
      body: { slug: 'apart', name: 'Apart' },
    });
    const apart = await desk.make('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Apart',
      document: store.document,
      auth: { type: 'bearer', token: 't' },
      workspace: 'apart',
    });
    const { key } = await desk.make('POST', '/v1/keys', { workspace_ids: [space.json.id] });
    const { json } = await desk.ask('GET', '/v1/connectors', undefined, key);
    assert.deepEqual(
      json.data.map((row: Json) => row.name),
      ['Apart'],
    );
    const [hidden] = (await desk.ask('GET', '/v1/connectors')).json.data.filter(
      (row: Json) => row.name === 'Everybody',
    );
    assert.equal((await desk.ask('GET', `/v1/connectors/${hidden.id}`, undefined, key)).status, 404);
    assert.equal((await desk.ask('GET', `/v1/connectors/${apart.id}`, undefined, key)).status, 200);
  });
});

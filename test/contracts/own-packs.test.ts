import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';

describe('own API: packs, credentials, calls', () => {
  let world: World;
  let store: Shop;
  before(async () => {
    store = await shop();
    world = await startWorld();
    for (const nickname of ['Shop', 'Depot']) {
      const { status } = await world.fetchJson('POST', '/v1/connections', {
        kind: 'openapi',
        nickname,
        document: store.document,
        auth: { type: 'bearer' },
      });
      assert.equal(status, 201);
    }
  });
  after(async () => {
    await world.close();
    await store.close();
  });

  const createPack = (body: object) => world.fetchJson('POST', '/v1/packs', body);

  test('a pack says its address, its entries and what its tools cost', async () => {
    const { status, json } = await createPack({
      name: 'Front Desk',
      description: 'For the desk.',
      entries: [{ slug: 'shop' }],
    });
    assert.equal(status, 201);
    const pack = json.data;
    assert.equal(pack.slug, 'front-desk');
    assert.equal(pack.mcp_url, `${world.url}/mcp/front-desk`);
    assert.deepEqual(
      [pack.names, pack.approve_by, pack.mode, pack.favourites],
      ['prefixed', 'client', 'list', []],
    );
    const [entry] = pack.entries;
    assert.deepEqual(
      [entry.slug, entry.auth_scope, entry.selection, entry.tools, entry.overrides],
      ['shop', 'ORGANIZATION', 'all', null, {}],
    );
    const { json: tools } = await world.ask('GET', `/v1/connections/${entry.connection_id}/tools`);
    const cost = tools.data.reduce((sum: number, tool: Json) => sum + tool.token_cost.served, 0);
    assert.equal(pack.token_cost, cost);
    const listed = await world.ask('GET', '/v1/packs');
    assert.deepEqual(listed.json.data[0], pack);
  });

  test('a patch renames a pack and never its slug; what changes nothing leaves updated_at', async () => {
    const { json } = await createPack({ name: 'Old name', entries: [{ slug: 'shop' }] });
    const path = `/v1/packs/${json.data.id}`;
    const renamed = await world.fetchJson('PATCH', path, { name: 'New name' });
    assert.deepEqual([renamed.json.data.name, renamed.json.data.slug], ['New name', 'old-name']);
    const idle = await world.fetchJson('PATCH', path, { name: 'New name' });
    assert.equal(idle.json.data.updated_at, renamed.json.data.updated_at);
    const cleared = await world.fetchJson('PATCH', path, { description: null, entries: [] });
    assert.deepEqual([cleared.json.data.description, cleared.json.data.entries], ['', []]);
    for (const field of ['mode', 'approve_by', 'favourites', 'slug']) {
      const { status } = await world.fetchJson('PATCH', path, { [field]: 'x' });
      assert.equal(status, 422);
    }
    assert.equal((await world.ask('DELETE', path)).status, 204);
    assert.equal((await world.ask('GET', path)).status, 404);
  });

  test('an entry put is exactly what the body says, and other entries stay', async () => {
    const { json } = await createPack({ name: 'Both', entries: [{ slug: 'depot' }] });
    const path = `/v1/packs/${json.data.id}`;
    const put = await world.fetchJson('PUT', `${path}/entries/shop`, {
      auth_scope: 'INDIVIDUAL',
      tools: ['get_order', 'shop__list_orders'],
      overrides: { get_order: { description: 'Ours.' } },
    });
    assert.equal(put.status, 200, put.text);
    const entry = (pack: Json, slug: string) => pack.data.entries.find((one: Json) => one.slug === slug);
    assert.deepEqual(
      [entry(put.json, 'shop').selection, entry(put.json, 'shop').tools, entry(put.json, 'shop').auth_scope],
      ['exactly', ['get_order', 'list_orders'], 'INDIVIDUAL'],
    );
    assert.deepEqual(entry(put.json, 'shop').overrides, { get_order: { description: 'Ours.' } });
    assert.equal(entry(put.json, 'depot').selection, 'all');
    const again = await world.fetchJson('PUT', `${path}/entries/shop`, {});
    assert.deepEqual(
      [
        entry(again.json, 'shop').selection,
        entry(again.json, 'shop').auth_scope,
        entry(again.json, 'shop').overrides,
      ],
      ['all', 'ORGANIZATION', {}],
    );
    const none = await world.fetchJson('PUT', `${path}/entries/shop`, { selection: 'exactly', tools: [] });
    assert.deepEqual(entry(none.json, 'shop').tools, []);
    assert.equal((await world.ask('DELETE', `${path}/entries/shop`)).status, 204);
    assert.equal((await world.ask('DELETE', `${path}/entries/shop`)).status, 404);
    const now = await world.ask('GET', path);
    assert.deepEqual(
      now.json.data.entries.map(({ slug }: Json) => slug),
      ['depot'],
    );
  });

  test('what an entry gets wrong is told at its place, and nothing of the request happens', async () => {
    const { json } = await createPack({ name: 'Careful', entries: [{ slug: 'shop' }] });
    const path = `/v1/packs/${json.data.id}`;
    const bodies: [object, string][] = [
      [{ tools: ['get_ordr'] }, '/tools'],
      [{ selection: 'exactly' }, '/tools'],
      [{ selection: 'all', tools: ['get_order'] }, '/tools'],
      [{ tool_names: [] }, '/tool_names'],
      [{ auth_scope: 'EVERYBODY' }, '/auth_scope'],
      [{ overrides: { nothing: {} } }, '/overrides/nothing'],
      [
        { overrides: { get_order: { inputs: { nothing: { mode: 'pinned', value: 1 } } } } },
        '/overrides/get_order/inputs/nothing',
      ],
      [{ overrides: { get_order: { titel: 'x' } } }, '/overrides/get_order/titel'],
    ];
    for (const [body, param] of bodies) {
      const { status, json: refused, text } = await world.fetchJson('PUT', `${path}/entries/shop`, body);
      assert.equal(status, 422, text);
      assert.equal(refused.error.param, param);
    }
    const misspelt = await world.fetchJson('PUT', `${path}/entries/shop`, { tools: ['get_ordr'] });
    assert.match(misspelt.json.error.message, /get_order/);
    const inList = await createPack({
      name: 'List',
      entries: [{ slug: 'depot' }, { slug: 'shop', tools: ['nope'] }],
    });
    assert.equal(inList.json.error.param, '/entries/1/tools');
    const after = await world.ask('GET', path);
    assert.deepEqual(after.json.data, json.data);
  });

  test('plain names need a pack of one connection', async () => {
    const two = await createPack({
      name: 'Plain',
      names: 'plain',
      entries: [{ slug: 'shop' }, { slug: 'depot' }],
    });
    assert.equal(two.status, 422);
    const one = await createPack({ name: 'Plain', names: 'plain', entries: [{ slug: 'shop' }] });
    assert.equal(one.status, 201);
  });

  test('a credential shows whose and for what, never a value, and is gone when shredded', async () => {
    const put = await world.fetchJson('PUT', '/v1/credentials', {
      connection: 'shop',
      owner: { type: 'organization' },
      fields: { token: 'organization-token-1' },
    });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.json.data.fields, ['token']);
    assert.equal(put.json.data.connection.slug, 'shop');
    assert.equal(put.json.data.hint, null);
    const user = await world.fetchJson('POST', '/v1/users', {
      origin_user_id: 'u1',
      origin_user_name: 'Una',
    });
    const mine = await world.fetchJson('PUT', '/v1/credentials', {
      connection: put.json.data.connection.id,
      owner: { type: 'user', id: user.json.data.id },
      fields: { token: 'user-token-1' },
    });
    assert.equal(mine.status, 200, mine.text);
    const first = await world.ask('GET', '/v1/credentials?limit=1');
    assert.equal(first.json.data[0].id, mine.json.data.id);
    const second = await world.ask('GET', `/v1/credentials?limit=1&cursor=${first.json.meta.next_cursor}`);
    assert.equal(second.json.data[0].id, put.json.data.id);
    assert.equal(second.json.meta.next_cursor, null);
    assert.ok(!/(organization|user)-token-1/.test(first.text + second.text + put.text + mine.text));
    assert.equal((await world.ask('DELETE', `/v1/credentials/${mine.json.data.id}`)).status, 204);
    assert.equal((await world.ask('DELETE', `/v1/credentials/${mine.json.data.id}`)).status, 404);
  });

  test('a credential of wrong fields, owner or connection is refused without its value', async () => {
    const bodies: [object, string][] = [
      [{ connection: 'shop', fields: { api_key: 'wrong-secret-2' } }, '/fields/token'],
      [{ connection: 'nowhere', fields: { token: 'wrong-secret-2' } }, '/connection'],
      [
        { connection: 'shop', owner: { type: 'user', id: 'x' }, fields: { token: 'wrong-secret-2' } },
        '/owner/id',
      ],
      [{ connection: 'shop', fields: { token: ['wrong-secret-2'] } }, '/fields/token'],
      [{ connection: 'shop', fields: { token: 'wrong-secret-2' }, note: 1 }, '/note'],
    ];
    for (const [body, param] of bodies) {
      const { status, json, text } = await world.fetchJson('PUT', '/v1/credentials', body);
      assert.equal(status, 422, text);
      assert.equal(json.error.param, param);
      assert.ok(!text.includes('wrong-secret-2'), text);
    }
  });

  test('a call answers the result of tools/call plus its id, and runs as its scope says', async () => {
    const user = await world.fetchJson('POST', '/v1/users', {
      origin_user_id: 'u2',
      origin_user_name: 'Udo',
    });
    await world.fetchJson('PUT', '/v1/credentials', {
      connection: 'shop',
      fields: { token: 'organization-token-3' },
    });
    await world.fetchJson('PUT', '/v1/credentials', {
      connection: 'depot',
      owner: { type: 'user', id: user.json.data.id },
      fields: { token: 'user-token-3' },
    });
    await createPack({
      name: 'Callers',
      entries: [{ slug: 'shop' }, { slug: 'depot', auth_scope: 'INDIVIDUAL' }],
    });
    const call = (tool: string, user?: string) =>
      world.fetchJson('POST', '/v1/calls', {
        pack: 'callers',
        tool,
        arguments: { id: 7 },
        ...(user ? { user } : {}),
      });
    const plain = await call('shop__get_order');
    assert.deepEqual(Object.keys(plain.json).sort(), ['call_id', 'content', 'isError', 'structuredContent']);
    assert.equal(store.calls().at(-1)!.headers.authorization, 'Bearer organization-token-3');
    const mine = await call('depot__get_order', user.json.data.id);
    assert.equal(mine.json.isError, false, mine.text);
    assert.equal(store.calls().at(-1)!.headers.authorization, 'Bearer user-token-3');
    const before = store.calls().length;
    const nobody = await call('depot__get_order');
    assert.equal(store.calls().length, before);
    assert.ok(nobody.status === 404 || nobody.json.isError);
    for (const body of [
      { tool: 'x' },
      { pack: 'callers' },
      { pack: 'callers', tool: 'x', arguments: [] },
      { pack: 'callers', tool: 'x', user_id: 1 },
    ]) {
      assert.equal((await world.fetchJson('POST', '/v1/calls', body)).status, 422);
    }
  });

  test('a key for management cannot call, and a runtime key can do nothing else', async () => {
    const runtime = await world.fetchJson('POST', '/v1/keys', { scopes: ['runtime:all'] });
    const management = await world.fetchJson('POST', '/v1/keys', { scopes: ['management:all'] });
    const body = { pack: 'callers', tool: 'shop__get_order', arguments: { id: 7 } };
    assert.equal((await world.fetchJson('POST', '/v1/calls', body, management.json.data.key)).status, 403);
    assert.equal((await world.fetchJson('POST', '/v1/calls', body, runtime.json.data.key)).status, 200);
    for (const path of ['/v1/packs', '/v1/connections', '/v1/credentials', '/v1/catalog']) {
      assert.equal((await world.ask('GET', path, { key: runtime.json.data.key })).status, 403);
    }
  });
});

describe('own API: the client that leaves', () => {
  test('takes its call at the service along', async () => {
    const { httpService, sendJson } = await import('../fakes/http-service.ts');
    const { shopDocument } = await import('../fakes/shop.ts');
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    const slow = await httpService((seen, response, request) => {
      if (seen.url === '/openapi.json') return sendJson(response, shopDocument(slow.url));
      request.on('close', () => gone.resolve());
      response.on('close', () => gone.resolve());
      arrived.resolve();
    });
    const world = await startWorld();
    const ended = Promise.withResolvers<string>();
    world.crib.onCallEnd(({ outcome }) => ended.resolve(outcome));
    try {
      const document = shopDocument(slow.url) as Json;
      delete document.paths['/orders'];
      await world.fetchJson('POST', '/v1/connections', {
        kind: 'openapi',
        nickname: 'Slow',
        document,
        auth: { type: 'none' },
      });
      await world.fetchJson('POST', '/v1/packs', { name: 'Slow', entries: [{ slug: 'slow' }] });
      const leaving = new AbortController();
      const call = fetch(`${world.url}/v1/calls`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world.adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ pack: 'slow', tool: 'slow__get_order', arguments: { id: 1 } }),
        signal: leaving.signal,
      });
      await arrived.promise;
      leaving.abort();
      await assert.rejects(call);
      await gone.promise;
      assert.equal(await ended.promise, 'cancelled');
    } finally {
      await world.close();
      await slow.close();
    }
  });
});

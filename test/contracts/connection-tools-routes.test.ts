import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { closedPort } from '../fakes/http-service.ts';
import { scriptedMcp } from '../fakes/scripted-mcp.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';

const base = '/v1/integrations/connections';
const tool = (name: string) => ({ name, description: name, inputSchema: { type: 'object' } });
const listing = (tools: unknown[]) => ({ tools, resultType: 'complete', ttlMs: 0, cacheScope: 'private' });

describe('connection tools: routes', () => {
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

  const importShop = async (fields: object = {}) =>
    world.fetchJson('POST', `${base}/openapi`, { nickname: 'Shop', document: store.document, ...fields });

  test('the catalog has all keys of the contract, as a bare array', async () => {
    const { json } = await world.ask('GET', '/v1/integrations');
    const keys = json.map(({ key }: Json) => key);
    assert.deepEqual(keys.slice(0, 7), [
      'slack',
      'custom_mcp',
      'notion',
      'google_drive',
      'calcom',
      'twilio',
      'email',
    ]);
    for (const entry of json) {
      assert.deepEqual(Object.keys(entry), ['key', 'display_name', 'description', 'category', 'logo_url']);
    }
  });

  test('both headers authenticate, and two different keys do not', async () => {
    const byHeader = await world.ask('GET', base, { key: '', headers: { 'x-api-key': world.adminKey } });
    assert.equal(byHeader.status, 200);
    assert.equal((await world.ask('GET', base, { key: '' })).status, 401);
    const two = await world.ask('GET', base, { headers: { 'x-api-key': 'tck_other' } });
    assert.equal(two.status, 401);
    assert.equal(typeof two.json.detail, 'string');
    assert.ok(two.headers.get('x-request-id'));
  });

  test('a custom MCP server without sign-in, with a bearer and with a key is active at once', async () => {
    const server = await scriptedMcp({ era: 'modern', tools: [tool('hello')] });
    try {
      const cases: [object, string, string][] = [
        [{}, '', ''],
        [{ auth_type: 'bearer', token: 'bearer-1' }, 'authorization', 'Bearer bearer-1'],
        [{ auth_type: 'api_key', api_key: 'key-1' }, 'x-api-key', 'key-1'],
        [{ auth_type: 'api_key', api_key: 'key-2', api_key_header: 'X-Mine' }, 'x-mine', 'key-2'],
        [{ headers: { 'X-Tenant': 'tenant-5' }, transport: 'streamable_http' }, 'x-tenant', 'tenant-5'],
      ];
      for (const [fields, header, value] of cases) {
        server.requests.length = 0;
        const { status, json } = await world.fetchJson('POST', `${base}/custom-mcp`, {
          nickname: 'Server',
          server_url: server.url,
          ...fields,
        });
        assert.equal(status, 201);
        const { connection_id, ...rest } = json;
        assert.deepEqual(rest, { status: 'active', vendor: 'toolcrib', authorize_url: null, state: null });
        assert.ok(connection_id);
        if (header)
          assert.ok(
            server.requests.some(({ headers }) => headers[header] === value),
            header,
          );
      }
    } finally {
      await server.close();
    }
  });

  test('what signs in otherwise than auth_type says is refused at its place', async () => {
    const cases: [object, string[]][] = [
      [{ oauth_client_id: 'x', oauth_scopes: ['a'] }, ['oauth_client_id', 'oauth_scopes']],
      [
        { auth_type: 'bearer', token: 'a-token', oauth_token_url: 'https://example.com/token' },
        ['oauth_token_url'],
      ],
      [{ auth_type: 'oauth', token: 'a-secret-token', api_key_header: 'X' }, ['token', 'api_key_header']],
    ];
    for (const [fields, places] of cases) {
      const { status, json, text } = await world.fetchJson('POST', `${base}/custom-mcp`, {
        nickname: 'Server',
        server_url: store.url,
        ...fields,
      });
      assert.equal(status, 422, text);
      assert.deepEqual(
        json.detail.map(({ type, loc }: Json) => [type, ...loc]),
        places.map((place) => ['extra_forbidden', 'body', place]),
      );
      assert.ok(!text.includes('a-secret-token'));
    }
  });

  test('what is missing to sign in is told at its place and never repeated', async () => {
    const places: [object, unknown[]][] = [
      [{ auth_type: 'bearer' }, ['body', 'token']],
      [{ auth_type: 'api_key' }, ['body', 'api_key']],
      [{ token: 'a-secret-token' }, ['body', 'token']],
      [{ headers: { Host: 'x' } }, ['body', 'headers', 'Host']],
      [{ server_url: 'ftp://127.0.0.1' }, ['body', 'server_url']],
      [{ server_url: 'http://192.168.1.1/mcp' }, ['body', 'server_url']],
      [{ auth_type: 'sso' }, ['body', 'auth_type']],
    ];
    const { json: before } = await world.ask('GET', base);
    for (const [fields, loc] of places) {
      const { status, json, text } = await world.fetchJson('POST', `${base}/custom-mcp`, {
        nickname: 'Server',
        server_url: store.url,
        ...fields,
      });
      assert.equal(status, 422, text);
      assert.deepEqual(json.detail[0].loc, loc);
      assert.ok(!text.includes('a-secret-token'));
    }
    const all = await world.fetchJson('POST', `${base}/custom-mcp`, { token: 5, extra: 1 });
    assert.deepEqual(
      all.json.detail.map(({ type, loc }: Json) => [type, loc[1]]),
      [
        ['missing', 'nickname'],
        ['missing', 'server_url'],
        ['string_type', 'token'],
        ['extra_forbidden', 'extra'],
      ],
    );
    assert.ok(all.json.detail.every((entry: Json) => entry.loc[1] !== 'token' || !('input' in entry)));
    assert.equal((await world.ask('GET', base)).json.length, before.length);
  });

  test('a server that does not answer is a connection in error, which a sync mends', async () => {
    const port = await closedPort();
    const { status, json } = await world.fetchJson('POST', `${base}/custom-mcp`, {
      nickname: 'Away',
      server_url: `http://127.0.0.1:${port}/mcp`,
    });
    assert.equal(status, 201);
    assert.equal(json.status, 'error');
    const read = await world.ask('GET', `${base}/${json.connection_id}`);
    assert.equal(read.json.tools_status, 'error');
    assert.equal(typeof read.json.status_reason, 'string');
  });

  test('a dry run of an import answers tools, what was left out and the price, and creates nothing', async () => {
    const before = (await world.ask('GET', base)).json.length;
    const broken = structuredClone(store.document) as Json;
    broken.paths['/broken'] = {
      get: { operationId: 'broken', parameters: [{ $ref: '#/nowhere' }], responses: {} },
    };
    const { status, json } = await world.fetchJson('POST', `${base}/openapi?dry_run=true`, {
      nickname: 'Shop',
      document: broken,
    });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), ['tools', 'left_out', 'total_token_cost']);
    assert.deepEqual(Object.keys(json.tools[0]), ['name', 'effect', 'token_cost', 'warnings']);
    assert.equal(json.left_out.length, 1);
    assert.match(json.left_out[0].operation, /broken/);
    assert.equal((await world.ask('GET', base)).json.length, before);
    const bad = await world.fetchJson('POST', `${base}/openapi?dry_run=perhaps`, { nickname: 'Shop' });
    assert.deepEqual(bad.json.detail[0], {
      type: 'bool_parsing',
      loc: ['query', 'dry_run'],
      msg: 'Input should be a valid boolean, unable to interpret input',
      input: 'perhaps',
    });
  });

  test('a connection has the contract’s members, its tools embedded', async () => {
    const made = await importShop({ auth: { type: 'bearer', token: 'shop-bearer-3' } });
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.json), ['connection_id', 'status']);
    const { json, text } = await world.ask('GET', `${base}/${made.json.connection_id}`);
    assert.deepEqual(
      [json.status, json.vendor, json.integration_key, json.nickname, json.tools_status, json.is_active],
      ['active', 'toolcrib', 'openapi', 'Shop', 'synced', true],
    );
    for (const name of [
      'id',
      'organization_id',
      'nickname_slug',
      'vendor_connection_id',
      'tools_synced_at',
      'status_reason',
      'connected_at',
      'last_refreshed_at',
      'last_used_at',
      'metadata',
      'created_at',
      'updated_at',
    ]) {
      assert.ok(name in json, name);
    }
    assert.equal(json.tools.length, 4);
    assert.ok(!text.includes('shop-bearer-3'));
    const listed = await world.ask('GET', base);
    assert.ok(Array.isArray(listed.json));
    assert.deepEqual(listed.json[0], json);
    const catalog = await world.ask('GET', '/v1/integrations');
    assert.ok(catalog.json.some(({ key }: Json) => key === json.nickname_slug));
  });

  test('a document that wants a key nobody gave is pending_oauth until one is set', async () => {
    const made = await importShop();
    assert.equal(made.json.status, 'pending_oauth');
    const set = await world.fetchJson('PUT', '/v1/credentials', {
      connection: made.json.connection_id,
      fields: { api_key: 'later-key-1' },
    });
    assert.equal(set.status, 200, set.text);
    const { json } = await world.ask('GET', `${base}/${made.json.connection_id}`);
    assert.equal(json.status, 'active');
  });

  test('slugs are a name’s, unique, at most 64 with the tool’s, and stay when the nickname changes', async () => {
    const long = 'An exceedingly long nickname, with ümlauts & signs!!';
    const first = await importShop({ nickname: long });
    const second = await importShop({ nickname: long });
    const read = async (made: Json) => (await world.ask('GET', `${base}/${made.json.connection_id}`)).json;
    const [one, two] = [await read(first), await read(second)];
    assert.notEqual(one.nickname_slug, two.nickname_slug);
    assert.equal(two.nickname, long);
    for (const { slug } of [...one.tools, ...two.tools]) assert.match(slug, /^[a-zA-Z0-9_-]{1,64}$/);
    const { json } = await world.fetchJson('PATCH', `${base}/${one.id}`, {
      nickname: 'Short',
      is_active: false,
    });
    assert.equal(json.nickname, 'Short');
    assert.equal(json.is_active, false);
    assert.equal(json.nickname_slug, one.nickname_slug);
    assert.deepEqual(
      json.tools.map(({ slug }: Json) => slug),
      one.tools.map(({ slug }: Json) => slug),
    );
    const back = await world.fetchJson('PATCH', `${base}/${one.id}`, { is_active: null });
    assert.equal(back.json.is_active, true);
    const followed = await world.fetchJson('PATCH', `${base}/${one.id}`, { drift_policy: 'follow' });
    assert.equal(followed.json.drift_policy, 'follow');
  });

  test('two operations whose names fall together stay two tools with stable names', async () => {
    const operation = (operationId: string) => ({
      get: { operationId, responses: { 200: { description: 'ok' } } },
    });
    const document = {
      ...store.document,
      paths: { '/a': operation('get thing'), '/b': operation('get-thing'), '/c': operation('get_thing') },
    };
    const names = async (nickname: string) => {
      const made = await importShop({ nickname, document });
      const { json } = await world.ask('GET', `${base}/${made.json.connection_id}`);
      return json.tools.map(({ slug }: Json) => slug.split('__')[1]);
    };
    const once = await names('Clash one');
    assert.equal(new Set(once).size, 3);
    assert.deepEqual(await names('Clash two'), once);
  });

  test('sync says what moved; tools found after a bulk off start disabled', async () => {
    let tools = [tool('a'), tool('b')];
    const server = await scriptedMcp({ era: 'modern', tools: () => listing(tools) });
    try {
      const made = await world.fetchJson('POST', `${base}/custom-mcp`, {
        nickname: 'Moving',
        server_url: server.url,
      });
      const path = `${base}/${made.json.connection_id}`;
      const off = await world.fetchJson('PATCH', `${path}/tools`, { is_enabled: false });
      assert.deepEqual(
        off.json.map(({ is_enabled }: Json) => is_enabled),
        [false, false],
      );
      tools = [tool('b'), tool('c')];
      const synced = await world.fetchJson('POST', `${path}/sync`);
      const { held, ...moved } = synced.json;
      assert.deepEqual(moved, { added: ['c'], changed: [], removed: ['a'], unchanged: 1 });
      assert.deepEqual(
        held.map(({ slug, kind }: Json) => [slug, kind]),
        [
          ['moving__a', 'removed'],
          ['moving__c', 'added'],
        ],
      );
      const { json } = await world.ask('GET', path);
      assert.ok(json.tools.every(({ is_enabled }: Json) => !is_enabled));
      const ids = json.tools.map(({ id }: Json) => id);
      tools = [];
      const empty = await world.fetchJson('POST', `${path}/sync`);
      assert.deepEqual(empty.json.removed, []);
      const after = await world.ask('GET', path);
      assert.deepEqual(
        after.json.tools.map(({ id }: Json) => id),
        ids,
      );
      for (const body of [{}, { is_enabled: null }, { is_enabled: 'x' }]) {
        assert.equal((await world.fetchJson('PATCH', `${path}/tools`, body)).status, 422);
      }
    } finally {
      await server.close();
    }
  });

  test('a saved rule goes stale with its field, is kept, and un-stales when the field returns', async () => {
    const made = await importShop({
      document: undefined,
      document_url: store.documentUrl,
      nickname: 'Drift',
    });
    const path = `${base}/${made.json.connection_id}`;
    const find = async () =>
      (await world.ask('GET', path)).json.tools.find(({ tool_path }: Json) => tool_path === 'list_orders');
    const { id } = await find();
    await world.fetchJson('PATCH', `${path}/tools/${id}`, {
      input_defaults: { note: { value: 'hi', type: 'default' } },
    });
    const operation = (store.document as Json).paths['/orders'].get;
    const parameters = operation.parameters;
    operation.parameters = parameters.filter(({ name }: Json) => name !== 'note');
    try {
      await world.fetchJson('POST', `${path}/sync`);
      const stale = await find();
      assert.deepEqual(stale.stale_input_fields, ['note']);
      assert.deepEqual(stale.input_defaults, { note: { value: 'hi', type: 'default' } });
    } finally {
      operation.parameters = parameters;
    }
    await world.fetchJson('POST', `${path}/sync`);
    assert.deepEqual((await find()).stale_input_fields, []);
  });

  test('removal is refused while a pack uses the connection, names the pack, and is possible by force', async () => {
    const made = await importShop({ nickname: 'Wanted' });
    const path = `${base}/${made.json.connection_id}`;
    const { json } = await world.ask('GET', path);
    await world.fetchJson('POST', '/v1/packs', { name: 'Wanting', entries: [{ slug: json.nickname_slug }] });
    const refused = await world.ask('DELETE', path);
    assert.equal(refused.status, 409);
    assert.match(refused.json.detail, /Wanting/);
    assert.equal((await world.ask('DELETE', `${path}?force=yes`)).status, 204);
    assert.equal((await world.ask('GET', path)).status, 404);
    const audit = await world.ask('GET', '/v1/audit?limit=100');
    assert.ok(audit.json.data.some(({ action }: Json) => action === 'connection.deleted'));
  });
});

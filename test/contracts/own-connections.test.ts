import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { everythingServer } from '../fakes/everything-server.ts';
import { scriptedMcp } from '../fakes/scripted-mcp.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';

describe('own API: connections', () => {
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

  const connect = (body: object, query = '') => world.fetchJson('POST', `/v1/connections${query}`, body);

  test('a dry run lists and prices the tools of a document and creates nothing', async () => {
    const { status, json } = await connect(
      { kind: 'openapi', nickname: 'Shop', document: store.document },
      '?dry_run=true',
    );
    assert.equal(status, 200);
    const { tools, left_out, total_token_cost } = json.data;
    assert.deepEqual(
      tools.map(({ name, effect }: Json) => [name, effect]),
      [
        ['list_orders', 'read'],
        ['create_order', 'write'],
        ['get_order', 'read'],
        ['delete_order', 'destructive'],
      ],
    );
    assert.deepEqual(left_out, []);
    assert.equal(
      total_token_cost,
      tools.reduce((sum: number, tool: Json) => sum + tool.token_cost, 0),
    );
    assert.deepEqual((await world.ask('GET', '/v1/connections')).json.data, []);
    const catalog = await world.ask('GET', '/v1/catalog?limit=100');
    assert.ok(catalog.json.data.every(({ slug }: Json) => slug !== 'shop'));
  });

  test('an imported document is a connection, a connector of the catalog, and enabled tools', async () => {
    const made = await connect({
      kind: 'openapi',
      nickname: 'Shop',
      document_url: store.documentUrl,
      auth: { type: 'api_key', api_key: 'shop-secret-1' },
    });
    assert.equal(made.status, 201, made.text);
    const connection = made.json.data;
    assert.equal(connection['slug'], 'shop');
    assert.equal(connection['kind'], 'openapi');
    assert.equal(connection['status'], 'connected');
    assert.deepEqual(connection['tools'], { total: 4, enabled: 4 });
    assert.equal(connection['auth'], 'api_key');
    assert.ok(!made.text.includes('shop-secret-1'));
    const read = await world.ask('GET', `/v1/connections/${connection['id']}`);
    assert.equal(read.json.data.slug, 'shop');
    const entry = await world.ask('GET', '/v1/catalog/shop');
    assert.equal(entry.json.data.is_own, true);
    assert.equal(entry.json.data.tools.length, 4);
  });

  test('the same nickname again gets a slug with a suffix, and the first keeps its own', async () => {
    const again = await connect({ kind: 'openapi', nickname: 'Shop', document: store.document });
    assert.equal(again.json.data.slug, 'shop_2');
    const listed = await world.ask('GET', '/v1/connections');
    assert.deepEqual(
      listed.json.data.map(({ slug }: Json) => slug),
      ['shop_2', 'shop'],
    );
    const renamed = await world.fetchJson('PATCH', `/v1/connections/${again.json.data.id}`, {
      nickname: 'Second shop',
    });
    assert.equal(renamed.json.data.nickname, 'Second shop');
    assert.equal(renamed.json.data.slug, 'shop_2');
  });

  test('a document that takes the name of a shipped connector does not stand before it', async () => {
    const made = await connect({ kind: 'openapi', nickname: 'Slack', document: store.document });
    assert.equal(made.json.data.slug, 'slack_2');
    const shipped = await world.ask('GET', '/v1/catalog/slack');
    assert.equal(shipped.json.data.is_own, false);
  });

  test('a document of more than 100 operations starts with every tool off and says why', async () => {
    const paths = Object.fromEntries(
      Array.from({ length: 101 }, (_, index) => [
        `/things/${index}`,
        { get: { operationId: `thing_${index}`, responses: { 200: { description: 'ok' } } } },
      ]),
    );
    const document = {
      openapi: '3.1.0',
      info: { title: 'Big', version: '1' },
      servers: [{ url: store.url }],
      paths,
    };
    const made = await connect({ kind: 'openapi', nickname: 'Big', document });
    assert.deepEqual(made.json.data.tools, { total: 101, enabled: 0 });
    assert.match(made.json.data.tools_off, /101 operations/);
    const chosen = await connect({
      kind: 'openapi',
      nickname: 'Big, chosen',
      document,
      include: { operations: ['thing_1', 'thing_2'] },
    });
    assert.deepEqual(chosen.json.data.tools, { total: 2, enabled: 2 });
  });

  test('what cannot be imported is refused in one sentence at its place', async () => {
    const refusals: [object, string, RegExp][] = [
      [{ document: 'no: [document' }, '/document', /./],
      [{ document: { swagger: '1.2' } }, '/document', /./],
      [{}, '/document', /either/],
      [{ document: store.document, document_url: store.documentUrl }, '/document', /either/],
      [{ document_url: 'ftp://127.0.0.1/x' }, '/document_url', /http/],
      [{ document_url: 'http://user:pass@127.0.0.1/x' }, '/document_url', /user info/],
      [{ document_url: 'http://10.1.2.3/openapi.json' }, '/document_url', /TOOLCRIB_EGRESS_ALLOW/],
      [
        { document: store.document, base_url: 'http://169.254.169.254/' },
        '/base_url',
        /TOOLCRIB_EGRESS_ALLOW/,
      ],
      [{ document: store.document, include: { tags: ['nothing'] } }, '/include/tags', /nothing/],
      [{ document: store.document, workspaces: 1 }, '/workspaces', /not permitted/],
      [{ document: store.document, auth: { type: 'basic', username: 'a' } }, '/auth/password', /required/],
    ];
    const before = await world.ask('GET', '/v1/connections?limit=100');
    for (const [fields, param, message] of refusals) {
      const { status, json, text } = await connect({ kind: 'openapi', nickname: 'Bad', ...fields });
      assert.equal(status, 422, text);
      assert.ok(json.error.param.startsWith(param), text);
      assert.match(json.error.message, message);
      assert.ok(!text.includes('pass@'), text);
    }
    const unknownKind = await connect({ kind: 'smtp', nickname: 'Mail' });
    assert.equal(unknownKind.status, 422);
    assert.match(unknownKind.json.error.message, /'openapi', 'mcp' or 'catalog'/);
    const now = await world.ask('GET', '/v1/connections?limit=100');
    assert.equal(now.json.data.length, before.json.data.length);
  });

  test('an MCP server is connected with its tools, and can be priced first', async () => {
    const everything = await everythingServer();
    try {
      const body = { kind: 'mcp', nickname: 'Everything', server_url: everything.url };
      const dry = await connect(body, '?dry_run=1');
      assert.equal(dry.status, 200, dry.text);
      assert.ok(dry.json.data.tools.some(({ name }: Json) => name === 'echo'));
      const made = await connect(body);
      assert.equal(made.json.data.tools_status, 'synced');
      assert.equal(made.json.data.tools.total, dry.json.data.tools.length);
      assert.equal(made.json.data.connector.slug, 'custom_mcp');
    } finally {
      await everything.close();
    }
  });

  test('query values of an address are sealed and shown as ***', async () => {
    const server = await scriptedMcp({ era: 'modern', tools: [] });
    try {
      const made = await connect({
        kind: 'mcp',
        nickname: 'Keyed',
        server_url: `${server.url}?key=query-secret-9`,
      });
      assert.equal(made.json.data.address, `${server.url}?key=***`);
      assert.ok(server.requests.some(({ url }) => url.includes('key=query-secret-9')));
      const listed = await world.ask('GET', '/v1/connections?limit=100');
      assert.ok(!listed.text.includes('query-secret-9'));
    } finally {
      await server.close();
    }
  });

  test('sync tells what was added, changed, removed and left, and new tools arrive disabled', async () => {
    const tool = (name: string, description = name) => ({
      name,
      description,
      inputSchema: { type: 'object' },
    });
    let tools = [tool('stays'), tool('moves'), tool('goes')];
    const server = await scriptedMcp({
      era: 'modern',
      tools: () => ({ tools, resultType: 'complete', ttlMs: 0, cacheScope: 'private' }),
    });
    try {
      const made = await connect({ kind: 'mcp', nickname: 'Moving', server_url: server.url });
      const { id, slug } = made.json.data;
      tools = [tool('stays'), tool('moves', 'Moved.'), tool('comes')];
      const synced = await world.fetchJson('POST', `/v1/connections/${id}/sync`);
      const { held, ...moved } = synced.json.data;
      assert.deepEqual(moved, { added: ['comes'], changed: ['moves'], removed: ['goes'], unchanged: 1 });
      assert.deepEqual(
        held.map(({ tool: name, kind }: Json) => [name, kind]),
        [
          [`${slug}__moves`, 'changed'],
          [`${slug}__goes`, 'removed'],
          [`${slug}__comes`, 'added'],
        ],
      );
      const listed = await world.ask('GET', `/v1/connections/${id}/tools`);
      assert.deepEqual(
        listed.json.data.map(({ name, is_enabled, vanished_at }: Json) => [
          name,
          is_enabled,
          vanished_at === null,
        ]),
        [
          ['stays', true, true],
          ['moves', true, true],
          ['goes', true, false],
          ['comes', false, true],
        ],
      );
      const pack = await world.fetchJson('POST', '/v1/packs', { name: 'Moving', entries: [{ slug }] });
      const gone = await world.fetchJson('POST', '/v1/calls', {
        pack: pack.json.data.id,
        tool: `${slug}__goes`,
      });
      assert.equal(gone.status, 200);
      assert.equal(gone.json.isError, true);
      assert.match(gone.json.content[0].text, /no longer has this tool/);
      tools = [];
      const empty = await world.fetchJson('POST', `/v1/connections/${id}/sync`);
      assert.deepEqual(empty.json.data.removed, []);
      const after = await world.ask('GET', `/v1/connections/${id}`);
      assert.equal(after.json.data.tools.total, 3);
      await server.close();
      const away = await world.fetchJson('POST', `/v1/connections/${id}/sync`);
      assert.equal(away.status, 502);
    } finally {
      await server.close();
    }
  });

  test('a connection in use is removed only by force, which takes its entries along', async () => {
    const made = await connect({ kind: 'openapi', nickname: 'Used', document: store.document });
    const { id, slug } = made.json.data;
    const pack = await world.fetchJson('POST', '/v1/packs', { name: 'Users', entries: [{ slug }] });
    const packId = pack.json.data.id;
    const refused = await world.ask('DELETE', `/v1/connections/${id}`);
    assert.equal(refused.status, 409);
    assert.match(refused.json.error.message, /Users/);
    assert.equal(refused.json.error.code, 'connection_in_use');
    assert.equal((await world.ask('DELETE', `/v1/connections/${id}?force=true`)).status, 204);
    assert.deepEqual((await world.ask('GET', `/v1/packs/${packId}`)).json.data.entries, []);
    assert.equal((await world.ask('GET', `/v1/connections/${id}`)).status, 404);
    const again = await connect({ kind: 'openapi', nickname: 'Used', document: store.document });
    assert.equal(again.status, 201, again.text);
  });

  test('another organization’s connection is as absent as one that never was', async () => {
    const made = await connect({ kind: 'openapi', nickname: 'Mine', document: store.document });
    const { id } = made.json.data;
    const other = await world.organization();
    const absent = '00000000-0000-8000-8000-000000000000';
    const plain = (text: string) => text.replace(/"request_id":"[^"]+"/, '');
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { nickname: 'Theirs' }],
      ['DELETE', '?force=true', undefined],
      ['POST', '/sync', undefined],
      ['GET', '/tools', undefined],
    ] as const) {
      const foreign = await world.fetchJson(method, `/v1/connections/${id}${path}`, body, other.key);
      const never = await world.fetchJson(method, `/v1/connections/${absent}${path}`, body, other.key);
      assert.equal(foreign.status, 404);
      assert.equal(plain(foreign.text), plain(never.text));
    }
  });

  test('a document may be 50 MB, and no more', async () => {
    const body = JSON.stringify({
      kind: 'openapi',
      nickname: 'Huge',
      document: 'x'.repeat(50 * 1024 * 1024),
    });
    const { status } = await world.ask('POST', '/v1/connections', {
      raw: body,
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(status, 413);
    const big = await connect({
      kind: 'openapi',
      nickname: 'Large',
      document: { ...store.document, 'x-note': 'y'.repeat(2 * 1024 * 1024) },
    });
    assert.equal(big.status, 201);
  });
});

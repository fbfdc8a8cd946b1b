import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { scriptedMcp, result, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';

const base = '/v1/integrations/connections';

describe('connection tools: replies at run time', () => {
  let world: World;
  let store: Shop;
  let server: ScriptedMcp;
  let reply: Json = null;
  let shopId: string;
  let mcpId: string;
  let packId: string;
  const ids = new Map<string, string>();

  before(async () => {
    store = await shop();
    world = await startWorld();
    server = await scriptedMcp({
      era: 'modern',
      tools: [{ name: 'look', description: 'Look.', inputSchema: { type: 'object' } }],
      call: (message, response) => result(response, message.id, { resultType: 'complete', ...reply }),
    });
    const imported = await world.fetchJson('POST', `${base}/openapi`, {
      nickname: 'Shop',
      document: store.document,
      auth: { type: 'api_key', api_key: 'credential-shop-55' },
    });
    shopId = imported.json.connection_id;
    const connected = await world.fetchJson('POST', `${base}/custom-mcp`, {
      nickname: 'Eyes',
      server_url: server.url,
      auth_type: 'bearer',
      token: 'credential-eyes-66',
    });
    mcpId = connected.json.connection_id;
    for (const id of [shopId, mcpId]) {
      const { json } = await world.ask('GET', `${base}/${id}`);
      for (const tool of json.tools) ids.set(tool.slug, tool.id);
    }
    const pack = await world.fetchJson('POST', '/v1/packs', {
      name: 'Both',
      entries: [{ slug: 'shop' }, { slug: 'eyes' }],
    });
    packId = pack.json.data.id;
  });
  after(async () => {
    await world.close();
    await server.close();
    await store.close();
  });

  const map = async (slug: string, mappings: object[] | null) => {
    const owner = slug.startsWith('shop') ? shopId : mcpId;
    const { status, text } = await world.fetchJson('PATCH', `${base}/${owner}/tools/${ids.get(slug)}`, {
      response_field_map: mappings && { field_mappings: mappings },
    });
    assert.equal(status, 200, text);
  };
  const call = async (tool: string, args: object = {}) => {
    const { json, status, text } = await world.fetchJson('POST', '/v1/calls', {
      pack: packId,
      tool,
      arguments: args,
    });
    assert.equal(status, 200, text);
    return { json, text };
  };

  test('without a map a reply arrives whole, as structured content and as text', async () => {
    await map('shop__get_order', null);
    const { json } = await call('shop__get_order', { id: 7 });
    assert.equal(json.structuredContent.customer.card, 'card-4242');
    assert.deepEqual(JSON.parse(json.content[0].text), json.structuredContent);
    assert.equal(typeof json.call_id, 'string');
  });

  test('mapped means mapped: an unmapped field is in no byte of the answer', async () => {
    await map('shop__get_order', [
      { path: 'id' },
      { path: 'customer.name' },
      { path: 'lines[].title' },
      { path: 'nowhere' },
    ]);
    const { json, text } = await call('shop__get_order', { id: 7 });
    assert.deepEqual(json.structuredContent, {
      id: 7,
      customer: { name: 'Ada' },
      lines: [{ title: 'Lamp' }, { title: 'Desk' }],
    });
    assert.deepEqual(JSON.parse(json.content[0].text), json.structuredContent);
    assert.ok(!text.includes('card-4242'));
    assert.ok(!text.includes('12.5'));
    const row = await world.ask('GET', `/v1/calls/${json.call_id}`);
    assert.ok(!row.text.includes('card-4242'));
  });

  test('an alias moves a value, and each [] of it takes one of the path', async () => {
    await map('shop__get_order', [
      { path: 'customer.name', alias: 'who' },
      { path: 'lines[].title', alias: 'items[].name' },
      { path: 'lines[0].cost', alias: 'first_cost' },
    ]);
    const { json } = await call('shop__get_order', { id: 7 });
    assert.deepEqual(json.structuredContent, {
      who: 'Ada',
      items: [{ name: 'Lamp' }, { name: 'Desk' }],
      first_cost: 12.5,
    });
  });

  test('under a map an MCP server’s text, links, metadata and second blocks stay behind', async () => {
    await map('eyes__look', [{ path: 'seen' }]);
    reply = {
      content: [
        { type: 'text', text: '{"seen": 1, "hidden": "hidden-in-text"}' },
        { type: 'text', text: 'hidden-in-second-block' },
        { type: 'resource_link', uri: 'file:///hidden-in-link', name: 'x' },
      ],
      structuredContent: { seen: 1, hidden: 'hidden-in-structure' },
      _meta: { note: 'hidden-in-meta' },
    };
    const { json, text } = await call('eyes__look');
    assert.deepEqual(json.structuredContent, { seen: 1 });
    assert.ok(!/hidden/.test(text), text);
  });

  test('under a map a block that is not JSON is withheld, and the result says so', async () => {
    await map('eyes__look', [{ path: 'seen' }]);
    reply = { content: [{ type: 'text', text: 'hidden words' }] };
    const { json, text } = await call('eyes__look');
    assert.ok(!text.includes('hidden words'));
    assert.match(json.content[0].text, /withheld/i);
  });

  test('under a map an error keeps its sentence and status and nothing else', async () => {
    await map('shop__get_order', [{ path: 'id' }]);
    store.answer = {
      status: 422,
      body: { message: 'No such order.', data: { card: 'hidden-in-error' }, id: 7 },
    };
    try {
      const { json, text } = await call('shop__get_order', { id: 7 });
      assert.equal(json.isError, true);
      assert.match(text, /No such order\./);
      assert.match(text, /422/);
      assert.ok(!text.includes('hidden-in-error'));
    } finally {
      store.answer = null;
    }
    await map('eyes__look', [{ path: 'seen' }]);
    reply = {
      isError: true,
      content: [{ type: 'text', text: '{"message": "Too dark.", "hidden": "hidden-in-error"}' }],
      structuredContent: { hidden: 'hidden-in-structure' },
    };
    const { json, text } = await call('eyes__look');
    assert.equal(json.isError, true);
    assert.ok(!/hidden-in/.test(text), text);
  });

  test('a reply that repeats the credential has it removed', async () => {
    await map('shop__get_order', null);
    store.answer = { status: 200, body: { echoed: 'key credential-shop-55 was sent' } };
    try {
      const { text } = await call('shop__get_order', { id: 7 });
      assert.ok(!text.includes('credential-shop-55'), text);
    } finally {
      store.answer = null;
    }
    await map('eyes__look', null);
    reply = { content: [{ type: 'text', text: 'You sent credential-eyes-66.' }] };
    const { text } = await call('eyes__look');
    assert.ok(!text.includes('credential-eyes-66'), text);
    const tested = await world.fetchJson('POST', `${base}/${mcpId}/test-mcp-call`, { slug: 'eyes__look' });
    assert.ok(!tested.text.includes('credential-eyes-66'), tested.text);
  });

  test('tells when a connection was last called, and not that a call was refused', async () => {
    const made = await world.fetchJson('POST', `${base}/openapi`, {
      nickname: 'Late',
      document: store.document,
    });
    const id = made.json.connection_id;
    const lastUsed = async (): Promise<string | null> =>
      (await world.fetchJson('GET', `${base}/${id}`)).json.last_used_at;
    const { json } = await world.fetchJson('GET', `${base}/${id}`);
    const tool = json.tools.find(({ tool_path: path }: Json) => path === 'list_orders');
    const refused = await world.fetchJson('POST', `${base}/${id}/test-invoke`, {
      slug: tool.slug,
      input: {},
    });
    assert.equal(refused.status, 200);
    await world.crib.gateway.drain();
    assert.equal(await lastUsed(), null, 'the call was refused for want of a credential');
    await world.fetchJson('PUT', '/v1/credentials', {
      connection: id,
      owner: { type: 'organization' },
      fields: { api_key: 'credential-late-77' },
    });
    const before = new Date().toISOString();
    await world.fetchJson('POST', `${base}/${id}/test-invoke`, { slug: tool.slug, input: {} });
    await world.crib.gateway.drain();
    assert.ok((await lastUsed())! >= before);
  });

  test('the test surface shows what came back, what the map leaves and what was sent, and saves nothing', async () => {
    await map('shop__get_order', [{ path: 'id' }]);
    const path = `${base}/${shopId}/test-invoke`;
    const body = { slug: 'shop__get_order', input: { id: 7 } };
    const saved = await world.fetchJson('POST', path, body);
    assert.equal(saved.json.result.customer.card, 'card-4242');
    assert.deepEqual(saved.json.narrowed, { id: 7 });
    assert.deepEqual(saved.json.sent, { id: 7 });
    const none = await world.fetchJson('POST', path, { ...body, response_field_map: null });
    assert.equal(none.json.narrowed, null);
    const other = { field_mappings: [{ path: 'status' }] };
    const tried = await world.fetchJson('POST', path, { ...body, response_field_map: other });
    assert.deepEqual(tried.json.narrowed, { status: 'open' });
    const bad = await world.fetchJson('POST', path, { ...body, response_field_map: { field_mappings: [] } });
    assert.equal(bad.status, 422);
    const { json } = await world.ask('GET', `${base}/${shopId}`);
    const tool = json.tools.find(({ slug }: Json) => slug === 'shop__get_order');
    assert.deepEqual(tool.response_field_map, { field_mappings: [{ path: 'id' }] });
  });

  test('a refused input in a test says why, and nothing is sent', async () => {
    store.requests.length = 0;
    const { status, json } = await world.fetchJson('POST', `${base}/${shopId}/test-invoke`, {
      slug: 'shop__get_order',
      input: { id: 'seven' },
    });
    assert.equal(status, 200);
    assert.equal(json.result.isError, true);
    assert.match(json.result.content[0].text, /id/);
    assert.equal(json.sent, null);
    assert.equal(store.calls().length, 0);
  });

  test('testing an unknown, a disabled and another connection’s slug is 400 ToolUnavailableError', async () => {
    await world.fetchJson('PATCH', `${base}/${shopId}/tools/${ids.get('shop__delete_order')}`, {
      is_enabled: false,
    });
    for (const slug of ['shop__nothing', 'shop__delete_order', 'eyes__look']) {
      const { status, json } = await world.fetchJson('POST', `${base}/${shopId}/test-invoke`, { slug });
      assert.equal(status, 400);
      assert.match(json.detail, /^ToolUnavailableError/);
    }
    const foreign = await world.organization();
    const other = await world.fetchJson('POST', `${base}/${shopId}/test-invoke`, { slug: 'x' }, foreign.key);
    assert.equal(other.status, 404);
  });

  test('a shape nobody declares is learned from replies: types only, no value', async () => {
    await map('eyes__look', null);
    reply = { content: [{ type: 'text', text: '{"seen": 41, "name": "learned-value"}' }] };
    await call('eyes__look');
    await world.deps.gateway.drain();
    const { json, text } = await world.ask('GET', `${base}/${mcpId}`);
    const { response_schema } = json.tools[0];
    assert.equal(response_schema.properties.seen.type, 'integer');
    assert.equal(response_schema.properties.name.type, 'string');
    assert.ok(!text.includes('learned-value'));
  });
});

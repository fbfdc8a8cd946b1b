import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { scriptedMcp, result } from '../fakes/scripted-mcp.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { listing } from './mcp-counter.ts';
import { startWorld, type Json, type World } from '../world.ts';

const base = '/v1/integrations/connections';

describe('connection tools: inputs at run time', () => {
  let world: World;
  let store: Shop;
  let connection: Json;
  let packId: string;
  before(async () => {
    store = await shop();
    world = await startWorld();
    const made = await world.fetchJson('POST', `${base}/openapi`, {
      nickname: 'Shop',
      document: store.document,
      auth: { type: 'api_key', api_key: 'shop-key-1' },
    });
    connection = (await world.ask('GET', `${base}/${made.json.connection_id}`)).json;
    const pack = await world.fetchJson('POST', '/v1/packs', { name: 'Shop', entries: [{ slug: 'shop' }] });
    packId = pack.json.data.id;
  });
  after(async () => {
    await world.close();
    await store.close();
  });

  const toolNamed = (name: string): Json =>
    connection.tools.find(({ tool_path }: Json) => tool_path === name);
  const curate = async (name: string, body: object) => {
    const { status, text } = await world.fetchJson(
      'PATCH',
      `${base}/${connection.id}/tools/${toolNamed(name).id}`,
      body,
    );
    assert.equal(status, 200, text);
  };
  const call = async (name: string, args: unknown) => {
    store.requests.length = 0;
    const { json, status, text } = await world.fetchJson('POST', '/v1/calls', {
      pack: packId,
      tool: `shop__${name}`,
      arguments: args,
    });
    assert.equal(status, 200, text);
    return json;
  };
  const sentBody = (): Json => JSON.parse(store.calls()[0]!.body.toString());
  const sentQuery = () => new URL(store.calls()[0]!.url, store.url).searchParams;
  const listed = async (name: string) => {
    const { json } = await world.ask('POST', `/mcp/${packId}`, listing);
    return json.result.tools.find((tool: Json) => tool.name === `shop__${name}`);
  };

  test('pinned means pinned: the service receives the pin, the agent does not see the field', async () => {
    await curate('create_order', { input_defaults: { currency: { value: 'EUR', type: 'pinned' } } });
    const answer = await call('create_order', { customer_id: 1 });
    assert.equal(answer.isError, false);
    assert.deepEqual(sentBody(), { customer_id: 1, currency: 'EUR' });
    const seen = await listed('create_order');
    assert.ok(!('currency' in seen.inputSchema.properties));
  });

  test('an agent that sends a pinned field is refused in a sentence that names it, and nothing is sent', async () => {
    await curate('create_order', { input_defaults: { currency: { value: 'EUR', type: 'pinned' } } });
    const answer = await call('create_order', { customer_id: 1, currency: 'USD' });
    assert.equal(answer.isError, true);
    assert.match(answer.content[0].text, /currency/);
    assert.equal(store.calls().length, 0);
    const audit = await world.ask('GET', '/v1/audit?limit=5');
    const row = audit.json.data.find(({ action }: Json) => action === 'call.input_refused');
    assert.equal(row.outcome, 'denied');
    assert.equal(row.changes.field, 'currency');
    assert.equal(row.changes.tool, 'shop__create_order');
    assert.equal(row.changes.decision, 'refused');
    await world.crib.callJournal.drain();
    const calls = await world.ask('GET', `/v1/calls/${answer.call_id}`);
    assert.equal(calls.json.data.outcome, 'denied');
  });

  test('sending the pinned value itself is accepted', async () => {
    await curate('create_order', { input_defaults: { currency: { value: 'EUR', type: 'pinned' } } });
    const answer = await call('create_order', { customer_id: 1, currency: 'EUR' });
    assert.equal(answer.isError, false);
    assert.deepEqual(sentBody(), { customer_id: 1, currency: 'EUR' });
  });

  for (const key of [
    'CURRENCY',
    'ｃｕｒｒｅｎｃｙ',
    'cur rency',
    'curr\u200bency',
    'currency]',
    'currency.x',
    'x.currency',
    'currency[x',
  ]) {
    test(`the look-alike key ${JSON.stringify(key)} of a pin is refused`, async () => {
      await curate('create_order', { input_defaults: { currency: { value: 'EUR', type: 'pinned' } } });
      const answer = await call('create_order', { customer_id: 1, [key]: 'USD' });
      assert.equal(answer.isError, true);
      assert.equal(store.calls().length, 0);
    });
  }

  test('a declared field is exempt from the look-alikes of a pin: page.limit beside a pinned limit', async () => {
    await curate('list_orders', { input_defaults: { limit: { value: 5, type: 'pinned' } } });
    const answer = await call('list_orders', { 'page.limit': 3 });
    assert.equal(answer.isError, false, JSON.stringify(answer));
    assert.equal(sentQuery().get('limit'), '5');
    assert.equal(sentQuery().get('page.limit'), '3');
  });

  test('__proto__ among the arguments is refused, and duplicate keys are malformed', async () => {
    const send = (raw: string) =>
      world.ask('POST', '/v1/calls', { raw, headers: { 'content-type': 'application/json' } });
    store.requests.length = 0;
    const proto = await send(
      `{"pack":"${packId}","tool":"shop__create_order","arguments":{"customer_id":1,"__proto__":{"currency":"USD"}}}`,
    );
    assert.equal(proto.json.isError, true);
    const twice = await send(
      `{"pack":"${packId}","tool":"shop__create_order","arguments":{"customer_id":1,"customer_id":2}}`,
    );
    assert.equal(twice.status, 400);
    assert.equal(store.calls().length, 0);
  });

  test('a default is sent when the agent sends nothing, gives way to what it sends, and to an explicit null', async () => {
    await curate('list_orders', { input_defaults: { note: { value: 'usual', type: 'default' } } });
    await call('list_orders', {});
    assert.equal(sentQuery().get('note'), 'usual');
    await call('list_orders', { note: 'mine' });
    assert.equal(sentQuery().get('note'), 'mine');
    await call('list_orders', { note: null });
    assert.notEqual(sentQuery().get('note'), 'usual');
    const seen = await listed('list_orders');
    assert.equal(seen.inputSchema.properties.note.default, 'usual');
  });

  test('a defaulted field leaves required', async () => {
    await curate('create_order', { input_defaults: { customer_id: { value: 9, type: 'default' } } });
    const seen = await listed('create_order');
    assert.ok(!(seen.inputSchema.required ?? []).includes('customer_id'));
    await call('create_order', {});
    assert.deepEqual(sentBody(), { customer_id: 9 });
  });

  test('arguments are checked against the service’s own schema, and the answer names the field', async () => {
    await curate('create_order', { input_defaults: null });
    const answer = await call('create_order', { customer_id: 'one' });
    assert.equal(answer.isError, true);
    assert.match(answer.content[0].text, /customer_id/);
    assert.equal(store.calls().length, 0);
  });

  test('a sealed pin reaches the service and nobody else', async () => {
    await curate('create_order', { input_defaults: { pin: { value: 'sealed-pin-31', type: 'pinned' } } });
    store.answer = { status: 200, body: { id: 1 } };
    try {
      const answer = await call('create_order', { customer_id: 1 });
      assert.equal(sentBody().pin, 'sealed-pin-31');
      assert.ok(!JSON.stringify(answer).includes('sealed-pin-31'));
    } finally {
      store.answer = null;
    }
    const tested = await world.fetchJson('POST', `${base}/${connection.id}/test-invoke`, {
      slug: 'shop__create_order',
      input: { customer_id: 1 },
    });
    assert.equal(tested.json.sent.pin, '***');
    const everything = await Promise.all(
      [base, '/v1/audit?limit=100', '/v1/calls?limit=100'].map((path) => world.ask('GET', path)),
    );
    for (const { text } of everything) assert.ok(!text.includes('sealed-pin-31'));
  });

  test('a pin on a field that is gone blocks the call; a stale default is dropped', async () => {
    const field = (name: string) => ({ [name]: { type: 'string' } });
    let properties: object = { ...field('team'), ...field('place') };
    const server = await scriptedMcp({
      era: 'modern',
      tools: () => ({
        tools: [{ name: 'book', description: 'Book.', inputSchema: { type: 'object', properties } }],
        resultType: 'complete',
        ttlMs: 0,
        cacheScope: 'private',
      }),
      call: (message, response) =>
        result(response, message.id, {
          resultType: 'complete',
          content: [{ type: 'text', text: JSON.stringify(message.params!['arguments']) }],
        }),
    });
    try {
      const made = await world.fetchJson('POST', `${base}/custom-mcp`, {
        nickname: 'Booking',
        server_url: server.url,
      });
      const path = `${base}/${made.json.connection_id}`;
      const { json } = await world.ask('GET', path);
      const toolPath = `${path}/tools/${json.tools[0].id}`;
      const pack = await world.fetchJson('POST', '/v1/packs', {
        name: 'Booking',
        entries: [{ slug: 'booking' }],
      });
      const book = () =>
        world.fetchJson('POST', '/v1/calls', {
          pack: pack.json.data.id,
          tool: 'booking__book',
          arguments: {},
        });
      await world.fetchJson('PATCH', toolPath, {
        input_defaults: { team: { value: 'red', type: 'pinned' }, place: { value: 'here', type: 'default' } },
      });
      assert.deepEqual(JSON.parse((await book()).json.content[0].text), { team: 'red', place: 'here' });
      properties = field('team');
      await world.fetchJson('POST', `${path}/sync`);
      assert.deepEqual(JSON.parse((await book()).json.content[0].text), { team: 'red' });
      properties = field('other');
      await world.fetchJson('POST', `${path}/sync`);
      const blocked = (await book()).json;
      assert.equal(blocked.isError, true);
      assert.match(blocked.content[0].text, /pinned field team no longer exists/);
    } finally {
      await server.close();
    }
  });

  test('a disabled tool, one outside the pack and one that never was are the same 404', async () => {
    await curate('delete_order', { is_enabled: false });
    await world.fetchJson('PUT', `/v1/packs/${packId}/entries/shop`, {
      tools: ['create_order', 'list_orders', 'delete_order'],
    });
    const answers = await Promise.all(
      ['shop__delete_order', 'shop__get_order', 'shop__nothing', 'constructor'].map((tool) =>
        world.fetchJson('POST', '/v1/calls', { pack: packId, tool, arguments: { id: 1 } }),
      ),
    );
    const plain = (text: string) => text.replace(/"request_id":"[^"]+"/, '');
    for (const { status, text } of answers) {
      assert.equal(status, 404);
      assert.equal(plain(text), plain(answers[0]!.text));
    }
    await world.fetchJson('PUT', `/v1/packs/${packId}/entries/shop`, {});
  });
});

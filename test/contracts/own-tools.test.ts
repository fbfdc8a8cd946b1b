import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';

describe('own API: tools', () => {
  let world: World;
  let store: Shop;
  let connectionId: string;
  const tools = new Map<string, Json>();
  before(async () => {
    store = await shop();
    world = await startWorld();
    const made = await world.fetchJson('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Shop',
      document: store.document,
      auth: { type: 'api_key', api_key: 'shop-key-2' },
    });
    connectionId = made.json.data.id;
    const { json } = await world.ask('GET', `/v1/connections/${connectionId}/tools`);
    for (const tool of json.data) tools.set(tool.name, tool);
  });
  after(async () => {
    await world.close();
    await store.close();
  });

  const at = (name: string) => `/v1/tools/${tools.get(name).id}`;
  const patch = (name: string, body: unknown) => world.fetchJson('PATCH', at(name), body);

  test('a connection’s tools are a cursor list in the service’s order, each exactly once', async () => {
    const seen: string[] = [];
    let path = `/v1/connections/${connectionId}/tools?limit=3`;
    for (;;) {
      const { json } = await world.ask('GET', path);
      seen.push(...json.data.map(({ name }: Json) => name));
      if (json.meta.next_cursor === null) break;
      path = `/v1/connections/${connectionId}/tools?limit=3&cursor=${json.meta.next_cursor}`;
    }
    assert.deepEqual(seen, ['list_orders', 'create_order', 'get_order', 'delete_order']);
    const other = await world.fetchJson('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Other',
      document: store.document,
    });
    const { json } = await world.ask('GET', `/v1/connections/${connectionId}/tools?limit=3`);
    const carried = await world.ask(
      'GET',
      `/v1/connections/${other.json.data.id}/tools?cursor=${json.meta.next_cursor}`,
    );
    assert.equal(carried.status, 422);
  });

  test('a patch sets the whole curation, leaves what is absent and clears what is null', async () => {
    const all = {
      is_enabled: false,
      title: 'Place an order',
      description: 'Places an order for a customer.',
      inputs: {
        currency: { enum: ['EUR'], title: 'Money' },
        email: { mode: 'default', value: 'a@shop.example' },
        value: { mode: 'hidden', value: 3 },
      },
      response_field_map: { field_mappings: [{ path: 'id' }] },
    };
    const { status, json } = await patch('create_order', all);
    assert.equal(status, 200, JSON.stringify(json));
    for (const [field, value] of Object.entries(all)) assert.deepEqual(json.data[field], value);
    const one = await patch('create_order', { inputs: { email: null } });
    assert.deepEqual(Object.keys(one.json.data.inputs).sort(), ['currency', 'value']);
    const none = await patch('create_order', {
      is_enabled: null,
      title: null,
      description: null,
      inputs: null,
      response_field_map: null,
    });
    assert.deepEqual(
      [
        none.json.data.is_enabled,
        none.json.data.title,
        none.json.data.inputs,
        none.json.data.response_field_map,
      ],
      [true, null, {}, null],
    );
    const idle = await patch('create_order', {});
    assert.equal(idle.json.data.updated_at, none.json.data.updated_at);
  });

  test('unknown fields are refused, and wrong rules are told at their places', async () => {
    for (const field of ['response_schema', 'drift_policy', 'name']) {
      const { status, json } = await patch('create_order', { [field]: 1 });
      assert.equal(status, 422);
      assert.equal(json.error.param, `/${field}`);
    }
    const rules: [object, string][] = [
      [{ nothing: { mode: 'pinned', value: 1 } }, '/inputs/nothing'],
      [{ currency: { mode: 'pinned', value: 'GBP' } }, '/inputs/currency/value'],
      [{ currency: { enum: ['GBP'] } }, '/inputs/currency/enum'],
      [{ currency: { mode: 'locked' } }, '/inputs/currency/mode'],
      [{ customer_id: { mode: 'hidden' } }, '/inputs/customer_id'],
      [{ email: { value: 'a@shop.example' } }, '/inputs/email/value'],
    ];
    for (const [inputs, param] of rules) {
      const { status, json, text } = await patch('create_order', { inputs });
      assert.equal(status, 422, text);
      assert.equal(json.error.param, param);
    }
  });

  test('a narrowed enum, a relabel and a hidden field are what an agent sees, with their origins', async () => {
    await patch('create_order', {
      description: 'Places an order.',
      inputs: {
        currency: { enum: ['EUR'], description: 'Always euros.' },
        value: { mode: 'hidden', value: 3 },
      },
    });
    const { json } = await world.ask('GET', `${at('create_order')}/effective`);
    const { tool, origins } = json.data;
    assert.deepEqual(tool.input_schema.properties.currency.enum, ['EUR']);
    assert.ok(!('value' in tool.input_schema.properties));
    assert.equal(tool.description, 'Places an order.');
    assert.equal(origins['/description'], 'connection');
    assert.equal(origins['/input_schema/properties/currency/enum'], 'connection');
    assert.equal(origins['/annotations'], 'service');
  });

  test('in a pack the pack’s word on the tool counts and is named as its origin', async () => {
    const pack = await world.fetchJson('POST', '/v1/packs', {
      name: 'Desk',
      entries: [
        {
          slug: 'shop',
          overrides: {
            create_order: {
              description: 'Only for the desk.',
              inputs: { email: { mode: 'pinned', value: 'd@shop.example' } },
            },
          },
        },
      ],
    });
    assert.equal(pack.status, 201, pack.text);
    for (const named of ['desk', pack.json.data.id]) {
      const { json } = await world.ask('GET', `${at('create_order')}/effective?pack=${named}`);
      assert.equal(json.data.tool.description, 'Only for the desk.');
      assert.equal(json.data.origins['/description'], 'pack');
      assert.ok(!('email' in json.data.tool.input_schema.properties));
    }
    assert.equal((await world.ask('GET', `${at('create_order')}/effective?pack=nowhere`)).status, 404);
  });

  test('a try shows what was sent, what came back and what an agent would see, and saves nothing', async () => {
    const curation = { response_field_map: { field_mappings: [{ path: 'status' }] } };
    const { status, json, text } = await world.fetchJson('POST', `${at('get_order')}/try`, {
      arguments: { id: 7 },
      curation,
    });
    assert.equal(status, 200, text);
    const { sent, raw, served, bytes, tokens } = json.data;
    assert.deepEqual(sent, { id: 7 });
    assert.equal(raw.customer.card, 'card-4242');
    assert.deepEqual(served, { status: 'open' });
    assert.ok(bytes.served < bytes.raw);
    assert.ok(tokens.served < tokens.raw);
    const { json: saved } = await world.ask('GET', at('get_order'));
    assert.equal(saved.data.response_field_map, null);
    const pinned = await world.fetchJson('POST', `${at('get_order')}/try`, {
      arguments: {},
      curation: { inputs: { id: { mode: 'pinned', value: 3 } } },
    });
    assert.deepEqual(pinned.json.data.sent, { id: 3 });
    const wrong = await world.fetchJson('POST', `${at('get_order')}/try`, {
      curation: { inputs: { id: { mode: 'pinned', value: 'x' } } },
    });
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.error.param, '/curation/inputs/id/value');
  });

  test('a sealed value is shown as null with has_value, in the tool and in the pack', async () => {
    const { json, text } = await patch('create_order', {
      inputs: { pin: { mode: 'hidden', value: 'hidden-pin-8' } },
    });
    assert.deepEqual(json.data.inputs.pin, { mode: 'hidden', value: null, has_value: true });
    assert.ok(!text.includes('hidden-pin-8'));
    await patch('create_order', { inputs: { pin: null } });
    const pack = await world.fetchJson('POST', '/v1/packs', {
      name: 'Sealed',
      entries: [
        {
          slug: 'shop',
          overrides: { create_order: { inputs: { pin: { mode: 'pinned', value: 'pack-pin-9' } } } },
        },
      ],
    });
    assert.deepEqual(pack.json.data.entries[0].overrides.create_order.inputs.pin, {
      mode: 'pinned',
      value: null,
      has_value: true,
    });
    const called = await world.fetchJson('POST', '/v1/calls', {
      pack: pack.json.data.id,
      tool: 'shop__create_order',
      arguments: { customer_id: 1 },
    });
    assert.equal(called.json.isError, false, called.text);
    assert.ok(store.calls().at(-1)!.body.includes('pack-pin-9'));
    assert.ok(!called.text.includes('pack-pin-9'), called.text);
  });

  test('another organization’s tool is absent on every route', async () => {
    const other = await world.organization();
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { is_enabled: false }],
      ['GET', '/effective', undefined],
      ['POST', '/try', {}],
    ] as const) {
      const { status } = await world.fetchJson(method, `${at('get_order')}${path}`, body, other.key);
      assert.equal(status, 404);
    }
  });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';

const base = '/v1/integrations/connections';

describe('connection tools: PATCH one tool', () => {
  let world: World;
  let store: Shop;
  let connection: Json;
  let tool: Json;

  before(async () => {
    store = await shop();
    world = await startWorld();
    const made = await world.fetchJson('POST', `${base}/openapi`, {
      nickname: 'Shop',
      document: store.document,
    });
    connection = (await world.ask('GET', `${base}/${made.json.connection_id}`)).json;
    tool = connection.tools.find(({ tool_path }: Json) => tool_path === 'create_order');
  });
  after(async () => {
    await world.close();
    await store.close();
  });

  const at = (toolId: string = tool.id, connectionId: string = connection.id) =>
    `${base}/${connectionId}/tools/${toolId}`;
  const patch = (body: unknown, path = at()) => world.fetchJson('PATCH', path, body);
  const details = async (body: unknown) => {
    const { status, json, text } = await patch(body);
    assert.equal(status, 422, text);
    return json.detail as Json[];
  };

  beforeEach(async () => {
    await patch({ response_field_map: null, input_defaults: null, is_enabled: true });
  });

  test('the tool has the contract’s members in the contract’s order', () => {
    const order = [
      'id connection_id organization_id integration_key nickname_slug tool_path slug',
      'display_name description input_schema is_enabled last_seen_at created_at updated_at',
      'stale_field_paths default_count pinned_count stale_input_fields merged_input_preview',
      'response_schema response_field_map input_defaults type requires_confirmation',
      'execution_kind token_cost held',
    ];
    assert.equal(Object.keys(tool).join(' '), order.join(' '));
    assert.equal(tool.slug, 'shop__create_order');
    assert.equal(tool.integration_key, 'openapi');
    assert.equal(tool.type, 'write');
    assert.equal(tool.requires_confirmation, null);
    assert.equal(tool.held, null);
  });

  const full = {
    response_field_map: { field_mappings: [{ path: 'id' }] },
    is_enabled: false,
    input_defaults: { currency: { value: 'EUR', type: 'pinned' } },
  };
  for (const field of ['response_field_map', 'is_enabled', 'input_defaults'] as const) {
    test(`${field} set changes that field alone; absent leaves it`, async () => {
      const { json: was } = await patch({});
      const { status, json } = await patch({ [field]: full[field] });
      assert.equal(status, 200);
      assert.deepEqual(json[field], full[field]);
      for (const other of ['response_field_map', 'is_enabled', 'input_defaults'].filter(
        (one) => one !== field,
      )) {
        assert.deepEqual(json[other], was[other]);
      }
      assert.deepEqual((await patch({})).json[field], full[field]);
    });
  }

  test('null clears the map', async () => {
    await patch(full);
    const { json } = await patch({ response_field_map: null });
    assert.equal(json.response_field_map, null);
    assert.deepEqual(json.input_defaults, full.input_defaults);
  });

  test('null clears the defaults, and so does {}', async () => {
    for (const nothing of [null, {}]) {
      await patch(full);
      const { json } = await patch({ input_defaults: nothing });
      assert.equal(json.input_defaults, null);
      assert.equal(json.pinned_count, 0);
      assert.deepEqual(json.response_field_map, full.response_field_map);
    }
  });

  test('is_enabled null is a no-op', async () => {
    await patch({ is_enabled: false });
    const { json } = await patch({ is_enabled: null });
    assert.equal(json.is_enabled, false);
  });

  test('{} answers 200 and leaves updated_at', async () => {
    const { json: was } = await patch({ input_defaults: full.input_defaults });
    const { status, json } = await patch({});
    assert.equal(status, 200);
    assert.equal(json.updated_at, was.updated_at);
    const same = await patch({ input_defaults: full.input_defaults });
    assert.equal(same.json.updated_at, was.updated_at);
  });

  test('input_defaults replaces what was there, as one value', async () => {
    await patch({ input_defaults: { currency: { value: 'EUR', type: 'pinned' } } });
    const { json } = await patch({ input_defaults: { email: { value: 'a@shop.example', type: 'default' } } });
    assert.deepEqual(json.input_defaults, { email: { value: 'a@shop.example', type: 'default' } });
    assert.equal(json.default_count, 1);
    assert.equal(json.pinned_count, 0);
  });

  test('response_schema in the body is extra_forbidden, and so is every other field', async () => {
    for (const name of ['response_schema', 'input_schema', 'requires_confirmation', 'title', '__proto__']) {
      const { status, json } = await world.ask('PATCH', at(), {
        raw: `{"${name}": {"a": 1}}`,
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(status, 422);
      assert.deepEqual(json, {
        detail: [{ type: 'extra_forbidden', loc: ['body', name], msg: 'Extra inputs are not permitted' }],
      });
    }
  });

  test('wrong types are told at their places, all at once', async () => {
    assert.deepEqual(await details({ response_field_map: 5, is_enabled: 'maybe', input_defaults: [] }), [
      {
        type: 'dict_type',
        loc: ['body', 'response_field_map'],
        msg: 'Input should be a valid dictionary',
        input: 5,
      },
      {
        type: 'bool_parsing',
        loc: ['body', 'is_enabled'],
        msg: 'Input should be a valid boolean, unable to interpret input',
        input: 'maybe',
      },
      {
        type: 'dict_type',
        loc: ['body', 'input_defaults'],
        msg: 'Input should be a valid dictionary',
        input: [],
      },
    ]);
  });

  test('an entry of input_defaults is {value, type} and nothing else', async () => {
    const found = await details({
      input_defaults: {
        currency: 'EUR',
        email: { value: 'a@shop.example' },
        customer_id: { type: 'pinned' },
        value: { value: 1, type: 'fixed' },
        constructor: { value: 'x', type: 'default', note: 1 },
      },
    });
    assert.deepEqual(
      found.map(({ type, loc }) => [type, loc.slice(2).join('.')]),
      [
        ['dict_type', 'currency'],
        ['missing', 'email.type'],
        ['missing', 'customer_id.value'],
        ['literal_error', 'value.type'],
        ['extra_forbidden', 'constructor.note'],
      ],
    );
    assert.deepEqual(found[3]!.ctx, { expected: "'default' or 'pinned'" });
  });

  test('every unknown field and every value of a wrong type is listed in one 422', async () => {
    const found = await details({
      input_defaults: {
        nothing: { value: 1, type: 'default' },
        customer_id: { value: 'seven', type: 'pinned' },
        currency: { value: 'GBP', type: 'default' },
        email: { value: 'nobody', type: 'pinned' },
        address: { value: { zip: 'abc' }, type: 'default' },
      },
    });
    assert.deepEqual(
      found.map(({ type, loc }) => [type, loc]),
      [
        ['unknown_field', ['body', 'input_defaults', 'nothing']],
        ['wrong_type', ['body', 'input_defaults', 'customer_id', 'value']],
        ['wrong_type', ['body', 'input_defaults', 'currency', 'value']],
        ['wrong_type', ['body', 'input_defaults', 'email', 'value']],
        ['wrong_type', ['body', 'input_defaults', 'address', 'value']],
      ],
    );
    assert.equal(found[1]!.input, 'seven');
    const { json } = await patch({});
    assert.equal(json.input_defaults, null);
  });

  test('a value is checked through $ref and oneOf', async () => {
    const good = { address: { value: { city: 'Ghent', zip: 'AB' }, type: 'pinned' } };
    assert.equal((await patch({ input_defaults: good })).status, 200);
    const [bad] = await details({
      input_defaults: { address: { value: { city: 'Ghent', zip: 1.5 }, type: 'pinned' } },
    });
    assert.equal(bad!.type, 'wrong_type');
  });

  test('fields called value, constructor and __proto__ are only names', async () => {
    const named = { value: { value: 3, type: 'pinned' }, constructor: { value: 'me', type: 'default' } };
    const { status, json } = await patch({ input_defaults: named });
    assert.equal(status, 200);
    assert.deepEqual(json.input_defaults, named);
    const { status: refused, json: why } = await world.ask('PATCH', at(), {
      raw: '{"input_defaults": {"__proto__": {"value": 1, "type": "pinned"}}}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(refused, 422);
    assert.deepEqual(why.detail[0].loc, ['body', 'input_defaults', '__proto__']);
    assert.equal(why.detail[0].type, 'unknown_field');
  });

  test('a value of a password field is sealed and reads back as null with has_value', async () => {
    const { json, text } = await patch({
      input_defaults: { pin: { value: 'sealed-value-77', type: 'pinned' } },
    });
    assert.deepEqual(json.input_defaults, { pin: { value: null, type: 'pinned', has_value: true } });
    assert.ok(!text.includes('sealed-value-77'));
    const everything = await world.ask('GET', base);
    const audit = await world.ask('GET', '/v1/audit?limit=100');
    assert.ok(!everything.text.includes('sealed-value-77'));
    assert.ok(!audit.text.includes('sealed-value-77'));
    const wrong = await patch({ input_defaults: { pin: { value: 424242, type: 'pinned' } } });
    assert.equal(wrong.status, 422);
    assert.ok(!wrong.text.includes('424242'));
  });

  test('the preview shows defaults and pins in the full schema, and the stored schema is untouched', async () => {
    const { json } = await patch({
      input_defaults: {
        currency: { value: 'EUR', type: 'pinned' },
        email: { value: 'a@shop.example', type: 'default' },
      },
    });
    assert.equal(json.merged_input_preview.properties.currency.const, 'EUR');
    assert.equal(json.merged_input_preview.properties.email.default, 'a@shop.example');
    assert.deepEqual(json.input_schema, tool.input_schema);
    assert.ok('customer_id' in json.merged_input_preview.properties);
  });

  test('a map that cannot be is refused: empty, twice the same, overlapping, __proto__, too deep', async () => {
    const maps = [
      {},
      { field_mappings: [] },
      {
        field_mappings: [
          { path: 'id', alias: 'a' },
          { path: 'status', alias: 'a' },
        ],
      },
      {
        field_mappings: [
          { path: 'id', alias: 'a' },
          { path: 'status', alias: 'a.b' },
        ],
      },
      { field_mappings: [{ path: '__proto__.x' }] },
      { field_mappings: [{ path: Array.from({ length: 33 }, () => 'a').join('.') }] },
      { field_mappings: [{ path: 'id', expression: 'x' }] },
      { field_mappings: [{ path: 5 }] },
      { field_mappings: [{ path: 'id' }], other: 1 },
    ];
    for (const response_field_map of maps) {
      const found = await details({ response_field_map });
      assert.deepEqual(found[0]!.loc.slice(0, 2), ['body', 'response_field_map'], JSON.stringify(found));
    }
  });

  test('problems of the map and of the defaults are told together', async () => {
    const found = await details({
      response_field_map: { field_mappings: [] },
      input_defaults: { nothing: { value: 1, type: 'default' } },
    });
    assert.deepEqual(
      found.map(({ loc }) => loc[1]),
      ['response_field_map', 'input_defaults'],
    );
  });

  test('execution_kind is action while a valid map holds, llm without one', async () => {
    assert.equal((await patch({})).json.execution_kind, 'llm');
    const { json } = await patch({ response_field_map: { field_mappings: [{ path: 'id' }] } });
    assert.equal(json.execution_kind, 'action');
    const stale = await patch({ response_field_map: { field_mappings: [{ path: 'vanished' }] } });
    assert.deepEqual(stale.json.stale_field_paths, ['vanished']);
    assert.equal(stale.json.execution_kind, 'llm');
  });

  test('a tool under a foreign connection, under another of ours, and a foreign tool are one 404', async () => {
    const other = await world.organization();
    const theirs = await world.fetchJson(
      'POST',
      `${base}/openapi`,
      { nickname: 'Theirs', document: store.document },
      other.key,
    );
    const foreign = (
      await world.fetchJson('GET', `${base}/${theirs.json.connection_id}`, undefined, other.key)
    ).json;
    const second = await world.fetchJson('POST', `${base}/openapi`, {
      nickname: 'Second',
      document: store.document,
    });
    const never = '00000000-0000-8000-8000-000000000000';
    const places = [
      at(tool.id, foreign.id),
      at(tool.id, second.json.connection_id),
      at(foreign.tools[0].id),
      at(foreign.tools[0].id, foreign.id),
      at(never),
      at(tool.id, never),
    ];
    const bodies = [{}, { is_enabled: false }, { input_defaults: { nothing: { value: 1, type: 'pinned' } } }];
    for (const place of places) {
      for (const body of bodies) {
        const { status, text } = await patch(body, place);
        assert.equal(status, 404);
        assert.equal(text, '{"detail":"Not found."}');
      }
    }
  });

  test('an unreadable id is uuid_parsing at its place in the path, before the body’s problems', async () => {
    const { status, json } = await patch({ nothing: 1 }, `${base}/no-id/tools/${tool.id}`);
    assert.equal(status, 422);
    assert.deepEqual(
      json.detail.map(({ type, loc, input }: Json) => [type, loc, input]),
      [
        ['uuid_parsing', ['path', 'connection_id'], 'no-id'],
        ['extra_forbidden', ['body', 'nothing'], undefined],
      ],
    );
  });

  test('fifty parallel patches of different fields lose nothing', async () => {
    const bodies = Array.from({ length: 50 }, (_, index) =>
      index % 3 === 0
        ? { response_field_map: { field_mappings: [{ path: 'id' }, { path: 'status' }] } }
        : index % 3 === 1
          ? { is_enabled: false }
          : { input_defaults: { currency: { value: 'USD', type: 'pinned' } } },
    );
    const answers = await Promise.all(bodies.map((body) => patch(body)));
    assert.ok(answers.every(({ status }) => status === 200));
    const { json } = await patch({});
    assert.equal(json.is_enabled, false);
    assert.equal(json.response_field_map.field_mappings.length, 2);
    assert.deepEqual(json.input_defaults, { currency: { value: 'USD', type: 'pinned' } });
  });

  test('NUL characters are refused at their place, duplicate keys and broken JSON are malformed', async () => {
    const [nul] = await details({ input_defaults: { email: { value: 'a\u0000b', type: 'pinned' } } });
    assert.deepEqual(nul!.loc, ['body', 'input_defaults', 'email', 'value']);
    for (const raw of ['{"is_enabled": true, "is_enabled": false}', '{"is_enabled": tru', '']) {
      const { status } = await world.ask('PATCH', at(), {
        raw,
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(status, raw === '' ? 422 : 400);
    }
    const text = await world.ask('PATCH', at(), { raw: '{}', headers: { 'content-type': 'text/plain' } });
    assert.equal(text.status, 415);
  });

  test('a key that may only read cannot curate', async () => {
    const made = await world.fetchJson('POST', '/v1/keys', { scopes: ['tools:read'] });
    const { key } = made.json.data;
    assert.equal((await world.fetchJson('GET', base, undefined, key)).status, 200);
    assert.equal((await world.fetchJson('PATCH', at(), { is_enabled: false }, key)).status, 403);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import type { Answer, Json } from '../world.ts';
import { openInstancesDesk, ordersConnector, type InstancesDesk } from './instances-desk.ts';

const field = (name: string, type: string, more: object = {}) => ({
  name,
  display_name: name,
  type,
  required: false,
  ...more,
});
const regions = ['eu', 'us'].map((value) => ({ label: value.toUpperCase(), value }));
const fields = [
  field('server', 'url', { required: true }),
  field('tenant', 'string', {
    default: 'main',
    validation: { pattern: '^[a-z]+$', min_length: 2, max_length: 8 },
    placeholder: 'main',
  }),
  field('retries', 'integer', { validation: { min: 0, max: 5 } }),
  field('ratio', 'number'),
  field('strict', 'boolean', { description: 'Whether to be strict.' }),
  field('region', 'select', { options: regions }),
  field('regions', 'multiselect', { options: regions }),
  field('extras', 'json', { widget: 'textarea', widget_options: { rows: 4 } }),
];

describe('configuration of a tool instance', () => {
  let desk: InstancesDesk;
  let other: Fake;
  before(async () => {
    desk = await openInstancesDesk();
    other = await httpService((_seen, response) => sendJson(response, { id: 8 }));
    const more = { base_url: '{server}/{tenant}', config: fields };
    const keyed = [{ type: 'api_key', in: 'header', name: 'X-Order-Key', source: 'https://orders.example' }];
    for (const connector of [
      { slug: 'settings', ...more },
      { slug: 'keyed', ...more, auth: keyed },
    ]) {
      const released = await desk.ask('POST', '/v1/catalog', ordersConnector('', connector));
      assert.equal(released.status, 201, released.text);
    }
  });
  after(async () => {
    await desk.close();
    await other.close();
  });

  const create = (configuration: unknown, tool_id = 'settings'): Promise<Answer> =>
    desk.ask('POST', desk.base, { tool_id, name: 'Settings', configuration });
  const make = async (configuration: object, more: object = {}): Promise<Json> =>
    desk.make({ tool_id: 'settings', name: 'Settings', configuration, ...more });
  const keep = async (value: string): Promise<string> => {
    const body = { name: 'Key', value };
    const { status, json, text } = await desk.ask('POST', '/v1/orgs/default/vault/secrets', body);
    assert.equal(status, 201, text);
    return json.vault_id;
  };

  test('is refused with every problem at once, each at its field, in the contract’s words', async () => {
    const configuration = {
      tenant: 'A',
      retries: 6,
      ratio: 'many',
      strict: 'perhaps',
      region: 'mars',
      regions: ['eu', 'mars'],
      extras: '{',
      later: 1,
    };
    const { status, json } = await create(configuration);
    assert.equal(status, 422);
    const { later: _later, ...known } = configuration;
    const at = (...place: (string | number)[]) => ['body', 'configuration', ...place];
    assert.deepEqual(json.detail, [
      { type: 'missing', loc: at('server'), msg: 'Field required', input: known },
      {
        type: 'string_too_short',
        loc: at('tenant'),
        msg: 'String should have at least 2 characters',
        input: 'A',
        ctx: { min_length: 2 },
      },
      {
        type: 'less_than_equal',
        loc: at('retries'),
        msg: 'Input should be less than or equal to 5',
        input: 6,
        ctx: { le: 5 },
      },
      {
        type: 'float_parsing',
        loc: at('ratio'),
        msg: 'Input should be a valid number, unable to parse string as a number',
        input: 'many',
      },
      {
        type: 'bool_parsing',
        loc: at('strict'),
        msg: 'Input should be a valid boolean, unable to interpret input',
        input: 'perhaps',
      },
      {
        type: 'literal_error',
        loc: at('region'),
        msg: "Input should be 'eu' or 'us'",
        input: 'mars',
        ctx: { expected: "'eu' or 'us'" },
      },
      {
        type: 'literal_error',
        loc: at('regions', 1),
        msg: "Input should be 'eu' or 'us'",
        input: 'mars',
        ctx: { expected: "'eu' or 'us'" },
      },
      {
        type: 'json_invalid',
        loc: at('extras'),
        msg: 'Invalid JSON',
        input: '{',
        ctx: { error: 'the text cannot be read as JSON' },
      },
      { type: 'extra_forbidden', loc: at('later'), msg: 'Extra inputs are not permitted' },
    ]);
    assert.deepEqual(Object.keys(json.detail[1]), ['type', 'loc', 'msg', 'input', 'ctx']);
  });

  test('is told apart from a configuration that is none', async () => {
    for (const configuration of ['x', 7, []]) {
      const { status, json } = await create(configuration);
      assert.equal(status, 422);
      assert.deepEqual(json.detail[0].loc, ['body', 'configuration']);
    }
    const { json } = await create({ server: 'https://me:pass-word@orders.example' });
    assert.deepEqual(json.detail[0].loc, ['body', 'configuration', 'server']);
    assert.ok(!JSON.stringify(json).includes('pass-word'));
  });

  test('is read back as it was given; defaults are put into the address, not into the configuration', async () => {
    const configuration = {
      server: desk.service.url,
      retries: 2,
      ratio: 0.5,
      strict: false,
      region: 'us',
      regions: ['us', 'eu'],
      extras: { deep: [1, { a: null }] },
    };
    const made = await make(configuration);
    assert.deepEqual(made.configuration, configuration);
    assert.deepEqual((await desk.put(made.instance_id, {})).json, made);
    assert.deepEqual((await desk.put(made.instance_id, { configuration })).json, made);
    const pack = await desk.pack(made.instance_id);
    desk.reached();
    await desk.call(pack, 'list_orders', {});
    assert.equal(desk.reached()[0]!.url, '/main/orders');
  });

  test('has a schema for a form: a widget for every field, and what is not said is null or empty', async () => {
    const { tool_config_schema: schema } = await make({ server: desk.service.url });
    assert.deepEqual(
      schema.map(({ name, widget }: Json) => [name, widget]),
      [
        ['server', 'url'],
        ['tenant', 'text'],
        ['retries', 'number'],
        ['ratio', 'number'],
        ['strict', 'toggle'],
        ['region', 'select'],
        ['regions', 'select'],
        ['extras', 'textarea'],
      ],
    );
    assert.deepEqual(schema[1], {
      name: 'tenant',
      display_name: 'tenant',
      type: 'string',
      required: false,
      default: 'main',
      description: null,
      placeholder: 'main',
      options: [],
      validation: { pattern: '^[a-z]+$', min_length: 2, max_length: 8 },
      widget: 'text',
      widget_options: {},
    });
    assert.deepEqual(schema[7].widget_options, { rows: 4 });
  });

  test('moves where calls go, when it is changed as a whole', async () => {
    const { instance_id: id } = await make({ server: desk.service.url, tenant: 'one', retries: 1 });
    const pack = await desk.pack(id);
    const put = await desk.put(id, { configuration: { server: desk.service.url, tenant: 'two' } });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.json.configuration, { server: desk.service.url, tenant: 'two' });
    desk.reached();
    await desk.call(pack, 'list_orders', {});
    assert.equal(desk.reached()[0]!.url, '/two/orders');
    const wrong = await desk.put(id, { configuration: { server: desk.service.url, tenant: 'TWO' } });
    assert.deepEqual(wrong.json.detail[0].loc, ['body', 'configuration', 'tenant']);
    const missing = await desk.put(id, { configuration: null });
    assert.deepEqual(missing.json.detail[0].loc, ['body', 'configuration', 'server']);
    assert.deepEqual((await desk.get(id)).configuration, put.json.configuration);
  });

  test('leads nowhere that may not be reached', async () => {
    for (const server of ['http://10.0.0.1', 'http://169.254.169.254/latest', 'http://[::1]:1']) {
      const { status, json, text } = await create({ server });
      assert.equal(status, 422, text);
      assert.deepEqual(json.detail[0].loc.slice(0, 2), ['body', 'configuration']);
    }
    const { instance_id: id } = await make({ server: desk.service.url });
    const put = await desk.put(id, { configuration: { server: 'http://10.0.0.1' } });
    assert.equal(put.status, 422);
    assert.deepEqual((await desk.get(id)).configuration, { server: desk.service.url });
  });

  test('that leads to another origin wants new credentials in the same request, and the old ones stay behind', async () => {
    const old = await keep('order-key-old');
    const made = await make(
      { server: desk.service.url },
      { tool_id: 'keyed', credential_refs: { api_key: old } },
    );
    const pack = await desk.pack(made.instance_id);
    await desk.call(pack, 'list_orders', {});
    assert.equal(desk.service.requests.at(-1)!.headers['x-order-key'], 'order-key-old');
    const configuration = { server: other.url };
    const refused = await desk.put(made.instance_id, { configuration });
    assert.equal(refused.status, 422, refused.text);
    assert.deepEqual(refused.json.detail[0].loc, ['body', 'configuration']);
    // A path of the same origin is no other place.
    const beside = await desk.put(made.instance_id, {
      configuration: { server: desk.service.url, tenant: 'beside' },
    });
    assert.equal(beside.status, 200, beside.text);
    const fresh = await keep('order-key-new');
    const moved = await desk.put(made.instance_id, { configuration, credential_refs: { api_key: fresh } });
    assert.equal(moved.status, 200, moved.text);
    await desk.call(pack, 'list_orders', {});
    assert.equal(other.requests.length, 1);
    assert.equal(other.requests[0]!.headers['x-order-key'], 'order-key-new');
  });

  test('is nothing for an imported document: any field is refused', async () => {
    const operation = { get: { operationId: 'look', responses: { 200: { description: 'ok' } } } };
    const document = {
      openapi: '3.1.0',
      info: { title: 'Sky', version: '1' },
      servers: [{ url: desk.service.url }],
      paths: { '/sky': operation },
    };
    const body = { kind: 'openapi', nickname: 'Sky', document };
    const made = await desk.ask('POST', '/v1/connections', body);
    assert.equal(made.status, 201, made.text);
    const { id } = made.json.data;
    assert.deepEqual((await desk.get(id)).tool_config_schema, []);
    const put = await desk.put(id, { configuration: { region: 'eu' } });
    assert.equal(put.status, 422, put.text);
    assert.deepEqual(
      put.json.detail.map(({ type, loc }: Json) => [type, ...loc]),
      [['extra_forbidden', 'body', 'configuration', 'region']],
    );
    assert.equal((await desk.put(id, { configuration: {} })).status, 200);
  });

  test('is checked the same way by every contract that connects', async () => {
    const body = { kind: 'catalog', connector: 'settings', config: { server: desk.service.url, retries: 9 } };
    const { status, json } = await desk.ask('POST', '/v1/connections', body);
    assert.equal(status, 422);
    assert.equal(json.error.param, '/config/retries');
  });
});

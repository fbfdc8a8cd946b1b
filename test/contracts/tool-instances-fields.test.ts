import assert from 'node:assert/strict';
import { countUsages } from '../../src/journal/index.ts';
import { after, before, describe, it } from 'node:test';
import type { Answer, Json } from '../world.ts';
import { openInstancesDesk, type InstancesDesk } from './instances-desk.ts';

let desk: InstancesDesk;
before(async () => void (desk = await openInstancesDesk()));
after(() => desk.close());

const wrongs = ({ status, json, text }: Answer): [string, string][] => {
  assert.equal(status, 422, text);
  return json.detail.map(({ loc, type }: Json) => [loc.join('.'), type]);
};
const sorted = (all: [string, string][]): [string, string][] => all.toSorted(([a], [b]) => (a < b ? -1 : 1));
const toolOf = async (instanceId: string, name: string): Promise<Json> => {
  const { json } = await desk.ask('GET', `/v1/connections/${instanceId}/tools`);
  return json.data.find((tool: Json) => tool.name === name);
};

/** A value for every field that a team may say. */
const said: Json = {
  description: 'Orders of the web shop.',
  namespace_id: 'production',
  is_active: true,
  configuration: { region: 'us' },
  action_defaults: { list_orders: { limit: 5, note: null }, create_order: { currency: 'EUR' } },
  mcp_description_override: 'Use it for orders.',
  mcp_action_filter: ['list_orders', 'create_order'],
  mcp_action_descriptions: { list_orders: 'Lists what was ordered.' },
  mcp_max_calls_per_turn: 12,
  mcp_requires_confirmation: false,
  mcp_parameter_overrides: {
    list_orders: {
      status: { enum: ['open', 'paid'], default: 'open', title: 'State', description: 'Which ones.' },
      note: { hidden: true },
      limit: { mode: 'pinned', value: 10 },
    },
    create_order: { currency: { mode: 'default', value: 'USD' }, customer_id: {} },
  },
};

describe('the fields of a tool instance', () => {
  it('are those of the document, and absent ones are null and maps are {}', async () => {
    const made = await desk.make({ name: 'Plain' });
    const { instance_id, tool_id, workspace_id, created_by, created_at, updated_at, ...rest } = made;
    for (const id of [instance_id, tool_id, workspace_id]) assert.match(id, /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    assert.match(created_by, /^key:[0-9a-f-]{36}$/);
    assert.equal(new Date(created_at).toISOString(), created_at);
    assert.equal(new Date(updated_at).toISOString(), updated_at);
    const { effective_action_schemas: actions, ...fields } = rest;
    assert.deepEqual(
      actions.map(({ name }: Json) => name),
      ['list_orders', 'create_order', 'drop_order'],
    );
    assert.deepEqual(fields, {
      namespace_id: 'default',
      name: 'Plain',
      description: null,
      configuration: {},
      has_credentials: true,
      credential_refs: {},
      credential_fields: [],
      custom_action_parameters: {},
      action_defaults: {},
      auth_config: { method: 'none' },
      custom_actions: [],
      is_active: true,
      mcp_description_override: null,
      mcp_action_filter: null,
      mcp_action_descriptions: {},
      mcp_max_calls_per_turn: null,
      mcp_requires_confirmation: null,
      mcp_parameter_overrides: {},
      auth_mode: 'none',
      connection_credentials: null,
      connection_status: null,
      schema_version: 1,
      upgrade_available: false,
      latest_schema_version: 1,
      schema_deprecated: false,
      last_used_at: null,
      usage_count: 0,
      tool_name: 'Orders',
      tool_slug: 'orders',
      tool_category: 'commerce',
      tool_icon_url: 'https://orders.example/logo.svg',
      supported_step_types: ['inference', 'tool_call'],
      tool_config_schema: [
        {
          name: 'region',
          display_name: 'Region',
          type: 'select',
          required: false,
          default: 'eu',
          description: null,
          placeholder: null,
          options: [
            { label: 'Europe', value: 'eu' },
            { label: 'America', value: 'us' },
          ],
          validation: {},
          widget: 'select',
          widget_options: {},
        },
      ],
    });
  });

  it('come back exactly as they were sent, made with and changed to', async () => {
    const made = await desk.make(said);
    for (const [field, value] of Object.entries(said)) assert.deepEqual(made[field], value, field);
    const { instance_id: id } = await desk.make();
    for (const [field, value] of Object.entries(said)) {
      const put = await desk.put(id, { [field]: value });
      assert.equal(put.status, 200, put.text);
      assert.deepEqual(put.json[field], value, field);
    }
    const read = await desk.get(id);
    for (const [field, value] of Object.entries(said)) assert.deepEqual(read[field], value, field);
    // What was read may be sent again, and changes nothing.
    const echo = Object.fromEntries(Object.keys(said).map((field) => [field, read[field]]));
    assert.deepEqual((await desk.put(id, echo)).json, read);
  });

  it('that requests change at the same moment all stay: one writer takes nothing of another’s back', async () => {
    const { instance_id: id } = await desk.make();
    const answers = await Promise.all(
      Object.entries(said).map(([field, value]) => desk.put(id, { [field]: value })),
    );
    for (const { status, text } of answers) assert.equal(status, 200, text);
    const read = await desk.get(id);
    for (const [field, value] of Object.entries(said)) assert.deepEqual(read[field], value, field);
  });

  it('that authors write are read in the order they were written in', async () => {
    const written = {
      custom_action_parameters: {
        list_orders: [{ name: 'since', in: 'query', type: 'string', description: 'From when.', enum: ['a'] }],
      },
      mcp_parameter_overrides: {
        list_orders: {
          status: { title: 'Status', value: 'paid', mode: 'default', enum: ['paid', 'open'] },
          limit: { hidden: true, value: 5 },
        },
      },
    };
    const made = await desk.make(written);
    for (const [field, value] of Object.entries(written)) {
      assert.equal(JSON.stringify(made[field]), JSON.stringify(value), field);
    }
  });

  it('that are maps take the place of the whole map: {} and null clear it', async () => {
    const { instance_id: id } = await desk.make(said);
    const put = await desk.put(id, { action_defaults: { drop_order: { id: 3 } } });
    assert.deepEqual(put.json.action_defaults, { drop_order: { id: 3 } });
    assert.deepEqual(put.json.mcp_parameter_overrides, said.mcp_parameter_overrides);
    for (const nothing of [{}, null]) {
      await desk.put(id, { mcp_parameter_overrides: said.mcp_parameter_overrides });
      const cleared = await desk.put(id, {
        action_defaults: nothing,
        mcp_parameter_overrides: nothing,
        mcp_action_descriptions: nothing,
      });
      assert.deepEqual(cleared.json.action_defaults, {});
      assert.deepEqual(cleared.json.mcp_parameter_overrides, {});
      assert.deepEqual(cleared.json.mcp_action_descriptions, {});
    }
  });

  it('name actions and parameters there are: others are 422, all at once, each at its place', async () => {
    const { instance_id: id } = await desk.make();
    const refused = await desk.put(id, {
      action_defaults: { nothing: { a: 1 }, list_orders: { nowhere: 1, limit: 500 } },
      mcp_action_descriptions: { nothing: 'x' },
      mcp_action_filter: ['list_orders', 'nothing'],
      mcp_parameter_overrides: {
        nothing: {},
        list_orders: {
          nowhere: { hidden: true },
          limit: { default: 'many' },
          status: { enum: ['lost'] },
        },
        create_order: { customer_id: { mode: 'hidden' }, currency: { mode: 'pinned' } },
      },
    });
    assert.deepEqual(sorted(wrongs(refused)), [
      ['body.action_defaults.list_orders.limit', 'wrong_type'],
      ['body.action_defaults.list_orders.nowhere', 'unknown_field'],
      ['body.action_defaults.nothing', 'unknown_tool'],
      ['body.mcp_action_descriptions.nothing', 'unknown_tool'],
      ['body.mcp_action_filter.1', 'unknown_tool'],
      ['body.mcp_parameter_overrides.create_order.currency.value', 'missing'],
      ['body.mcp_parameter_overrides.create_order.customer_id', 'value_error'],
      ['body.mcp_parameter_overrides.list_orders.limit.default', 'wrong_type'],
      ['body.mcp_parameter_overrides.list_orders.nowhere', 'unknown_field'],
      ['body.mcp_parameter_overrides.list_orders.status.enum', 'wrong_type'],
      ['body.mcp_parameter_overrides.nothing', 'unknown_tool'],
    ]);
    assert.deepEqual((await desk.get(id)).action_defaults, {});
  });

  it('of an override do not contradict each other: 422', async () => {
    const { instance_id: id } = await desk.make();
    const at = 'body.mcp_parameter_overrides.list_orders.limit';
    const wrong: [object, string][] = [
      [{ hidden: true, mode: 'pinned', value: 1 }, 'hidden'],
      [{ hidden: false, mode: 'hidden' }, 'hidden'],
      [{ hidden: 'yes' }, 'hidden'],
      [{ hidden: true, default: 1 }, 'default'],
      [{ mode: 'pinned', default: 1 }, 'default'],
      [{ default: 1, value: 2 }, 'default'],
      [{ value: 2 }, 'value'],
      [{ mode: 'other', value: 2 }, 'mode'],
      [{ mode: 'pinned', value: null, has_value: true }, 'value'],
      [{ pattern: 'x' }, 'pattern'],
    ];
    for (const [entry, member] of wrong) {
      const refused = await desk.put(id, { mcp_parameter_overrides: { list_orders: { limit: entry } } });
      assert.deepEqual(
        wrongs(refused).map(([loc]) => loc),
        [`${at}.${member}`],
        JSON.stringify(entry),
      );
    }
    const narrowed = { list_orders: { status: { enum: ['paid'] } } };
    const both = await desk.put(id, {
      action_defaults: { list_orders: { status: 'open' } },
      mcp_parameter_overrides: narrowed,
    });
    assert.deepEqual(wrongs(both), [['body.action_defaults.list_orders.status', 'wrong_type']]);
    await desk.put(id, { action_defaults: { list_orders: { status: 'open' } } });
    assert.deepEqual(wrongs(await desk.put(id, { mcp_parameter_overrides: narrowed })), [
      ['body.mcp_parameter_overrides.list_orders.status.enum', 'wrong_type'],
    ]);
  });

  it('of an override win over action_defaults, and without a mode keep the default beneath them', async () => {
    const { instance_id: id } = await desk.make({
      action_defaults: { list_orders: { limit: 5, status: 'paid' } },
      mcp_parameter_overrides: {
        list_orders: { limit: { mode: 'pinned', value: 10 }, status: { title: 'State' } },
      },
    });
    const pack = await desk.pack(id);
    desk.reached();
    await desk.call(pack, 'list_orders', {});
    assert.deepEqual(
      desk.reached().map(({ url }) => url),
      ['/orders?limit=10&status=paid'],
    );
  });

  it('show what connection tools and the own API change, and the other way round', async () => {
    const { instance_id: id } = await desk.make({
      mcp_parameter_overrides: { list_orders: { limit: { default: 5 } } },
    });
    const tool = await toolOf(id, 'list_orders');
    const patch = `/v1/integrations/connections/${id}/tools/${tool.id}`;
    const shown = async (): Promise<Json> => (await desk.get(id)).mcp_parameter_overrides.list_orders;
    assert.deepEqual(await shown(), { limit: { default: 5 } });
    await desk.ask('PATCH', patch, { input_defaults: { limit: { value: 7, type: 'default' } } });
    assert.deepEqual(await shown(), { limit: { mode: 'default', value: 7 } });
    await desk.ask('PATCH', patch, { input_defaults: { limit: { value: 5, type: 'default' } } });
    assert.deepEqual(await shown(), { limit: { default: 5 } });
    await desk.ask('PATCH', `/v1/tools/${tool.id}`, { inputs: { status: { mode: 'hidden' } } });
    assert.deepEqual(await shown(), { limit: { default: 5 }, status: { mode: 'hidden' } });
    await desk.put(id, { mcp_parameter_overrides: { list_orders: { status: { hidden: true } } } });
    assert.deepEqual((await toolOf(id, 'list_orders')).inputs, { status: { mode: 'hidden' } });
  });

  it('that the service calls secret are sealed: never read back, kept by what they read as', async () => {
    const secret = 'pin-4711-very-secret';
    const { instance_id: id } = await desk.make({
      action_defaults: { create_order: { pin: secret } },
    });
    const overrides = { create_order: { pin: { mode: 'pinned', value: `${secret}-2` } } };
    const put = await desk.put(id, { mcp_parameter_overrides: overrides });
    const { action_defaults, mcp_parameter_overrides } = put.json;
    assert.deepEqual(action_defaults, { create_order: { pin: null } });
    assert.deepEqual(mcp_parameter_overrides, {
      create_order: { pin: { mode: 'pinned', value: null, has_value: true } },
    });
    const echoed = await desk.put(id, { action_defaults, mcp_parameter_overrides });
    assert.deepEqual(echoed.json, put.json);
    const pack = await desk.pack(id);
    desk.reached();
    await desk.call(pack, 'create_order', { customer_id: 1 });
    assert.deepEqual(
      desk.reached().map(({ body }) => body),
      [{ customer_id: 1, pin: `${secret}-2` }],
    );
    await desk.put(id, { mcp_parameter_overrides: {} });
    await desk.call(pack, 'create_order', { customer_id: 1 });
    assert.deepEqual(
      desk.reached().map(({ body }) => body),
      [{ customer_id: 1, pin: secret }],
    );
    const audit = await desk.ask('GET', `/v1/audit?target_id=${id}`);
    for (const { text } of [put, echoed, audit]) assert.ok(!text.includes(secret), text);
    const wrong = await desk.put(id, {
      mcp_parameter_overrides: { create_order: { pin: { mode: 'pinned', value: [secret] } } },
    });
    assert.equal(wrong.status, 422);
    assert.ok(!wrong.text.includes(secret), wrong.text);
  });

  it('created_by, usage_count and last_used_at come from the journal: calls that reached the service', async () => {
    const made = await desk.make({
      mcp_parameter_overrides: { list_orders: { limit: { mode: 'pinned', value: 10 } } },
    });
    const pack = await desk.pack(made.instance_id);
    await desk.call(pack, 'list_orders', {});
    const denied = await desk.call(pack, 'list_orders', { limit: 3 });
    assert.equal(denied.isError, true);
    await desk.call(pack, 'list_orders', { status: 'open' });
    await desk.world.crib.gateway.drain();
    await desk.world.crib.callJournal.drain();
    const { usage_count, last_used_at, updated_at } = await desk.get(made.instance_id);
    assert.equal(usage_count, 2);
    const calls = (await desk.ask('GET', `/v1/calls?connection_id=${made.instance_id}&outcome=ok`)).json.data;
    assert.equal(last_used_at, calls[0].started_at);
    assert.equal(updated_at, made.updated_at);
  });

  it('usage_count stays exact while calls are counted, twice at once and with one still on its way', async () => {
    const made = await desk.make();
    const pack = await desk.pack(made.instance_id);
    const { crib } = desk.world;
    const settle = async () => {
      await crib.gateway.drain();
      await crib.callJournal.drain();
    };
    const usage = async () => (await desk.get(made.instance_id)).usage_count;
    const count = () => countUsages(crib.database, new Date());
    await desk.call(pack, 'list_orders', {});
    await desk.call(pack, 'list_orders', { limit: 0 });
    await settle();
    await Promise.all([count(), count()]);
    assert.equal(await usage(), 1);
    const held = desk.hold();
    const onItsWay = desk.call(pack, 'list_orders', {});
    await held.arrived;
    await desk.call(pack, 'create_order', { customer_id: 1 });
    await crib.callJournal.drain();
    await count();
    assert.equal(await usage(), 2);
    held.release();
    await onItsWay;
    await settle();
    assert.equal(await usage(), 3);
    await count();
    await count();
    const { usage_count, last_used_at } = await desk.get(made.instance_id);
    assert.equal(usage_count, 3);
    const calls = (await desk.ask('GET', `/v1/calls?connection_id=${made.instance_id}&outcome=ok`)).json.data;
    assert.equal(last_used_at, calls[0].started_at);
    assert.equal((await desk.ask('DELETE', `${desk.base}/${made.instance_id}?force=true`)).status, 204);
  });

  it('connection_status is not_connected until a link is open, then pending', async () => {
    const made = await desk.make({ tool_id: 'slack', name: 'Slack' });
    assert.equal(made.connection_status, 'not_connected');
    assert.equal(made.has_credentials, false);
    assert.deepEqual(made.credential_fields, ['token']);
    assert.equal(made.auth_mode, 'vault');
    const link = await desk.ask('POST', `/v1/connections/${made.instance_id}/connect`);
    assert.ok(link.status < 300, link.text);
    assert.equal((await desk.get(made.instance_id)).connection_status, 'pending');
    await desk.ask('PUT', '/v1/credentials', {
      connection: made.instance_id,
      fields: { token: 'xoxb-1' },
    });
    const connected = await desk.get(made.instance_id);
    assert.equal(connected.connection_status, 'connected');
    assert.equal(connected.has_credentials, true);
  });

  it('of instances of every kind are listed and changed: servers and documents too', async () => {
    const made = await desk.ask('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Imported',
      document: {
        openapi: '3.1.0',
        info: { title: 'Imported', version: '1' },
        servers: [{ url: desk.service.url }],
        paths: { '/a': { get: { operationId: 'read_a', responses: { 200: { description: 'ok' } } } } },
      },
    });
    const put = await desk.put(made.json.data.id, { mcp_action_descriptions: { read_a: 'Reads it.' } });
    assert.equal(put.status, 200, put.text);
    assert.equal(put.json.tool_slug, 'imported');
    assert.equal(put.json.effective_action_schemas[0].description, 'Reads it.');
  });

  it('of every part are refused together, and then nothing has changed', async () => {
    const made = await desk.make();
    const refused = await desk.put(made.instance_id, {
      name: 'Other',
      configuration: { region: 'moon' },
      credential_refs: { token: '000000000000000000000000' },
      action_defaults: { nothing: {} },
      mcp_parameter_overrides: { list_orders: { limit: { default: 1, value: 2 } } },
    });
    assert.deepEqual(
      wrongs(refused)
        .map(([loc]) => loc)
        .sort(),
      [
        'body.action_defaults.nothing',
        'body.configuration.region',
        'body.credential_refs.token',
        'body.mcp_parameter_overrides.list_orders.limit.default',
      ],
    );
    assert.deepEqual(await desk.get(made.instance_id), made);
    const unmade = await desk.ask('POST', desk.base, {
      tool_id: 'orders',
      name: 'x',
      configuration: { region: 'moon' },
      mcp_parameter_overrides: { list_orders: { limit: { default: 1, value: 2 } } },
    });
    assert.deepEqual(
      wrongs(unmade)
        .map(([loc]) => loc)
        .sort(),
      ['body.configuration.region', 'body.mcp_parameter_overrides.list_orders.limit.default'],
    );
  });

  it('may name custom actions and their parameters in the request that makes them', async () => {
    const action = {
      name: 'refund_order',
      description: 'Gives the money back.',
      effect: 'write',
      method: 'POST',
      path: '/orders/{id}/refund',
      parameters: [
        { name: 'id', in: 'path', type: 'integer' },
        { name: 'reason', in: 'body', type: 'string', enum: ['late', 'broken'] },
      ],
    };
    const fields = {
      custom_actions: [action],
      custom_action_parameters: { list_orders: [{ name: 'page', in: 'query', type: 'integer' }] },
      action_defaults: { list_orders: { page: 2 }, refund_order: { reason: 'late' } },
      mcp_action_filter: ['refund_order', 'list_orders'],
      mcp_action_descriptions: { refund_order: 'Refunds.' },
    };
    const made: Json = await desk.make(fields);
    for (const [field, value] of Object.entries(fields)) assert.deepEqual(made[field], value, field);
    const pack = await desk.pack(made.instance_id);
    desk.reached();
    await desk.call(pack, 'refund_order', { id: 5 });
    await desk.call(pack, 'list_orders', {});
    assert.deepEqual(desk.reached(), [
      { url: '/orders/5/refund', body: { reason: 'late' } },
      { url: '/orders?page=2', body: null },
    ]);
  });

  it('of the account are set with the rest, in one request', async () => {
    const secret = await desk.ask('POST', '/v1/orgs/default/vault/secrets', {
      name: 'Token',
      value: 'xoxb-of-the-vault',
    });
    const { vault_id } = secret.json;
    const made = await desk.make({
      tool_id: 'slack',
      name: 'Slack',
      auth_mode: 'vault',
      credential_refs: { token: vault_id },
      mcp_action_filter: ['auth_test'],
    });
    assert.deepEqual(made.credential_refs, { token: vault_id });
    assert.deepEqual([made.has_credentials, made.connection_status], [true, 'connected']);
    const dropped = await desk.put(made.instance_id, { credential_refs: null });
    assert.deepEqual(dropped.json.credential_refs, {});
    assert.equal(dropped.json.has_credentials, false);
    assert.deepEqual(dropped.json.mcp_action_filter, ['auth_test']);
  });

  it('are tried by PUT ?dry_run=true, which answers the impact and changes nothing', async () => {
    const made = await desk.make();
    const pack = await desk.pack(made.instance_id);
    await desk.call(pack, 'list_orders', { limit: 5 });
    await desk.world.crib.gateway.drain();
    await desk.world.crib.callJournal.drain();
    const { usage_count: _count, last_used_at: _last, ...before } = await desk.get(made.instance_id);
    const pinned = { mcp_parameter_overrides: { list_orders: { limit: { mode: 'pinned', value: 10 } } } };
    const tried = await desk.ask('PUT', `${desk.base}/${made.instance_id}?dry_run=true`, pinned);
    assert.equal(tried.status, 200, tried.text);
    assert.deepEqual(
      tried.json.packs.map(({ slug }: Json) => slug),
      [pack],
    );
    assert.deepEqual([tried.json.replayed.calls, tried.json.replayed.refused], [1, 1]);
    const { usage_count: _now, last_used_at: _at, ...after } = await desk.get(made.instance_id);
    assert.deepEqual(after, before);
    const wrong = { mcp_parameter_overrides: { list_orders: { limit: { default: 'x' } } } };
    const refused = await desk.ask('PUT', `${desk.base}/${made.instance_id}?dry_run=true`, wrong);
    assert.deepEqual(wrongs(refused), [
      ['body.mcp_parameter_overrides.list_orders.limit.default', 'wrong_type'],
    ]);
    await desk.put(made.instance_id, pinned);
    assert.equal((await desk.call(pack, 'list_orders', { limit: 5 })).isError, true);
  });
});

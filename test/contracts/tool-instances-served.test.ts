import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { openInstancesDesk, ordersConnector, type InstancesDesk } from './instances-desk.ts';

let desk: InstancesDesk;
before(async () => void (desk = await openInstancesDesk()));
after(() => desk.close());

/** The text of `effective_action_schemas` as it stands in an answer. */
const schemasIn = (text: string): string => {
  const start = text.indexOf('"effective_action_schemas":') + '"effective_action_schemas":'.length;
  return text.slice(start, text.indexOf(',"tool_config_schema"', start));
};
/** An action whose replies have a schema. */
const counted = {
  name: 'count_orders',
  description: 'Counts orders.',
  effect: 'read',
  method: 'GET',
  path: '/orders/count',
  response: { type: 'object', properties: { count: { type: 'integer' } } },
};
/** The text of a pack's list for a client of a revision with a handshake. */
async function legacyList(pack: string, revision: string): Promise<string> {
  const send = (method: string, params: object, session: object = {}): Promise<Response> =>
    fetch(`${desk.world.url}/mcp/${pack}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${desk.world.adminKey}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
  const clientInfo = { name: 'test', version: '1' };
  const opened = await send('initialize', { protocolVersion: revision, capabilities: {}, clientInfo });
  assert.ok((await opened.text()).includes(`"protocolVersion":"${revision}"`));
  const session = {
    'mcp-session-id': opened.headers.get('mcp-session-id')!,
    'mcp-protocol-version': revision,
  };
  const listed = await send('tools/list', {}, session);
  const text = await listed.text();
  assert.equal(listed.status, 200, text);
  return text;
}
const reasonOf = (result: Json): string => {
  assert.equal(result.isError, true, JSON.stringify(result));
  return JSON.stringify(result.content);
};

describe('what a tool instance serves', () => {
  it('effective_action_schemas are byte for byte what a pack of it alone serves under bare names, in each revision that has replies with a schema', async () => {
    const { instance_id: id } = await desk.make({ custom_actions: [counted] });
    const pack = await desk.pack(id);
    const same = async (): Promise<string> => {
      const { text } = await desk.ask('GET', `${desk.base}/${id}`);
      const lists = [await desk.mcp(pack, 'tools/list')];
      for (const revision of ['2025-11-25', '2025-06-18']) lists.push(await legacyList(pack, revision));
      for (const listed of lists) {
        assert.ok(listed.includes(`"tools":${schemasIn(text)}`), `${schemasIn(text)}\n${listed}`);
      }
      return schemasIn(text);
    };
    const seen = new Set([await same()]);
    for (const fields of [
      { mcp_action_descriptions: { list_orders: 'Other words – “quoted”.' } },
      { action_defaults: { create_order: { currency: 'EUR' } } },
      {
        mcp_parameter_overrides: {
          list_orders: {
            status: { enum: ['open'], title: 'State' },
            limit: { hidden: true },
            note: { mode: 'pinned', value: 'x' },
          },
        },
      },
      { mcp_action_filter: ['list_orders'] },
      { mcp_action_filter: [] },
      { is_active: false },
    ]) {
      const put = await desk.put(id, fields);
      assert.equal(put.status, 200, put.text);
      seen.add(await same());
    }
    assert.equal(seen.size, 6);
  });

  it('an action’s outputSchema is left out for clients of 2025-03-26, and nothing else is', async () => {
    const { instance_id: id, effective_action_schemas: tools } = await desk.make({
      custom_actions: [counted],
    });
    const pack = await desk.pack(id);
    assert.deepEqual(
      tools.flatMap(({ name, outputSchema }: Json) => (outputSchema ? [name] : [])),
      ['count_orders'],
    );
    const text = await legacyList(pack, '2025-03-26');
    const listed = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text).result.tools;
    const bare = tools.map(({ outputSchema: _schema, ...tool }: Json) => tool);
    assert.deepEqual(listed, bare);
  });

  it('a narrowed enum, a hidden and a pinned parameter are enforced at call time, not only shown', async () => {
    const { instance_id: id } = await desk.make({
      mcp_parameter_overrides: {
        list_orders: {
          status: { enum: ['open', 'paid'] },
          note: { hidden: true },
          limit: { mode: 'pinned', value: 10 },
        },
        create_order: { customer_id: { hidden: true, value: 42 } },
      },
    });
    const pack = await desk.pack(id);
    desk.reached();
    assert.match(reasonOf(await desk.call(pack, 'list_orders', { status: 'sent' })), /status/);
    assert.match(reasonOf(await desk.call(pack, 'list_orders', { note: 'hello' })), /note/);
    assert.match(reasonOf(await desk.call(pack, 'list_orders', { limit: 3 })), /limit/);
    reasonOf(await desk.call(pack, 'create_order', { customer_id: 1 }));
    assert.deepEqual(desk.reached(), []);
    await desk.call(pack, 'list_orders', { status: 'paid' });
    await desk.call(pack, 'create_order', { currency: 'EUR' });
    const [listed, created] = desk.reached();
    assert.equal(listed!.url, '/orders?limit=10&status=paid');
    assert.deepEqual(created!.body, { customer_id: 42, currency: 'EUR' });
  });

  it('action_defaults are sent where the agent sends nothing, and give way to what it sends', async () => {
    const { instance_id: id } = await desk.make({ action_defaults: { list_orders: { limit: 5 } } });
    const pack = await desk.pack(id);
    desk.reached();
    await desk.call(pack, 'list_orders', {});
    await desk.call(pack, 'list_orders', { limit: 6 });
    assert.deepEqual(
      desk.reached().map(({ url }) => url),
      ['/orders?limit=5', '/orders?limit=6'],
    );
  });

  it('mcp_action_filter: null is all, [] none, names exactly these; is_enabled stays beside it', async () => {
    const { instance_id: id } = await desk.make();
    const pack = await desk.pack(id);
    const names = async (): Promise<string[]> =>
      JSON.parse(await desk.mcp(pack, 'tools/list')).result.tools.map(({ name }: Json) => name);
    assert.deepEqual(await names(), ['list_orders', 'create_order', 'drop_order']);
    await desk.put(id, { mcp_action_filter: ['drop_order', 'list_orders'] });
    assert.deepEqual(await names(), ['list_orders', 'drop_order']);
    const refused = await desk.ask('POST', '/v1/calls', { pack, tool: 'create_order', arguments: {} });
    assert.equal(refused.status, 404, refused.text);
    const tools = (await desk.ask('GET', `/v1/connections/${id}/tools`)).json.data;
    assert.ok(tools.every((tool: Json) => tool.is_enabled));
    const dropped = tools.find((tool: Json) => tool.name === 'drop_order');
    await desk.ask('PATCH', `/v1/tools/${dropped.id}`, { is_enabled: false });
    assert.deepEqual(await names(), ['list_orders']);
    assert.deepEqual((await desk.get(id)).mcp_action_filter, ['drop_order', 'list_orders']);
    await desk.put(id, { mcp_action_filter: [] });
    assert.deepEqual(await names(), []);
    await desk.put(id, { mcp_action_filter: null });
    assert.deepEqual(await names(), ['list_orders', 'create_order']);
  });

  it('mcp_description_override stands in the server’s instructions, in either era', async () => {
    const { instance_id: id } = await desk.make({ name: 'Orders desk' });
    const pack = await desk.pack(id);
    const instructions = async (): Promise<string> =>
      JSON.parse(await desk.mcp(pack, 'server/discover')).result.instructions;
    assert.equal(await instructions(), 'Words of the pack.');
    await desk.put(id, { mcp_description_override: 'Only for paid orders.' });
    assert.equal(await instructions(), 'Words of the pack.\n\nOrders desk: Only for paid orders.');
    const opened = await fetch(`${desk.world.url}/mcp/${pack}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${desk.world.adminKey}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-06-18',
          capabilities: {},
          clientInfo: { name: 'test', version: '1' },
        },
      }),
    });
    assert.match(await opened.text(), /Only for paid orders\./);
    await desk.put(id, { mcp_action_filter: [] });
    assert.equal(await instructions(), 'Words of the pack.');
  });

  it('mcp_requires_confirmation asks for every write, and not for reads', async () => {
    const { instance_id: id } = await desk.make({ mcp_requires_confirmation: true });
    const pack = await desk.pack(id);
    desk.reached();
    assert.match(
      reasonOf(await desk.call(pack, 'create_order', { customer_id: 1 })),
      /confirmation_required/,
    );
    assert.match(reasonOf(await desk.call(pack, 'drop_order', { id: 1 })), /confirmation_required/);
    assert.equal((await desk.call(pack, 'list_orders', {})).isError, false);
    assert.equal(desk.reached().length, 1);
  });

  it('mcp_max_calls_per_turn counts the calls of all actions together', async () => {
    const { instance_id: id } = await desk.make({ mcp_max_calls_per_turn: 2 });
    const pack = await desk.pack(id);
    desk.reached();
    await desk.call(pack, 'list_orders', {});
    await desk.call(pack, 'drop_order', { id: 1 });
    assert.match(reasonOf(await desk.call(pack, 'list_orders', {})), /turn_limit_reached/);
    assert.equal(desk.reached().length, 2);
  });

  it('a selected action that vanishes stays selected and is stale: never all, and it may be sent again', async () => {
    const release = async (version: number, more: object): Promise<void> => {
      const file = ordersConnector(desk.service.url, { slug: 'short_orders', version, ...more });
      const { status, text } = await desk.ask('POST', '/v1/catalog', file);
      assert.equal(status, 201, text);
    };
    await release(1, {});
    const fields = {
      tool_id: 'short_orders',
      mcp_action_filter: ['drop_order'],
      action_defaults: { drop_order: { id: 1 } },
    };
    const { instance_id: id } = await desk.make(fields);
    const { tools } = ordersConnector(desk.service.url);
    await release(2, { tools: tools.filter(({ name }) => name !== 'drop_order') });
    const upgraded = await desk.ask('POST', `${desk.base}/${id}/upgrade`);
    assert.equal(upgraded.status, 200, upgraded.text);
    assert.deepEqual(
      { ...upgraded.json, changelog: '' },
      { instance_id: id, previous_version: 1, new_version: 2, migration_applied: true, changelog: '' },
    );
    const after = await desk.get(id);
    assert.deepEqual(after.mcp_action_filter, ['drop_order']);
    assert.deepEqual(after.effective_action_schemas, []);
    const { mcp_action_filter, action_defaults } = after;
    const echoed = await desk.put(id, { mcp_action_filter, action_defaults });
    assert.equal(echoed.status, 200, echoed.text);
    assert.deepEqual(echoed.json, after);
    const refused = await desk.put(id, { mcp_action_filter: ['drop_order', 'nothing'] });
    assert.deepEqual(refused.json.detail[0].loc, ['body', 'mcp_action_filter', 1]);
  });
});

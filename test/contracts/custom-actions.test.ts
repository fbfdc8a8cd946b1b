import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { httpService, sendJson } from '../fakes/http-service.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import type { Json } from '../world.ts';
import { openInstancesDesk, ordersConnector, type InstancesDesk } from './instances-desk.ts';

/** The result in the answer to an MCP request, whether it came as JSON or as one event. */
const rpc = (text: string): Json => JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text).result;

const refund = {
  name: 'refund_order',
  description: 'Gives the money back.',
  effect: 'destructive',
  method: 'POST',
  path: '/orders/{id}/refund',
  parameters: [
    { name: 'id', in: 'path', type: 'string', description: 'Which order.' },
    { name: 'notify', in: 'query', type: 'boolean' },
    { name: 'X-Reason', in: 'header', type: 'string', enum: ['broken', 'late'] },
    { name: 'amount', in: 'body', type: 'number', required: true },
    { name: 'lines', in: 'body', type: 'array' },
  ],
  response: { type: 'object', properties: { id: { type: 'integer' } } },
};
const look = {
  name: 'count_orders',
  description: 'Counts orders.',
  effect: 'read',
  method: 'GET',
  path: '/orders/count',
  parameters: [{ name: 'status', in: 'query', type: 'string' }],
};

describe('custom actions', () => {
  let desk: InstancesDesk;
  let store: Shop;
  before(async () => {
    desk = await openInstancesDesk();
    store = await shop();
    const auth = [{ type: 'api_key', in: 'header', name: 'X-Order-Key', source: 'https://orders.example' }];
    const keyed = ordersConnector(desk.service.url, { slug: 'keyed', auth });
    assert.equal((await desk.ask('POST', '/v1/catalog', keyed)).status, 201);
  });
  after(async () => {
    await desk.close();
    await store.close();
  });

  const toolsOf = async (id: string): Promise<Json[]> =>
    (await desk.ask('GET', `/v1/connections/${id}/tools?limit=100`)).json.data;
  const places = (answer: { json: Json }): string[] =>
    answer.json.detail.map(({ loc }: Json) => loc.slice(1).join('.'));
  const problemsWith = async (id: string, ...actions: unknown[]): Promise<string[]> => {
    const answer = await desk.put(id, { custom_actions: actions });
    assert.equal(answer.status, 422, answer.text);
    return places(answer);
  };

  test('are tools: path, query, header and body are sent, with the connection’s own credential', async () => {
    const made = await desk.make({
      tool_id: 'keyed',
      name: 'Keyed',
      custom_actions: [refund, look],
      mcp_requires_confirmation: false,
    });
    const { slug } = (await desk.ask('GET', `/v1/connections/${made.instance_id}`)).json.data;
    const kept = await desk.ask('PUT', '/v1/credentials', {
      connection: slug,
      fields: { api_key: 'order-key-1' },
    });
    assert.equal(kept.status, 200, kept.text);
    const pack = await desk.pack(made.instance_id);
    const input = { id: '7', notify: true, 'X-Reason': 'late', amount: 12.5, lines: [1, 2] };
    for (const protocol of ['rest', 'mcp']) {
      desk.reached();
      const result =
        protocol === 'rest'
          ? await desk.call(pack, 'refund_order', input)
          : rpc(await desk.mcp(pack, 'tools/call', { name: 'refund_order', arguments: input }));
      assert.equal(result.isError ?? false, false, JSON.stringify(result));
      assert.deepEqual(desk.reached(), [
        { url: '/orders/7/refund?notify=true', body: { amount: 12.5, lines: [1, 2] } },
      ]);
      const { method, headers } = desk.service.requests.at(-1)!;
      assert.equal(method, 'POST');
      assert.equal(headers['x-reason'], 'late');
      assert.equal(headers['x-order-key'], 'order-key-1');
    }
    await desk.call(pack, 'count_orders', { status: 'open' });
    assert.deepEqual(desk.reached(), [{ url: '/orders/count?status=open', body: null }]);
  });

  test('are served with their schemas and effects, exactly as a pack serves them', async () => {
    const made = await desk.make({ custom_actions: [refund, look] });
    const pack = await desk.pack(made.instance_id);
    const listed = rpc(await desk.mcp(pack, 'tools/list')).tools;
    assert.deepEqual(made.effective_action_schemas, listed);
    const served = listed.find(({ name }: Json) => name === 'refund_order');
    assert.deepEqual(served.inputSchema.required, ['id', 'amount']);
    assert.equal(served.inputSchema.additionalProperties, false);
    assert.deepEqual(served.inputSchema.properties['X-Reason'], { type: 'string', enum: ['broken', 'late'] });
    assert.deepEqual(served.outputSchema, refund.response);
    assert.equal(served.annotations.destructiveHint, true);
    assert.equal(listed.find(({ name }: Json) => name === 'count_orders').annotations.readOnlyHint, true);
  });

  test('read back as they were written, and stay with PUT {}', async () => {
    const { instance_id: id } = await desk.make({ custom_actions: [refund, look] });
    assert.deepEqual((await desk.get(id)).custom_actions, [refund, look]);
    assert.equal(JSON.stringify((await desk.get(id)).custom_actions), JSON.stringify([refund, look]));
    const before = await desk.get(id);
    assert.deepEqual((await desk.put(id, {})).json, before);
    assert.deepEqual((await desk.put(id, { custom_actions: [refund, look] })).json, before);
    assert.deepEqual((await desk.put(id, { custom_actions: null })).json.custom_actions, []);
    assert.ok(!(await toolsOf(id)).some(({ name }) => name === 'refund_order'));
  });

  test('are replaced as a whole: a name that stays keeps its tool and what was said of it, others go', async () => {
    const { instance_id: id } = await desk.make({
      custom_actions: [refund, look],
      mcp_requires_confirmation: false,
    });
    const pack = await desk.pack(id);
    const tool = (await toolsOf(id)).find(({ name }) => name === 'refund_order');
    const pinned = { inputs: { amount: { mode: 'pinned', value: 1 } } };
    assert.equal((await desk.ask('PATCH', `/v1/tools/${tool.id}`, pinned)).status, 200);
    const changed = { ...refund, path: '/returns/{id}' };
    assert.equal((await desk.put(id, { custom_actions: [changed] })).status, 200);
    const after = await toolsOf(id);
    assert.equal(after.find(({ name }) => name === 'refund_order').id, tool.id);
    assert.ok(!after.some(({ name }) => name === 'count_orders'));
    desk.reached();
    await desk.call(pack, 'refund_order', { id: '7' });
    assert.deepEqual(desk.reached(), [{ url: '/returns/7', body: { amount: 1 } }]);
    const gone = await desk.ask('POST', '/v1/calls', { pack, tool: 'count_orders', arguments: {} });
    assert.ok(gone.status === 404 || gone.json.isError, gone.text);
    assert.deepEqual(desk.reached(), []);
  });

  test('are tools under the other contracts: pinned, patched and switched there, and kept by a PUT of the same name', async () => {
    const { instance_id: id } = await desk.make({
      custom_actions: [refund],
      mcp_requires_confirmation: false,
    });
    const tool = (await toolsOf(id)).find(({ name }) => name === 'refund_order');
    const at = `/v1/integrations/connections/${id}/tools/${tool.id}`;
    const given = { amount: { type: 'pinned', value: 3 }, notify: { type: 'default', value: true } };
    const pinned = await desk.ask('PATCH', at, { input_defaults: given });
    assert.equal(pinned.status, 200, pinned.text);
    assert.equal((await desk.ask('PATCH', at, { is_enabled: false })).json.is_enabled, false);
    const titled = await desk.ask('PATCH', `/v1/tools/${tool.id}`, { description: 'Pays back.' });
    assert.equal(titled.status, 200, titled.text);
    const changed = { ...refund, description: 'Gives it back.' };
    const put = await desk.put(id, { custom_actions: [changed, look] });
    assert.deepEqual(put.json.mcp_parameter_overrides, {
      refund_order: { amount: { mode: 'pinned', value: 3 }, notify: { mode: 'default', value: true } },
    });
    assert.deepEqual(put.json.mcp_action_descriptions, { refund_order: 'Pays back.' });
    const served = put.json.effective_action_schemas.map(({ name }: Json) => name);
    assert.ok(served.includes('count_orders') && !served.includes('refund_order'));
    assert.equal((await desk.ask('PATCH', at, { is_enabled: true })).json.is_enabled, true);
    const pack = await desk.pack(id);
    const refused = await desk.call(pack, 'refund_order', { id: '7', amount: 9 });
    assert.equal(refused.isError, true);
    desk.reached();
    await desk.call(pack, 'refund_order', { id: '7' });
    assert.deepEqual(desk.reached(), [{ url: '/orders/7/refund?notify=true', body: { amount: 3 } }]);
  });

  test('keep their name where a newer version brings a tool of it, which has another and waits', async () => {
    const first = ordersConnector(desk.service.url, { slug: 'growing' });
    assert.equal((await desk.ask('POST', '/v1/catalog', first)).status, 201);
    const { instance_id: id } = await desk.make({ tool_id: 'growing', custom_actions: [look] });
    const theirs = { ...first.tools[0], name: look.name, request: 'GET /theirs' };
    const second = { ...first, version: 2, changelog: 'Second.', tools: [...first.tools, theirs] };
    assert.equal((await desk.ask('POST', '/v1/catalog', second)).status, 201);
    const upgraded = await desk.ask('POST', `${desk.base}/${id}/upgrade`, {});
    assert.equal(upgraded.json.new_version, 2, upgraded.text);
    const tools = await toolsOf(id);
    assert.equal(tools.find(({ name }) => name === look.name).path, `custom:${look.name}`);
    const other = tools.find(({ path }) => path === look.name);
    assert.match(other.name, /^count_orders_[0-9a-f]+$/);
    assert.equal(other.is_enabled, false);
    desk.reached();
    await desk.call(await desk.pack(id), look.name, {});
    assert.deepEqual(desk.reached(), [{ url: '/orders/count', body: null }]);
  });

  test('stay what they are where the service lists a tool of their path', async () => {
    const document = (operations: object) => ({
      openapi: '3.1.0',
      info: { title: 'Listing', version: '1' },
      servers: [{ url: desk.service.url }],
      paths: operations,
    });
    const of = (operationId: string) => ({
      get: { operationId, responses: { 200: { description: 'ok' } } },
    });
    let listed: Json = document({ '/a': of('look') });
    const source = await httpService((_seen, response) => sendJson(response, listed));
    try {
      const made = await desk.ask('POST', '/v1/connections', {
        kind: 'openapi',
        nickname: 'Listing',
        document_url: `${source.url}/doc.json`,
      });
      assert.equal(made.status, 201, made.text);
      const { id } = made.json.data;
      assert.equal((await desk.put(id, { custom_actions: [look] })).status, 200);
      listed = document({ '/a': of('look'), '/b': of(`custom:${look.name}`), '/c': of(look.name) });
      const synced = await desk.ask('POST', `/v1/connections/${id}/sync`, {});
      assert.equal(synced.status, 200, synced.text);
      const own = (await toolsOf(id)).find(({ path }) => path === `custom:${look.name}`);
      assert.equal(own.name, look.name);
      assert.equal((await desk.get(id)).custom_actions.length, 1);
      const put = await desk.put(id, { custom_actions: [{ ...look, description: 'Counts.' }] });
      assert.equal(put.status, 200, put.text);
    } finally {
      await source.close();
    }
  });

  test('cannot leave the connection’s address, whatever path is written or argument is sent', async () => {
    const { instance_id: id } = await desk.make({
      custom_actions: [refund],
      mcp_requires_confirmation: false,
    });
    const away = [
      '//127.0.0.1:1/x', 'http://127.0.0.1:1/', '/..//127.0.0.1:1', '/../admin', '/a/../../b', '/\\127.0.0.1',
      '/%2e%2e/admin', '/a%2f..%2fb', '/@127.0.0.1/\n', 'orders', '/x?y=z', '/x#y',
    ]; // prettier-ignore
    for (const path of away) {
      assert.deepEqual(await problemsWith(id, { ...look, path }), ['custom_actions.0.path'], path);
    }
    const pack = await desk.pack(id);
    desk.reached();
    await desk.call(pack, 'refund_order', { id: 'a/b?c=d#e', amount: 1 });
    assert.deepEqual(desk.reached(), [{ url: '/orders/a%2Fb%3Fc%3Dd%23e/refund', body: { amount: 1 } }]);
    for (const value of ['..', '../../admin', '.', '', '\\..\\']) {
      await desk.ask('POST', '/v1/calls', {
        pack,
        tool: 'refund_order',
        arguments: { id: value, amount: 1 },
      });
      assert.deepEqual(desk.reached(), [], value);
    }
  });

  test('cannot set headers of HTTP, of the host or of the credential', async () => {
    const made = await desk.make({ tool_id: 'keyed', name: 'Keyed headers' });
    for (const name of [
      'Host',
      'Authorization',
      'Cookie',
      'Connection',
      'Transfer-Encoding',
      'Content-Length',
      'Proxy-Authorization',
      'X-Forwarded-For',
      'x-order-KEY',
    ]) {
      const action = { ...look, parameters: [{ name, in: 'header', type: 'string' }] };
      assert.deepEqual(
        await problemsWith(made.instance_id, action),
        ['custom_actions.0.parameters.0.name'],
        name,
      );
    }
  });

  test('are refused with every problem at its place, and nothing changes', async () => {
    const { instance_id: id } = await desk.make({ custom_actions: [look] });
    const before = await desk.get(id);
    assert.deepEqual(
      await problemsWith(
        id,
        { ...look, name: 'list_orders' },
        { ...refund, parameters: refund.parameters.slice(1) },
        { ...look, name: 'not legal' },
        look,
        look,
        { ...look, name: 'x', effect: 'none', method: 'get', extra: 1 },
        { ...look, name: 'y', response: { type: 'nothing' } },
      ),
      [
        'custom_actions.1.path',
        'custom_actions.2.name',
        'custom_actions.4.name',
        'custom_actions.5.extra',
        'custom_actions.5.effect',
        'custom_actions.5.method',
        'custom_actions.6.response',
        'custom_actions.0.name',
      ],
    );
    const unnamed = { in: 'query', type: 'string' };
    const host = { name: 'Host', in: 'header', type: 'string' };
    assert.deepEqual(
      await problemsWith(id, { ...look, name: 'list_orders', path: 'orders', parameters: [unnamed, host] }),
      [
        'custom_actions.0.path',
        'custom_actions.0.parameters.0.name',
        'custom_actions.0.name',
        'custom_actions.0.parameters.1.name',
      ],
    );
    assert.deepEqual(places(await desk.put(id, { custom_actions: 'all' })), ['custom_actions']);
    assert.deepEqual(await desk.get(id), before);
  });

  test('that write ask a person where the connection says so', async () => {
    const { instance_id: id } = await desk.make({
      custom_actions: [refund, look],
      mcp_requires_confirmation: true,
    });
    const pack = await desk.pack(id);
    desk.reached();
    const asked = await desk.ask('POST', '/v1/calls', {
      pack,
      tool: 'refund_order',
      arguments: { id: '7', amount: 1 },
    });
    assert.match(asked.text, /approv/i);
    assert.deepEqual(desk.reached(), []);
    await desk.call(pack, 'count_orders', {});
    assert.equal(desk.reached().length, 1);
  });

  test('that destroy, or are a DELETE, ask a person unless somebody says otherwise', async () => {
    const drop = { ...look, name: 'drop', effect: 'write', method: 'DELETE' };
    const { instance_id: id } = await desk.make({ custom_actions: [refund, drop, look] });
    const pack = await desk.pack(id);
    desk.reached();
    const calls = [
      ['refund_order', { id: '7', amount: 1 }],
      ['drop', {}],
    ] as const;
    const called = async (): Promise<string[]> => {
      const texts: string[] = [];
      for (const [tool, args] of calls) texts.push(JSON.stringify(await desk.call(pack, tool, args)));
      return texts;
    };
    for (const text of await called()) assert.match(text, /confirmation_required/);
    assert.equal((await desk.call(pack, 'count_orders', {})).isError, false);
    assert.deepEqual(
      desk.reached().map(({ url }) => url),
      ['/orders/count'],
    );
    const tool = (await toolsOf(id)).find(({ name }) => name === 'drop');
    await desk.ask('PATCH', `/v1/tools/${tool.id}`, { requires_confirmation: false });
    const [refused, done] = await called();
    assert.match(refused!, /confirmation_required/);
    assert.doesNotMatch(done!, /confirmation_required/);
    assert.equal(desk.reached().length, 1);
    await desk.put(id, { mcp_requires_confirmation: false });
    for (const text of await called()) assert.doesNotMatch(text, /confirmation_required/);
    assert.equal(desk.reached().length, 2);
  });

  test('are left alone by what the service lists, and stand on imported documents too', async () => {
    const imported = await desk.ask('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Shop',
      document_url: store.documentUrl,
      auth: { type: 'none' },
    });
    assert.equal(imported.status, 201, imported.text);
    const { id } = imported.json.data;
    assert.equal((await desk.put(id, { custom_actions: [look] })).status, 200);
    const synced = await desk.ask('POST', `/v1/connections/${id}/sync`);
    assert.equal(synced.status, 200, synced.text);
    const read = await desk.get(id);
    assert.deepEqual(read.custom_actions, [look]);
    assert.ok(read.effective_action_schemas.some(({ name }: Json) => name === 'count_orders'));
    const pack = await desk.pack(id);
    const before = store.calls().length;
    await desk.call(pack, 'count_orders', {});
    assert.deepEqual(
      store
        .calls()
        .slice(before)
        .map(({ url }) => url),
      ['/orders/count'],
    );
  });

  test('cannot be added to an MCP server', async () => {
    const made = await desk.ask('POST', '/v1/connections', {
      kind: 'mcp',
      nickname: 'Server',
      server_url: `${desk.service.url}/mcp`,
      auth: { type: 'none' },
    });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(await problemsWith(made.json.data.id, look), ['custom_actions']);
  });
});

describe('custom parameters of actions', () => {
  let desk: InstancesDesk;
  before(async () => void (desk = await openInstancesDesk()));
  after(() => desk.close());

  const extra = {
    list_orders: [
      { name: 'page', in: 'query', type: 'integer', description: 'Which page.' },
      { name: 'X-Region', in: 'header', type: 'string', enum: ['eu', 'us'], required: true },
    ],
    create_order: [{ name: 'note', in: 'body', type: 'string' }],
  };

  test('are served and sent beside the service’s own, and what is neither is still refused', async () => {
    const made = await desk.make({ custom_action_parameters: extra });
    assert.deepEqual(made.custom_action_parameters, extra);
    const served = made.effective_action_schemas.find(({ name }: Json) => name === 'list_orders');
    assert.deepEqual(served.inputSchema.required, ['X-Region']);
    assert.deepEqual(served.inputSchema.properties.page, { type: 'integer', description: 'Which page.' });
    const pack = await desk.pack(made.instance_id);
    desk.reached();
    await desk.call(pack, 'list_orders', { limit: 5, page: 2, 'X-Region': 'eu' });
    await desk.call(pack, 'create_order', { customer_id: 1, note: 'Gift' });
    assert.deepEqual(desk.reached(), [
      { url: '/orders?limit=5&page=2', body: null },
      { url: '/orders', body: { customer_id: 1, note: 'Gift' } },
    ]);
    assert.equal(desk.service.requests.at(-2)!.headers['x-region'], 'eu');
    for (const input of [{ page: 1 }, { 'X-Region': 'mars' }, { 'X-Region': 'eu', other: 1 }]) {
      const result = await desk.call(pack, 'list_orders', input);
      assert.equal(result.isError, true);
    }
    assert.deepEqual(desk.reached(), []);
  });

  test('can be given to custom actions in the same request, and are replaced as a whole', async () => {
    const { instance_id: id } = await desk.make({ custom_action_parameters: extra });
    const own = { count_orders: [{ name: 'since', in: 'query', type: 'string' }] };
    const put = await desk.put(id, { custom_actions: [look], custom_action_parameters: own });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.json.custom_action_parameters, own);
    assert.deepEqual((await desk.put(id, {})).json, put.json);
    const cleared = await desk.put(id, { custom_action_parameters: null });
    assert.deepEqual(cleared.json.custom_action_parameters, {});
  });

  test('can be defaulted and pinned as any other', async () => {
    const made = await desk.make({
      custom_action_parameters: extra,
      mcp_parameter_overrides: { list_orders: { 'X-Region': { mode: 'pinned', value: 'us' } } },
      action_defaults: { list_orders: { page: 3 } },
    });
    const pack = await desk.pack(made.instance_id);
    desk.reached();
    await desk.call(pack, 'list_orders', {});
    assert.deepEqual(desk.reached(), [{ url: '/orders?page=3', body: null }]);
    assert.equal(desk.service.requests.at(-1)!.headers['x-region'], 'us');
  });

  test('do not stand in for what the service declares, nor go where they cannot be sent', async () => {
    const { instance_id: id } = await desk.make();
    const put = await desk.put(id, {
      custom_action_parameters: {
        list_orders: [
          { name: 'limit', in: 'query', type: 'string' },
          { name: 'note2', in: 'body', type: 'string' },
          { name: 'id', in: 'path', type: 'string' },
          { name: 'Authorization', in: 'header', type: 'string' },
          { name: 'page', in: 'query', type: 'date' },
        ],
        drop_order: [{ name: 'id', in: 'path', type: 'string' }],
        nothing: [],
      },
    });
    assert.equal(put.status, 422, put.text);
    assert.deepEqual(put.json.detail.map(({ loc }: Json) => loc.slice(2).join('.')).sort(), [
      'drop_order.0.name',
      'list_orders.0.name',
      'list_orders.1.in',
      'list_orders.2.name',
      'list_orders.3.name',
      'list_orders.4.type',
      'nothing',
    ]);
    assert.deepEqual((await desk.get(id)).custom_action_parameters, {});
    // One that cannot be read moves no other from its place.
    const unread = await desk.put(id, {
      custom_action_parameters: { list_orders: [{}, { name: 'limit', in: 'query', type: 'string' }] },
    });
    assert.deepEqual(
      new Set(unread.json.detail.map(({ loc }: Json) => loc.slice(2).join('.'))),
      new Set(['list_orders.0.name', 'list_orders.0.in', 'list_orders.0.type', 'list_orders.1.name']),
    );
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { tryConnection } from '../../src/gateway/index.ts';
import { getConnection } from '../../src/connections/index.ts';
import { parseId } from '../../src/kernel/index.ts';
import { closedPort, httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import type { Answer, Json } from '../world.ts';
import { openInstancesDesk, ordersConnector, type InstancesDesk } from './instances-desk.ts';

const keys = { good: 'order-key-of-ada', bad: 'order-key-of-nobody' };

describe('testing a tool instance', () => {
  let desk: InstancesDesk;
  let service: Fake;
  before(async () => {
    desk = await openInstancesDesk();
    service = await httpService(({ url, headers }, response) => {
      if (url === '/silent/me' || url === '/silent/orders') return undefined;
      if (headers['x-order-key'] !== keys.good) return sendJson(response, { error: 'who?' }, 401);
      if (url.endsWith('/me')) return sendJson(response, { id: 'ada', email: 'ada@orders.example' });
      // A service that repeats what it was sent, key and all.
      if (url.includes('status=sent')) return sendJson(response, { error: headers['x-order-key'] }, 500);
      return sendJson(response, { orders: [{ id: 7 }] });
    });
    const me = {
      name: 'me',
      title: 'Who am I',
      description: 'Answers whose account it is.',
      effect: 'read',
      request: 'GET /me',
    };
    const released = ordersConnector('', {
      slug: 'keyed',
      base_url: '{server}/{tenant}',
      config: [
        { name: 'server', display_name: 'Server', type: 'url', required: true },
        { name: 'tenant', display_name: 'Tenant', type: 'string', required: false, default: 'main' },
      ],
      auth: [
        { type: 'api_key', in: 'header', name: 'X-Order-Key', source: 'https://orders.example' },
        { type: 'none' },
      ],
      identity: { tool: 'me', id: 'id', label: 'email' },
      tools: [me, ...ordersConnector('').tools],
    });
    const { status, text } = await desk.ask('POST', '/v1/catalog', released);
    assert.equal(status, 201, text);
  });
  after(async () => {
    await desk.close();
    await service.close();
  });

  const connect = async (more: object = {}, key = keys.good): Promise<string> => {
    const kept = await desk.ask('POST', '/v1/orgs/default/vault/secrets', { name: 'Key', value: key });
    assert.equal(kept.status, 201, kept.text);
    const made = await desk.make({
      tool_id: 'keyed',
      name: 'Keyed',
      configuration: { server: service.url },
      credential_refs: { api_key: kept.json.vault_id },
      ...more,
    });
    return made.instance_id;
  };
  const tried = (id: string, body?: unknown, key?: string): Promise<Answer> =>
    desk.ask('POST', `${desk.base}/${id}/test`, body, key);
  const answered = async (id: string, body: unknown = {}): Promise<Json> => {
    const { status, text, json } = await tried(id, body);
    assert.equal(status, 200, text);
    assert.deepEqual(Object.keys(json), ['success', 'message', 'details', 'latency_ms']);
    assert.ok(Number.isInteger(json.latency_ms));
    for (const secret of Object.values(keys)) assert.ok(!text.includes(secret), text);
    return json;
  };

  test('asks whose account it is', async () => {
    const id = await connect();
    const { success, message, details } = await answered(id);
    assert.equal(success, true);
    assert.match(message, /ada@orders\.example/);
    assert.deepEqual(details, { account: { id: 'ada', label: 'ada@orders.example' } });
    assert.equal((await tried(id)).status, 200);
  });

  test('a service that refuses, is not there or has no name is success: false, in words', async () => {
    const refused = await answered(await connect({}, keys.bad));
    assert.equal(refused.success, false);
    const closed = { server: `http://127.0.0.1:${await closedPort()}` };
    assert.equal((await answered(await connect({ configuration: closed }))).success, false);
    const nowhere = { server: 'https://orders.invalid' };
    const { success, message } = await answered(await connect({ configuration: nowhere }));
    assert.equal(success, false);
    assert.ok(message.length > 0);
  });

  test('a service that is silent is success: false once nobody waits any more', async () => {
    const id = await connect({ configuration: { server: service.url, tenant: 'silent' } });
    const principal = await desk.world.crib.authenticator.authenticate({
      authorization: [`Bearer ${desk.world.adminKey}`],
      apiKey: [],
    });
    const ctx = desk.world.deps.ctxFor({ principal, requestId: 'req_test' });
    const connection = await getConnection(ctx, parseId(id)!);
    const paths = { config: [], tool: [], arguments: [] };
    const { signal } = new AbortController();
    for (const tool of ['list_orders', undefined]) {
      const { gateway } = desk.world.deps;
      const found = await tryConnection(gateway, ctx, connection, { tool, paths }, signal, 200);
      assert.equal(found.ok, false);
      assert.match(found.message, /no answer in time/);
    }
  });

  test('calls a chosen action really, with an agent’s rules of input and recorded as every call', async () => {
    const id = await connect({
      mcp_parameter_overrides: { list_orders: { limit: { mode: 'pinned', value: 3 } } },
    });
    const before = service.requests.length;
    const { success, details } = await answered(id, { action: 'list_orders', input: { status: 'open' } });
    assert.equal(success, true);
    assert.deepEqual(details.sent, { limit: 3, status: 'open' });
    assert.deepEqual(details.result, { orders: [{ id: 7 }] });
    assert.deepEqual(
      service.requests.slice(before).map(({ url }) => url),
      ['/main/orders?limit=3&status=open'],
    );
    await desk.world.crib.gateway.drain();
    await desk.world.crib.callJournal.drain();
    const call = await desk.ask('GET', `/v1/calls/${details.call_id}`);
    assert.equal(call.json.data.outcome, 'ok', call.text);
    const failed = await answered(id, { action: 'list_orders', input: { status: 'sent' } });
    assert.equal(failed.success, false);
  });

  test('a test neither asks a person nor counts into a turn, unlike an agent’s call', async () => {
    const id = await connect({ mcp_requires_confirmation: true, mcp_max_calls_per_turn: 2 });
    const input = { customer_id: 1 };
    const before = service.requests.length;
    for (const _time of [1, 2, 3]) {
      const { success, message } = await answered(id, { action: 'create_order', input });
      assert.equal(success, true, message);
    }
    assert.equal(service.requests.length, before + 3);
    const waiting = await desk.ask('GET', '/v1/approvals');
    assert.deepEqual(waiting.json.data, [], waiting.text);
    const pack = await desk.pack(id);
    const asked = await desk.call(pack, 'create_order', input);
    assert.match(JSON.stringify(asked.content), /confirmation_required/);
    // The tests took nothing of what calls of agents may do.
    for (const _time of [1, 2]) assert.equal((await desk.call(pack, 'list_orders', {})).isError, false);
    const over = await desk.call(pack, 'list_orders', {});
    assert.match(JSON.stringify(over.content), /turn_limit_reached/);
    assert.equal((await answered(id, { action: 'list_orders' })).success, true);
  });

  test('an unknown action, and input it does not take, are 422 at their places', async () => {
    const id = await connect({
      mcp_parameter_overrides: { list_orders: { limit: { mode: 'pinned', value: 3 } } },
    });
    const before = service.requests.length;
    const places = async (body: unknown): Promise<string[]> => {
      const { status, json, text } = await tried(id, body);
      assert.equal(status, 422, text);
      return json.detail.map(({ loc }: Json) => loc.join('.'));
    };
    assert.deepEqual(await places({ action: 'nothing' }), ['body.action']);
    assert.deepEqual(await places({ action: 'list_orders', input: { status: 'lost' } }), [
      'body.input.status',
    ]);
    assert.deepEqual(await places({ action: 'list_orders', input: { limit: 9 } }), ['body.input.limit']);
    assert.deepEqual(await places({ action: 'list_orders', input: { other: 1 } }), ['body.input.other']);
    assert.deepEqual(await places({ action: 'list_orders', input: [] }), ['body.input']);
    assert.deepEqual(await places({ acton: 'list_orders' }), ['body.acton']);
    assert.equal(service.requests.length, before);
  });

  test('what is turned off is not called', async () => {
    const id = await connect({ mcp_action_filter: ['me'] });
    const before = service.requests.length;
    const off = await answered(id, { action: 'list_orders' });
    assert.equal(off.success, false);
    assert.match(off.message, /turned off/);
    await desk.put(id, { is_active: false });
    assert.equal((await answered(id, { action: 'me' })).success, false);
    assert.equal(service.requests.length, before);
  });

  test('tries another configuration without saving it, and never takes credentials to another origin', async () => {
    const id = await connect();
    const saved = await desk.get(id);
    const configuration = { server: service.url, tenant: 'elsewhere' };
    assert.equal((await answered(id, { configuration })).success, true);
    assert.equal(service.requests.at(-1)!.url, '/elsewhere/me');
    assert.equal((await answered(id, { configuration, action: 'list_orders' })).success, true);
    assert.equal(service.requests.at(-1)!.url, '/elsewhere/orders');
    const other = await tried(id, { configuration: { server: desk.service.url } });
    assert.equal(other.status, 422);
    assert.deepEqual(other.json.detail[0].loc, ['body', 'configuration']);
    const wrong = await tried(id, { configuration: { server: 'nowhere', extra: 1 } });
    assert.deepEqual(
      wrong.json.detail.map(({ loc }: Json) => loc.join('.')),
      ['body.configuration.server', 'body.configuration.extra'],
    );
    assert.deepEqual(desk.service.requests, []);
    const { usage_count: _count, last_used_at: _last, ...now } = await desk.get(id);
    const { usage_count: _before, last_used_at: _then, ...was } = saved;
    assert.deepEqual(now, was);
  });

  test('wants tools:write, and runtime:all to call an action', async () => {
    const id = await connect();
    const keyOf = async (...scopes: string[]): Promise<string> =>
      (await desk.ask('POST', '/v1/keys', { scopes })).json.data.key;
    assert.equal((await tried(id, {}, await keyOf('tools:read'))).status, 403);
    const writer = await keyOf('tools:write');
    assert.equal((await tried(id, {}, writer)).status, 200);
    assert.equal((await tried(id, { action: 'me' }, writer)).status, 403);
    assert.equal((await tried(id, { action: 'me' }, await keyOf('tools:write', 'runtime:all'))).status, 200);
  });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { parseId } from '../../src/kernel/index.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { until } from '../processes.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { mcpHeaders, openDesk, speak, type Desk } from './agents-desk.ts';
import { eventsOf, initialize, legacy, modern, request } from './mcp-counter.ts';

let world: World;
let store: Shop;
let desk: Desk;
let connector: Json;
let agent: Json;
before(async () => {
  store = await shop();
  world = await startWorld();
});
after(async () => {
  await world.close();
  await store.close();
});
beforeEach(async () => {
  desk = await openDesk(world, store);
  connector = await desk.connect('Shop');
  agent = await desk.agent('Support', [
    [connector, 'get_order'],
    [connector, 'list_orders'],
  ]);
});

const info = { name: 'test', version: '1' };
const call = { name: 'shop__get_order', arguments: { id: 7 } };
const at = (handle: string): string => `/mcp/agents/${handle}`;
const keyWith = async (body: object): Promise<string> => (await desk.make('POST', '/v1/keys', body)).key;

describe('an agent’s address', () => {
  for (const mode of ['auto', 'legacy'] as const) {
    test(`serves the official client (${mode}) exactly the agent’s tools, and tells it when they change`, async () => {
      const changed = Promise.withResolvers<void>();
      const client = new Client(info, {
        versionNegotiation: { mode },
        listChanged: { tools: { onChanged: () => changed.resolve() } },
      });
      const headers = { Authorization: `Bearer ${agent.key}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(world.url + at('Support')), { requestInit: { headers } }),
      );
      const names = async (): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name);
      assert.deepEqual(await names(), ['shop__list_orders', 'shop__get_order']);
      const result = await client.callTool(call);
      assert.equal(result.isError, false);
      assert.equal(store.calls().at(-1)!.headers['authorization'], 'Bearer token of Shop');
      await assert.rejects(client.callTool({ name: 'shop__create_order', arguments: {} }), /No such tool/);
      await desk.make('PATCH', `/v1/agents/${agent.id}`, {
        tools: [{ name: 'get_order', connector_id: connector.id }],
      });
      await changed.promise;
      assert.deepEqual(await names(), ['shop__get_order']);
      await client.close();
    });
  }

  test('tells an agent that hides tools when a service refuses its account, and when it is back', async () => {
    await desk.make('PATCH', `/v1/agents/${agent.id}`, { on_connector_failure: 'hide_tools' });
    const listen = modern(
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { key: agent.key },
    );
    const events = eventsOf(await fetch(world.url + at('Support'), listen));
    await events.next(); // the acknowledgement
    const told = async (): Promise<string> => ((await events.next()).value as Json).method;
    store.answer = { status: 401, body: { error: 'no such token' } };
    const refused = await desk.ask(
      'POST',
      '/v1/calls',
      { agent: 'Support', tool: 'shop__list_orders' },
      agent.key,
    );
    store.answer = null;
    assert.equal(refused.json.isError, true, refused.text);
    assert.equal(await told(), 'notifications/tools/list_changed');
    assert.deepEqual(await desk.listed(agent), []);
    await desk.make('PUT', '/v1/credentials', { connection: connector.id, fields: { token: 'new' } });
    assert.equal(await told(), 'notifications/tools/list_changed');
    assert.deepEqual(await desk.listed(agent), ['shop__list_orders', 'shop__get_order']);
    await events.return(undefined);
  });

  test('is found by the handle in any case, and by the agent’s id', async () => {
    for (const name of ['Support', 'support', 'SUPPORT', agent.id, agent.id.slice('agent_'.length)]) {
      const { status, text } = await speak(world, at(name), agent.key, 'tools/list');
      assert.equal(status, 200, text);
    }
    assert.equal((await speak(world, `${at('support')}/`, agent.key, 'tools/list')).status, 200);
  });

  test('is the agent’s own: another agent and a key that does not look after agents find nothing there', async () => {
    const other = await desk.agent('Other', [[connector, 'get_order']]);
    const stranger = await (await openDesk(world, store)).agent('Support', []);
    const pack = await desk.make('POST', '/v1/packs', { name: 'Pack', entries: [{ slug: 'shop' }] });
    const user = await desk.make('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'U' });
    const all = ['management:all', 'runtime:all'];
    const keys = {
      'another agent': other.key,
      'another organization’s agent of the same handle': stranger.key,
      'a runtime key': await keyWith({ scopes: ['runtime:all'] }),
      'a key of a pack': await keyWith({ scopes: all, pack_ids: [pack.id] }),
      'a key of a user': await keyWith({ scopes: all, user_ids: [user.id] }),
    };
    await speak(world, at('Support'), agent.key, 'tools/list'); // in memory from here on
    for (const [who, key] of Object.entries(keys)) {
      // Of the same handle and id there is one the stranger may see: its own. It is not ours.
      const named = key === stranger.key ? agent.id : 'Support';
      const refused = await speak(world, at(named), key, 'tools/list');
      const absent = await speak(world, at('Nobody'), key, 'tools/list');
      assert.deepEqual([refused.status, refused.text], [404, absent.text], who);
      const rest = await desk.ask('POST', '/v1/calls', { agent: named, tool: call.name, arguments: {} }, key);
      assert.deepEqual([rest.status, rest.json.error.code], [404, 'not_found'], who);
    }
    const own = await speak(world, at('Support'), stranger.key, 'tools/list');
    assert.deepEqual(own.json.result.tools, []);
    const manager = await keyWith({ scopes: ['management:all'] });
    assert.equal((await speak(world, at('Support'), manager, 'tools/list')).status, 403);
  });

  test('shows what the agent sees to a key without bounds that may call and look after agents; rows name both', async () => {
    const seen = await speak(world, at('Support'), desk.key, 'tools/list');
    const own = await speak(world, at('Support'), agent.key, 'tools/list');
    assert.deepEqual(seen.json.result.tools, own.json.result.tools);
    const tester = await keyWith({ scopes: ['agents:read', 'runtime:all'] });
    const body = { agent: 'Support', tool: call.name, arguments: call.arguments };
    assert.equal((await desk.ask('POST', '/v1/calls', body, tester)).json.isError, false);
    await world.crib.gateway.drain();
    const [row] = await desk.make('GET', `/v1/calls?pack_id=${agent.id}`);
    assert.deepEqual([row.principal.type, parseId(row.pack_id)], ['key', parseId(agent.id)]);
  });

  test('is no pack’s address, and a pack’s is not the agent’s', async () => {
    const pack = await desk.make('POST', '/v1/packs', { name: 'Pack', entries: [{ slug: 'shop' }] });
    const uuid = (await desk.make('GET', '/v1/keys'))[0].id;
    await speak(world, at('Support'), agent.key, 'tools/list');
    const user = await desk.make('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'U' });
    const runtime = await keyWith({ scopes: ['runtime:all'] });
    const odd = [
      '/mcp/Support',
      `/mcp/${uuid}`,
      `/mcp/${agent.id}`,
      '/mcp/agents%2FSupport',
      '/mcp/agents%2fsupport',
      '/mcp/agent%20support',
      `/mcp/agents%2F${uuid}`,
      `/api/v1/tool-packs/${uuid}/registered-users/${user.id}/mcp`,
    ];
    for (const path of odd) {
      for (const key of [agent.key, runtime, desk.key]) {
        assert.equal((await speak(world, path, key, 'tools/list')).status, 404, path);
      }
    }
    for (const path of [`/mcp/${pack.slug}`, `/mcp/${pack.id}`, at(pack.slug), at(pack.id)]) {
      assert.equal((await speak(world, path, agent.key, 'tools/list')).status, 404, path);
    }
    for (const path of ['/mcp/agents', '/mcp/agents/', '/mcp/agents/%00', '/mcp/agents/%', at('a/b')]) {
      assert.equal((await speak(world, path, agent.key, 'tools/list')).status, 404, path);
    }
  });

  test('says where its metadata is when nobody says who they are, and has it there', async () => {
    const { status, headers } = await world.ask('POST', at('Support'), {
      key: '',
      raw: '{}',
      headers: mcpHeaders('tools/list'),
    });
    assert.equal(status, 401);
    const where = `/.well-known/oauth-protected-resource${at('Support')}`;
    assert.equal(headers.get('www-authenticate'), `Bearer resource_metadata="${world.url}${where}"`);
    const { json } = await world.ask('GET', where, { key: '' });
    assert.equal(json.resource, world.url + at('Support'));
  });
});

describe('a call as an agent', () => {
  test('is one of the agent’s, by MCP and by REST: its rows name the agent, the organization’s credential and no pack', async () => {
    await speak(world, at('Support'), agent.key, 'tools/call', call);
    const body = { agent: agent.id, tool: call.name, arguments: call.arguments };
    const { status, json } = await desk.ask('POST', '/v1/calls', body, agent.key);
    assert.deepEqual([status, json.isError], [200, false]);
    await world.crib.gateway.drain();
    const rows = await desk.make('GET', '/v1/calls');
    assert.equal(rows.length, 2);
    const id = (await desk.make('GET', '/v1/keys'))[0].id;
    for (const row of rows) {
      assert.deepEqual(row.principal, { type: 'agent', id });
      assert.deepEqual(
        [row.pack_id, row.registered_user_id, row.ran_as, row.outcome],
        [null, null, 'organization', 'ok'],
      );
    }
    const filtered = await desk.make('GET', `/v1/calls?principal_id=${agent.id}`);
    assert.equal(filtered.length, 2);
  });

  test('names a pack or an agent, and an agent acts for no user', async () => {
    const user = await desk.make('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'U' });
    for (const [body, message] of [
      [{ tool: 'x' }, /^pack: Field required/],
      [{ tool: 'x', pack: 'p', agent: 'Support' }, /^agent: .*not both/],
      [{ tool: 'x', agent: 'Support', user: user.id }, /^user: An agent acts for no registered user/],
    ] as const) {
      const { status, json } = await desk.ask('POST', '/v1/calls', body, agent.key);
      assert.equal(status, 422);
      assert.match(json.error.message, message);
    }
  });

  test('of a tool that is unknown, disabled or another’s is one 404 and one denied row', async () => {
    const [tool] = await desk.make('GET', `/v1/connections/${connector.id}/tools`);
    await desk.make('PATCH', `/v1/tools/${tool.id}`, { is_enabled: false });
    const answers = await Promise.all(
      ['nothing', tool.slug, 'shop__delete_order'].map(async (name) => {
        const { status, text } = await desk.ask(
          'POST',
          '/v1/calls',
          { agent: 'Support', tool: name },
          agent.key,
        );
        return `${status} ${text.replace(/req_[0-9a-f]+/, '')}`;
      }),
    );
    assert.equal(new Set(answers).size, 1, answers.join('\n'));
    assert.match(answers[0]!, /^404 /);
    await world.crib.gateway.drain();
    const rows = await desk.make('GET', '/v1/calls?outcome=denied');
    assert.deepEqual(
      rows.map((row: Json) => row.reason),
      Array(3).fill('unknown_tool'),
    );
  });
});

describe('a deactivated agent', () => {
  const deactivate = () => desk.flip(connector, 'auth_failed', 'Revoked.');
  const sentence = 'This agent is deactivated. “Shop” needs to be reconnected: Revoked.';

  test('is refused at its next call, by MCP and by REST, with the reason and a denied row', async () => {
    await deactivate();
    const before = store.calls().length;
    const spoken = await speak(world, at('Support'), agent.key, 'tools/call', call);
    assert.deepEqual([spoken.status, spoken.json.error.message], [403, sentence]);
    const body = { agent: 'Support', tool: call.name, arguments: call.arguments };
    const { status, json } = await desk.ask('POST', '/v1/calls', body, agent.key);
    assert.deepEqual([status, json.error.code, json.error.message], [403, 'agent_deactivated', sentence]);
    assert.deepEqual(await desk.listed(agent), []);
    await world.crib.gateway.drain();
    const rows = await desk.make('GET', '/v1/calls?outcome=denied');
    assert.deepEqual(
      rows.map((row: Json) => row.reason),
      Array(2).fill('agent_deactivated'),
    );
    assert.equal(store.calls().length, before);
  });

  test('keeps its open stream, is told that its tools are gone, and is refused in its session', async () => {
    const url = world.url + at('Support');
    const session = await initialize(url, '2025-11-25', agent.key);
    const ask = (method: string, params?: object) =>
      fetch(url, legacy(request(method, params), { key: agent.key, session }));
    assert.equal(((await (await ask('tools/list')).json()) as Json).result.tools.length, 2);
    const leaving = new AbortController();
    const stream = await fetch(
      url,
      modern(
        'subscriptions/listen',
        { notifications: { toolsListChanged: true } },
        { key: agent.key, signal: leaving.signal },
      ),
    );
    const events = eventsOf(stream);
    await events.next(); // the acknowledgement
    await deactivate();
    const told = await events.next();
    assert.equal((told.value as Json).method, 'notifications/tools/list_changed');
    const refused = await ask('tools/call', call);
    assert.equal(refused.status, 403);
    assert.equal(((await refused.json()) as Json).error.message, sentence);
    await desk.flip(connector, 'connected');
    await desk.make('PATCH', `/v1/agents/${agent.id}`, { is_active: true });
    await events.next();
    const again = (await (await ask('tools/call', call)).json()) as Json;
    assert.equal(again.result.isError, false);
    leaving.abort();
  });

  test('that is removed or whose key is revoked loses its open stream', async () => {
    const open = async (key: string): Promise<ReturnType<typeof eventsOf>> => {
      const listen = modern('subscriptions/listen', { notifications: { toolsListChanged: true } }, { key });
      const events = eventsOf(await fetch(world.url + at('Support'), listen));
      await events.next();
      return events;
    };
    const ended = async (events: ReturnType<typeof eventsOf>): Promise<void> => {
      let last: Json = null;
      for await (const event of events) last = event;
      assert.ok(last === null || 'result' in last, JSON.stringify(last));
    };
    const first = await open(agent.key);
    const { key } = await desk.make('POST', `/v1/keys/${agent.id}/regenerate`);
    await ended(first);
    const second = await open(key);
    await desk.ask('DELETE', `/v1/agents/${agent.id}`);
    await ended(second);
    await until('the key is of no use', 5_000, async () => {
      const { status } = await speak(world, at('Support'), key, 'tools/list');
      return status === 401 ? true : null;
    });
  });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { flipConnection } from '../../src/connections/index.ts';
import { parseId } from '../../src/kernel/index.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { until } from '../processes.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { openDesk, speak, toolsOf, type Desk } from './agents-desk.ts';

let world: World;
let store: Shop;
let desk: Desk;
let helpdesk: Json;
let depot: Json;
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
  helpdesk = await desk.connect('Helpdesk');
  depot = await desk.connect('Depot');
});

const read = (agent: Json): Promise<Json> => desk.make('GET', `/v1/agents/${agent.id}`);
const patch = (agent: Json, body: object) => desk.ask('PATCH', `/v1/agents/${agent.id}`, body);

/** What the organization's outbox holds of one kind, oldest first. */
async function events(type: string): Promise<readonly Json[]> {
  return world.crib.database.transaction({ organizationId: desk.id }, async (tx) => {
    const { rows } = await sql<{ data: Json }>`select data from events
      where organization_id = ${desk.id} and type = ${type} order by created_at, event_id`.execute(tx.kysely);
    return rows.map(({ data }) => data);
  });
}

describe('a connector that can no longer sign in', () => {
  for (const status of ['auth_failed', 'token_expired'] as const) {
    test(`deactivates every active agent that uses a tool of it (${status}), and no other`, async () => {
      const [first, second] = [
        await desk.agent('First', [[helpdesk, 'get_order']]),
        await desk.agent('Second', [
          [depot, 'get_order'],
          [helpdesk, 'list_orders'],
        ]),
      ];
      const elsewhere = await desk.agent('Elsewhere', [[depot, 'get_order']]);
      const empty = await desk.agent('Empty', []);
      const off = await desk.agent('Off', [[helpdesk, 'get_order']], { is_active: false });
      await desk.flip(helpdesk, status, 'The service said no.');
      for (const agent of [first, second]) {
        const { is_active, deactivated_reason, deactivated_at, updated_at } = await read(agent);
        assert.equal(is_active, false);
        assert.equal(deactivated_reason, '“Helpdesk” needs to be reconnected: The service said no.');
        assert.equal(deactivated_at, updated_at);
      }
      for (const agent of [elsewhere, empty]) assert.equal((await read(agent)).is_active, true);
      assert.equal((await read(off)).deactivated_reason, null);
    });
  }

  test('leaves one audit row and one event for each agent it deactivates', async () => {
    for (const handle of ['One', 'Two']) await desk.agent(handle, [[helpdesk, 'get_order']]);
    await desk.flip(helpdesk, 'auth_failed', 'Revoked.');
    await desk.flip(helpdesk, 'token_expired', 'Ran out.');
    const rows = await desk.audit('agent.deactivated');
    assert.deepEqual(rows.map(({ changes }) => changes.handle).toSorted(byText), ['One', 'Two']);
    assert.deepEqual(
      rows.map(({ actor, target, changes }) => [actor.type, target.type, changes.status]),
      [
        ['system', 'agent', 'auth_failed'],
        ['system', 'agent', 'auth_failed'],
      ],
    );
    const told = await events('agent.deactivated');
    assert.deepEqual(told.map(({ handle }) => handle).toSorted(byText), ['One', 'Two']);
    assert.match(told[0]!.agent_id, /^agent_[0-9a-f]{24}$/);
    assert.equal(told[0]!.deactivated_reason, '“Helpdesk” needs to be reconnected: Revoked.');
    assert.equal(told[0]!.connection_status, 'auth_failed');
  });

  test('deactivates in the same transaction: where the flip does not happen, nothing of it does', async () => {
    const agent = await desk.agent('Support', [[helpdesk, 'get_order']]);
    const failing = desk.within(helpdesk, async (tx, connection) => {
      const deps = { clock: world.crib.clock, connectionHooks: desk.hooks };
      await flipConnection(tx, deps, connection, { status: 'auth_failed', reason: 'No.' });
      throw new Error('the power went');
    });
    await assert.rejects(failing, /the power went/);
    assert.equal((await read(agent)).is_active, true);
    assert.equal((await desk.make('GET', `/v1/connectors/${helpdesk.id}`)).status, 'connected');
    assert.deepEqual(
      [(await desk.audit('agent.deactivated')).length, (await events('agent.deactivated')).length],
      [0, 0],
    );
  });

  test('leaves an agent that hides tools running without them', async () => {
    const agent = await desk.agent(
      'Hider',
      [
        [helpdesk, 'get_order'],
        [depot, 'get_order'],
      ],
      { on_connector_failure: 'hide_tools' },
    );
    assert.deepEqual(await desk.listed(agent), ['helpdesk__get_order', 'depot__get_order']);
    await desk.flip(helpdesk, 'auth_failed');
    assert.deepEqual(await desk.listed(agent), ['depot__get_order']);
    const shown = await read(agent);
    assert.deepEqual([shown.is_active, shown.tools_count], [true, 2]);
    const call = (tool: string) =>
      desk.ask('POST', '/v1/calls', { agent: 'Hider', tool, arguments: { id: 1 } }, agent.key);
    assert.equal((await call('depot__get_order')).json.isError, false);
    const hidden = await call('helpdesk__get_order');
    assert.deepEqual([hidden.status, hidden.json.error.code], [404, 'unknown_tool']);
    await desk.flip(helpdesk, 'connected');
    assert.deepEqual(await desk.listed(agent), ['helpdesk__get_order', 'depot__get_order']);
  });

  test('that is refused by the service at a call deactivates the agent that called', async () => {
    const agent = await desk.agent('Support', [[helpdesk, 'list_orders']]);
    const call = () =>
      desk.ask('POST', '/v1/calls', { agent: 'Support', tool: 'helpdesk__list_orders' }, agent.key);
    for (const status of [403, 404, 429, 500]) {
      store.answer = { status, body: { error: 'no' } };
      await call();
      assert.equal((await read(agent)).is_active, true, String(status));
    }
    store.answer = { status: 401, body: { error: 'no such token' } };
    await call();
    store.answer = null;
    const held = await until('the agent is deactivated', 30_000, async () => {
      const now = await read(agent);
      return now.is_active ? null : now;
    });
    assert.match(held.deactivated_reason, /^“Helpdesk” needs to be reconnected: /);
    assert.equal((await desk.make('GET', `/v1/connectors/${helpdesk.id}`)).status, 'auth_failed');
    assert.equal((await call()).status, 403);
  });

  test('is not flipped by a user’s failed credential', async () => {
    const agent = await desk.agent('Support', [[helpdesk, 'list_orders']]);
    const user = await desk.make('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'U' });
    await desk.make('PUT', '/v1/credentials', {
      connection: helpdesk.id,
      owner: { type: 'user', id: user.id },
      fields: { token: 'the user’s' },
    });
    await desk.make('POST', '/v1/packs', {
      name: 'Personal',
      entries: [{ slug: 'helpdesk', auth_scope: 'INDIVIDUAL' }],
    });
    store.answer = { status: 401, body: { error: 'no such token' } };
    const body = { pack: 'personal', tool: 'helpdesk__list_orders', user: user.id };
    const { json } = await desk.ask('POST', '/v1/calls', body);
    store.answer = null;
    assert.equal(json.isError, true);
    await world.crib.gateway.drain();
    assert.equal((await read(agent)).is_active, true);
    assert.equal((await desk.make('GET', `/v1/connectors/${helpdesk.id}`)).status, 'connected');
  });
});

describe('activating an agent', () => {
  test('is refused while a connector of it is not connected, and says which to reconnect', async () => {
    const agent = await desk.agent('Support', [
      [helpdesk, 'get_order'],
      [depot, 'get_order'],
    ]);
    await desk.flip(helpdesk, 'auth_failed');
    const refused = await patch(agent, { is_active: true });
    assert.equal(refused.status, 422);
    assert.equal(refused.json.error.message, 'is_active: Reconnect “Helpdesk” first.');
    for (const body of [{ handle: 'Other' }, { handle: 'Other', is_active: true }]) {
      const made = await desk.ask('POST', '/v1/agents', {
        ...body,
        tools: toolsOf([[helpdesk, 'get_order']]),
      });
      assert.match(made.json.error.message, /^is_active: Reconnect “Helpdesk” first/);
    }
    // Without the tools of the failed one it may run; and inactive it may have them.
    const lighter = await patch(agent, { is_active: true, tools: toolsOf([[depot, 'get_order']]) });
    assert.equal(lighter.status, 200, lighter.text);
    const resting = { handle: 'Rest', is_active: false, tools: toolsOf([[helpdesk, 'get_order']]) };
    assert.equal((await desk.ask('POST', '/v1/agents', resting)).status, 201);
  });

  test('is refused by every way that would have an active agent on a failed connector', async () => {
    const hider = await desk.agent('Hider', [[helpdesk, 'get_order']], {
      on_connector_failure: 'hide_tools',
    });
    const plain = await desk.agent('Plain', [[depot, 'get_order']]);
    await desk.flip(helpdesk, 'token_expired');
    const stricter = await patch(hider, { on_connector_failure: 'deactivate' });
    assert.match(stricter.json.error.message, /^on_connector_failure: Reconnect “Helpdesk” first/);
    const added = await patch(plain, { tools: toolsOf([[helpdesk, 'get_order']]) });
    assert.match(added.json.error.message, /^tools: Reconnect “Helpdesk” first/);
    // What it has already it may keep, and be renamed.
    const kept = await patch(hider, { name: 'H', tools: toolsOf([[helpdesk, 'list_orders']]) });
    assert.equal(kept.status, 200, kept.text);
  });

  test('takes turns with a failure: no agent is active on a connector that failed meanwhile', async () => {
    for (let round = 0; round < 5; round += 1) {
      const agent = await desk.agent(`Racer${round}`, [[helpdesk, 'get_order']], { is_active: false });
      await Promise.all([
        patch(agent, { is_active: true }),
        desk.ask('POST', '/v1/agents', { handle: `Born${round}`, tools: toolsOf([[helpdesk, 'get_order']]) }),
        desk.flip(helpdesk, 'auth_failed'),
      ]);
      const { data } = (await desk.ask('GET', '/v1/agents')).json;
      assert.deepEqual(
        data.filter((one: Json) => one.is_active).map((one: Json) => one.handle),
        [],
      );
      await desk.flip(helpdesk, 'connected');
    }
  });
});

describe('a reconnect', () => {
  const held = (connector: Json): Promise<readonly Json[]> =>
    desk.within(connector, (tx, connection) => desk.hooks.findHeld(tx, connection));
  const activate = (connector: Json, ids: readonly string[] | 'all'): Promise<readonly Json[]> =>
    desk.within(connector, (tx, connection) =>
      desk.hooks.activateHeld(tx, world.crib.clock, connection, ids),
    );
  const handles = (agents: readonly Json[]): string[] => agents.map(({ handle }) => handle);

  test('activates nobody by itself, answers whom the failure held, and activates all of them at once', async () => {
    const support = await desk.agent('Support', [[helpdesk, 'get_order']]);
    const sales = await desk.agent('Sales', [[helpdesk, 'get_order']]);
    await desk.agent('Off', [[helpdesk, 'get_order']], { is_active: false });
    await desk.flip(helpdesk, 'auth_failed');
    await desk.flip(helpdesk, 'connected');
    assert.equal((await read(support)).is_active, false);
    assert.deepEqual(handles(await held(helpdesk)), ['Sales', 'Support']);
    assert.deepEqual(handles(await activate(helpdesk, 'all')), ['Sales', 'Support']);
    for (const agent of [support, sales]) {
      const { is_active, deactivated_reason, deactivated_at } = await read(agent);
      assert.deepEqual([is_active, deactivated_reason, deactivated_at], [true, null, null]);
    }
    assert.deepEqual(await held(helpdesk), []);
    assert.equal((await desk.audit('agent.activated')).length, 2);
    assert.deepEqual(await desk.listed(support), ['helpdesk__get_order']);
  });

  test('activates the ones that are named', async () => {
    const support = await desk.agent('Support', [[helpdesk, 'get_order']]);
    await desk.agent('Sales', [[helpdesk, 'get_order']]);
    await desk.flip(helpdesk, 'auth_failed');
    await desk.flip(helpdesk, 'connected');
    assert.deepEqual(handles(await activate(helpdesk, [parseId(support.id)!])), ['Support']);
    assert.deepEqual(handles(await held(helpdesk)), ['Sales']);
  });

  test('leaves an agent held whose other connector has failed too, until that one is reconnected', async () => {
    await desk.agent('Both', [
      [helpdesk, 'get_order'],
      [depot, 'get_order'],
    ]);
    await desk.flip(helpdesk, 'auth_failed');
    await desk.flip(depot, 'token_expired');
    await desk.flip(helpdesk, 'connected');
    assert.deepEqual(await activate(helpdesk, 'all'), []);
    await desk.flip(depot, 'connected');
    assert.deepEqual(handles(await activate(depot, 'all')), ['Both']);
  });

  test('holds nobody any more whom a person has switched off', async () => {
    const agent = await desk.agent('Support', [[helpdesk, 'get_order']]);
    await desk.flip(helpdesk, 'auth_failed');
    assert.equal(
      (await patch(agent, { is_active: false })).json.data.deactivated_reason,
      'Deactivated on request.',
    );
    await desk.flip(helpdesk, 'connected');
    assert.deepEqual(await held(helpdesk), []);
    assert.deepEqual(await activate(helpdesk, 'all'), []);
  });

  test('by a key of some workspaces names and activates the agents it sees, and no other', async () => {
    const { json } = await world.ask('GET', `/v1/orgs/${desk.id}/workspaces`, { key: desk.key });
    const workspaceIds = json.map(({ id }: Json) => id);
    const bound = (await desk.make('POST', '/v1/keys', { workspace_ids: workspaceIds })).key;
    const wide = await desk.agent('Wide', [[helpdesk, 'get_order']]);
    const body = { handle: 'Near', tools: toolsOf([[helpdesk, 'get_order']]) };
    const near = (await desk.ask('POST', '/v1/agents', body, bound)).json.data;
    const reconnect = async (key: string, activates: unknown): Promise<readonly string[]> => {
      await desk.flip(helpdesk, 'auth_failed');
      const path = `/v1/connections/${helpdesk.id}/reconnect`;
      const asked = { credential: { token: 'new' }, activate_agents: activates };
      const { status, text, json: answer } = await desk.ask('POST', path, asked, key);
      assert.equal(status, 200, text);
      return handles(answer.data.held_agents);
    };
    assert.deepEqual(await reconnect(bound, null), ['Near']);
    assert.deepEqual(await reconnect(bound, [wide.id]), ['Near']);
    assert.deepEqual(await reconnect(bound, 'all'), []);
    assert.deepEqual([(await read(wide)).is_active, (await read(near)).is_active], [false, true]);
    assert.deepEqual(await reconnect(desk.key, 'all'), []);
    assert.equal((await read(wide)).is_active, true);
  });

  test('keeps the agent’s key and address', async () => {
    const agent = await desk.agent('Support', [[helpdesk, 'get_order']]);
    await desk.flip(helpdesk, 'auth_failed');
    await desk.make('PUT', '/v1/credentials', { connection: helpdesk.id, fields: { token: 'new' } });
    await activate(helpdesk, 'all');
    const { json } = await speak(world, '/mcp/agents/Support', agent.key, 'tools/call', {
      name: 'helpdesk__get_order',
      arguments: { id: 1 },
    });
    assert.equal(json.result.isError, false);
    assert.equal(store.calls().at(-1)!.headers['authorization'], 'Bearer new');
  });
});

describe('a connector that is in use', () => {
  test('by agents is removed only by force, which takes its tools from them', async () => {
    const agent = await desk.agent('Support', [
      [helpdesk, 'get_order'],
      [depot, 'get_order'],
    ]);
    await desk.make('POST', '/v1/packs', { name: 'Pack', entries: [{ slug: 'helpdesk' }] });
    const path = `/v1/connections/${helpdesk.id}`;
    const { status, json } = await desk.ask('DELETE', path);
    assert.deepEqual([status, json.error.code], [409, 'connection_in_use']);
    assert.match(json.error.message, /pack “Pack”, agent “Support”/);
    assert.deepEqual(
      json.error.details.used_by.map((use: Json) => [use.type, use.name]),
      [
        ['pack', 'Pack'],
        ['agent', 'Support'],
      ],
    );
    const before = await read(agent);
    assert.equal((await desk.ask('DELETE', `${path}?force=true`)).status, 204);
    const after = await read(agent);
    assert.deepEqual([after.tools_count, after.is_active], [1, true]);
    assert.ok(after.updated_at > before.updated_at);
    assert.deepEqual(await desk.listed(agent), ['depot__get_order']);
  });

  test('is hidden from what packs and agents are served while it is inactive, and comes back as it was', async () => {
    const agent = await desk.agent('Support', [
      [helpdesk, 'get_order'],
      [depot, 'get_order'],
    ]);
    await desk.make('PATCH', `/v1/connections/${helpdesk.id}`, { is_active: false });
    assert.deepEqual(await desk.listed(agent), ['depot__get_order']);
    const shown = await read(agent);
    assert.deepEqual([shown.is_active, shown.tools_count], [true, 2]);
    await desk.make('PATCH', `/v1/connections/${helpdesk.id}`, { is_active: true });
    assert.deepEqual(await desk.listed(agent), ['helpdesk__get_order', 'depot__get_order']);
  });
});

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

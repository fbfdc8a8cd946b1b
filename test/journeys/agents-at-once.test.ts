import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openDesk, toolsOf, type Desk } from '../contracts/agents-desk.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { needsServer } from '../processes.ts';
import { startWorld, type Json, type World } from '../world.ts';

// The embedded database has one connection, where nothing can stand in another's way.
describe('agents and connectors that change all at once', { skip: needsServer }, () => {
  let world: World;
  let store: Shop;
  let desk: Desk;
  before(async () => {
    store = await shop();
    world = await startWorld();
    desk = await openDesk(world, store);
  });
  after(async () => {
    await world.close();
    await store.close();
  });

  /** One kind of change after another until the time is up; a change that was overtaken is none. */
  const keepOn = async (until: number, changes: readonly (() => Promise<unknown>)[]): Promise<void> => {
    for (let turn = 0; Date.now() < until; turn += 1) await changes[turn % changes.length]!();
  };

  const ask = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const { status, text, json } = await desk.ask(method, path, body);
    assert.ok(status < 500, `${method} ${path}: ${status} ${text}`);
    return json?.data;
  };

  it('never stand in each other’s way: flips, patches, reconnects, removals and panic', async () => {
    const stay = await Promise.all(['A', 'B', 'C'].map((name) => desk.connect(name)));
    const both = (tools: readonly Json[]) =>
      toolsOf(tools.map((connector) => [connector, 'get_order'] as const));
    // Handles sort the other way round than what was made first.
    const agents: Json[] = [];
    for (const handle of ['Zeta', 'Young', 'Xeno', 'Beta', 'Alpha']) {
      agents.push(await ask('POST', '/v1/agents', { handle, tools: both(stay) }));
    }
    const flipping = (connector: Json) => [
      () => desk.flip(connector, 'auth_failed', 'No.'),
      () => desk.flip(connector, 'connected'),
      () =>
        desk.within(connector, (tx, found) => desk.hooks.activateHeld(tx, world.crib.clock, found, 'all')),
    ];
    const patching = (agent: Json, turn: number) => [
      () => ask('PATCH', `/v1/agents/${agent.id}`, { name: `Name ${turn}`, is_active: false }),
      () => ask('PATCH', `/v1/agents/${agent.id}`, { tools: both(stay.slice(turn % 3)) }),
      () => ask('PATCH', `/v1/agents/${agent.id}`, { name: 'Other', is_active: true, tools: both(stay) }),
      () => ask('POST', `/v1/keys/${agent.id}/regenerate`),
    ];
    let passing: Json = null;
    const coming = [
      async () => void (passing = await desk.connect('Passing')),
      () => ask('PATCH', `/v1/agents/${agents[0].id}`, { is_active: false, tools: both([...stay, passing]) }),
      () => ask('PATCH', `/v1/agents/${agents[4].id}`, { is_active: false, tools: both([passing, ...stay]) }),
      () => ask('DELETE', `/v1/connections/${passing.id}?force=true`),
    ];
    let brief: Json = null;
    const hiring = [
      async () => {
        const body = { handle: 'Brief', is_active: false, tools: both(stay) };
        brief = await ask('POST', '/v1/agents', body);
      },
      () => ask('DELETE', `/v1/agents/${brief.id}`),
    ];
    const panicking = [
      () => ask('POST', '/v1/panic', { dry_run: false }),
      () =>
        Promise.all(
          stay.map((connector) =>
            ask('PUT', '/v1/credentials', { connection: connector.id, fields: { token: 't' } }),
          ),
        ),
    ];
    const until = Date.now() + 8_000;
    await Promise.all([
      ...stay.map((connector) => keepOn(until, flipping(connector))),
      ...stay.map((connector) => keepOn(until, flipping(connector))),
      ...agents.slice(1, 4).map((agent, turn) => keepOn(until, patching(agent, turn))),
      keepOn(until, coming),
      keepOn(until, hiring),
      keepOn(until, panicking),
    ]);
    const connectors: Json[] = await ask('GET', '/v1/connectors');
    const failed = new Set(connectors.filter((one) => one.status !== 'connected').map((one) => one.id));
    for (const { id, is_active: isActive } of await ask('GET', '/v1/agents')) {
      const { tools } = await ask('GET', `/v1/agents/${id}`);
      const broken = tools.filter((tool: Json) => failed.has(tool.connector_id));
      assert.ok(!isActive || broken.length === 0, `${id} is active on a connector that has failed`);
    }
  });
});

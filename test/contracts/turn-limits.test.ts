import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { askedFor, openApprovalsDesk, type ApprovalsDesk } from './approvals-desk.ts';
import { ask, initialize, legacy, modern, request } from './mcp-counter.ts';

let desk: ApprovalsDesk;
let key: string;
before(async () => void (desk = await openApprovalsDesk()));
after(() => desk.close());
beforeEach(async () => {
  ({ key } = await desk.key());
  await desk.patchTool('get_order', { max_calls_per_turn: 2 });
  desk.reached();
});

const get = (turn?: string, as = key): Promise<Json> =>
  desk.call(as, 'get_order', { id: 1 }, turn === undefined ? {} : { 'x-turn-id': turn });
const isRun = (result: Json): void => assert.equal(result.isError, false, JSON.stringify(result));
const principalOf = () =>
  desk.world.crib.authenticator.authenticate({ authorization: [`Bearer ${key}`], apiKey: [] });
function isLimited(result: Json): Json {
  assert.equal(result.isError, true, JSON.stringify(result));
  assert.equal(result.structuredContent?.error, 'turn_limit_reached', JSON.stringify(result));
  return result.structuredContent;
}

describe('a limit per turn', () => {
  it('call N+1 is isError with the limit and when it resets', async () => {
    isRun(await get());
    isRun(await get());
    const result = await get();
    const { limit, resets_at, message } = isLimited(result);
    assert.equal(limit, 2);
    const left = Date.parse(resets_at) - desk.now().getTime();
    assert.ok(left > 55_000 && left <= 60_000, String(left));
    assert.match(message, /limit of 2 calls .*resets at/);
    assert.equal(desk.reached(), 2);
    await desk.world.crib.callJournal.drain();
    const row = (await desk.world.ask('GET', `/v1/calls/${result.call_id}`)).json.data;
    assert.deepEqual([row.outcome, row.reason], ['denied', 'turn_limit']);
  });

  it('without a name a turn ends after 60 seconds without a call from that key to that connection', async () => {
    isRun(await get());
    isRun(await get());
    desk.pass(59_000);
    isLimited(await get());
    desk.pass(60_000);
    isRun(await get());
    isRun(await get());
    isLimited(await get());
  });

  it('calls of tools without a limit keep the turn going, and other keys’ do not', async () => {
    isRun(await get());
    isRun(await get());
    for (let passed = 0; passed < 3; passed += 1) {
      desk.pass(50_000);
      isRun(await desk.call(key, 'list_orders', {}));
    }
    desk.pass(50_000);
    isLimited(await get());
    const other = await desk.key();
    desk.pass(50_000);
    isRun(await desk.call(other.key, 'list_orders', {}));
    desk.pass(50_000);
    isRun(await get());
  });

  it('a named turn is counted by its name, for each key, and ends with the next name', async () => {
    isRun(await get('one'));
    isRun(await get('one'));
    const { resets_at, message } = isLimited(await get('one'));
    assert.equal(resets_at, null);
    assert.match(message, /next turn/);
    desk.pass(120_000);
    isLimited(await get('one'));
    isRun(await get('two'));
    isRun(await get());
    isRun(await get('one', (await desk.key()).key));
  });

  it('X-Turn-Id and _meta are one namespace, over REST and MCP in both eras', async () => {
    const address = `${desk.world.url}/mcp/desk`;
    const call = { name: 'shop__get_order', arguments: { id: 1 } };
    const byMeta = async (turn: string): Promise<Json> =>
      (await ask(address, modern('tools/call', call, { key, meta: { 'dev.toolcrib/turnId': turn } }))).body
        .result;
    const session = await initialize(address, '2025-06-18', key);
    const older = async (turn: string): Promise<Json> => {
      const params = { ...call, _meta: { 'dev.toolcrib/turnId': turn } };
      return (await ask(address, legacy(request('tools/call', params), { key, session }))).body.result;
    };
    const byHeader = async (turn: string): Promise<Json> =>
      (await ask(address, modern('tools/call', call, { key, headers: { 'x-turn-id': turn } }))).body.result;
    isRun(await byMeta('t'));
    isRun(await older('t'));
    isLimited(await get('t'));
    isLimited(await byHeader('t'));
    isRun(await byHeader('u'));
    isRun(await get('u'));
    isLimited(await byMeta('u'));
  });

  it('two names that differ, and a name that is none, are refused', async () => {
    const address = `${desk.world.url}/mcp/desk`;
    const call = { name: 'shop__get_order', arguments: { id: 1 } };
    const options = { key, meta: { 'dev.toolcrib/turnId': 'a' }, headers: { 'x-turn-id': 'b' } };
    assert.equal((await ask(address, modern('tools/call', call, options))).body.error?.code, -32602);
    for (const turn of ['', 7, null, 'x'.repeat(201), 'a\nb']) {
      const odd = modern('tools/call', call, { key, meta: { 'dev.toolcrib/turnId': turn } });
      assert.equal((await ask(address, odd)).body.error?.code, -32602, String(turn));
    }
    const body = { pack: 'desk', tool: 'shop__get_order', arguments: { id: 1 } };
    const headers = { 'x-turn-id': 'x'.repeat(201) };
    assert.equal((await desk.world.ask('POST', '/v1/calls', { key, body, headers })).status, 422);
    assert.equal(desk.reached(), 0);
  });

  it('only calls handed to the service count', async () => {
    for (let tries = 0; tries < 3; tries += 1) {
      assert.equal((await desk.call(key, 'get_order', { id: 'no number' })).isError, true);
    }
    isRun(await get());
    await desk.patchTool('get_order', { requires_confirmation: true });
    askedFor(await get());
    askedFor(await get());
    await desk.patchTool('get_order', { requires_confirmation: null });
    isRun(await get());
    isLimited(await get());
  });

  it('a call over the limit burns no yes', async () => {
    await desk.patchTool('get_order', { requires_confirmation: true, max_calls_per_turn: 1 });
    const call = (id: number) => desk.call(key, 'get_order', { id });
    const ids = [askedFor(await call(1)), askedFor(await call(2))];
    for (const id of ids) await desk.approve(id);
    isRun(await call(1));
    isLimited(await call(2));
    desk.pass(60_000);
    isRun(await call(2));
    await desk.patchTool('get_order', { requires_confirmation: null });
  });

  it('a connection’s limit counts all its tools together', async () => {
    const set = (value: number | null) =>
      desk.world.fetchJson('PATCH', `/v1/connections/${desk.connectionId}`, { max_calls_per_turn: value });
    assert.equal((await set(3)).json.data.max_calls_per_turn, 3);
    isRun(await get());
    isRun(await desk.call(key, 'list_orders', {}));
    isRun(await get());
    assert.equal(isLimited(await desk.call(key, 'list_orders', {})).limit, 3);
    await set(null);
    isRun(await desk.call(key, 'list_orders', {}));
  });

  it('100 at once with a limit of 5: exactly 5 reach the service', async () => {
    await desk.patchTool('get_order', { max_calls_per_turn: 5 });
    desk.reached();
    const results = await Promise.all(Array.from({ length: 100 }, () => get()));
    assert.equal(results.filter(({ isError }) => !isError).length, 5);
    assert.equal(desk.reached(), 5);
  });

  it('costs calls nothing that neither ask nor are limited: no transaction of their own', async () => {
    const { database } = desk.world.crib;
    const transaction = database.transaction.bind(database);
    // Only what this very call opens: the ends of earlier calls and the jobs write in their own time.
    const within = new AsyncLocalStorage<{ opened: number }>();
    const ctx = { principal: await principalOf(), requestId: 'r' };
    const run = async (tool: string): Promise<number> => {
      const count = { opened: 0 };
      const signal = AbortSignal.timeout(10_000);
      const address = { pack: 'desk', userId: null };
      const call = { caller: ctx, address, tool, arguments: { id: 1 }, protocol: 'rest', signal };
      const { result } = await within.run(count, () => desk.world.crib.gateway.call(call));
      assert.equal(result.isError, false, JSON.stringify(result));
      return count.opened;
    };
    await desk.patchTool('get_order', { max_calls_per_turn: null });
    await run('shop__get_order');
    await desk.world.crib.gateway.drain(); // the shape of its reply is learned once
    database.transaction = (scope, work) => {
      const count = within.getStore();
      if (count) count.opened += 1;
      return transaction(scope, work);
    };
    try {
      await run('shop__get_order');
      assert.equal(await run('shop__get_order'), 0);
      await desk.patchTool('get_order', { max_calls_per_turn: 100 });
      await run('shop__get_order');
      assert.equal(await run('shop__get_order'), 1);
    } finally {
      database.transaction = transaction;
    }
  });

  it('is a number from 1; null lifts it', async () => {
    for (const value of [0, -1, 1.5, '3', true]) {
      const { status, json } = await desk.patchTool('get_order', { max_calls_per_turn: value });
      assert.deepEqual([status, json.error.param], [422, '/max_calls_per_turn'], String(value));
    }
    const { json } = await desk.patchTool('get_order', { max_calls_per_turn: null });
    assert.equal(json.data.max_calls_per_turn, null);
    for (let tries = 0; tries < 4; tries += 1) isRun(await get());
  });

  it('the arguments of a call that is only counted are kept nowhere', async () => {
    isRun(await desk.call(key, 'get_order', { id: 4711 }));
    const { json } = await desk.world.ask('GET', '/v1/approvals?status=all');
    assert.deepEqual(
      json.data.filter((row: Json) => row.arguments.id === 4711),
      [],
    );
  });
});

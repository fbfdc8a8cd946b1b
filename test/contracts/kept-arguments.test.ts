import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { forgetArguments } from '../../src/main/housekeeping.ts';
import { startWorld, type Json } from '../world.ts';
import { openImpactDesk, type ImpactDesk, type Stand } from './impact-desk.ts';

let desk: ImpactDesk;
let stand: Stand;
before(async () => {
  desk = await openImpactDesk();
});
after(() => desk.close());

const rows = async (world = desk.world): Promise<readonly Json[]> => {
  await world.crib.gateway.drain();
  return world.crib.database.transaction('system', async (tx) => {
    const { rows } = await sql<Json>`select * from call_arguments order by kept_at, call_id`.execute(
      tx.kysely,
    );
    return rows;
  });
};
const ofStand = async (): Promise<readonly Json[]> =>
  (await rows()).filter((row) => row.connection_id === stand.connectionId);
const toolAt = (name: string): string => `/v1/tools/${stand.tools.get(name).id}`;
const limit = { inputs: { limit: { mode: 'pinned', value: 3 } } };

describe('arguments of calls', () => {
  it('are kept sealed, of calls that rules of input let through or refused, and of no others', async () => {
    stand = await desk.stand();
    await stand.make([
      ['get_order', { id: 7_070_707 }],
      ['create_order', { customer_id: 1, email: 'zq-kept@shop.example', pin: 'zq-kept-pin' }],
      ['list_orders', { limit: 5_000 }],
      ['no_such_tool', { secret: 'zq-kept-stray' }],
    ]);
    await desk.world.fetchJson('POST', `${toolAt('get_order')}/try`, { arguments: { id: 8 } });
    const kept = await ofStand();
    assert.deepEqual(
      kept.map(({ outcome, pack_id }) => [outcome, pack_id]),
      [
        ['ok', stand.packId],
        ['ok', stand.packId],
        ['failed', stand.packId],
      ],
    );
    const listed = await desk.world.ask('GET', '/v1/calls?limit=100');
    const known = new Set(listed.json.data.map(({ id }: Json) => id.replaceAll('-', '').replace(/^.*_/, '')));
    for (const row of kept) {
      assert.ok(known.has(row.call_id.replaceAll('-', '')), row.call_id);
      for (const text of ['zq-kept', '7070707', 'customer_id', '5000']) {
        assert.equal(row.arguments.includes(text), false);
      }
    }
  });

  it('too large to be kept, or in fields that the service calls secret, leave a call undecidable', async () => {
    stand = await desk.stand();
    await stand.make([
      ['create_order', { customer_id: 1, pin: 'zq-kept-pin' }],
      ['create_order', { customer_id: 1, constructor: 'x'.repeat(17_000) }],
      ['create_order', { customer_id: 1 }],
    ]);
    assert.equal((await ofStand()).length, 2);
    const impact = await desk.foretell('PATCH', toolAt('create_order'), {
      inputs: { customer_id: { mode: 'pinned', value: 2 } },
    });
    const { refused, undecidable } = impact.replayed;
    assert.deepEqual([refused, undecidable], [1, 2]);
  });

  it('are forgotten after seven days, and calls of before are tried no more', async () => {
    stand = await desk.stand();
    await stand.make([['list_orders', { limit: 5 }]]);
    const day = 86_400_000;
    desk.pass(7 * day - 60_000);
    await forgetArguments(desk.world.crib);
    assert.equal((await ofStand()).length, 1);
    assert.equal((await desk.foretell('PATCH', toolAt('list_orders'), limit)).replayed.calls, 1);
    desk.pass(120_000);
    await stand.make([['list_orders', { limit: 6 }]]);
    await forgetArguments(desk.world.crib);
    assert.equal((await ofStand()).length, 1);
    const { calls, refused } = (await desk.foretell('PATCH', toolAt('list_orders'), limit)).replayed;
    assert.deepEqual([calls, refused], [1, 1]);
  });

  it('are kept or not tool by tool: off forgets what there was, and on keeps again', async () => {
    stand = await desk.stand();
    const both = [
      ['list_orders', { limit: 5 }],
      ['get_order', { id: 7 }],
    ] as const;
    await stand.make(both);
    const patch = async (keep: boolean | null): Promise<Json> => {
      const { status, text, json } = await desk.world.fetchJson('PATCH', toolAt('list_orders'), {
        keep_arguments: keep,
      });
      assert.equal(status, 200, text);
      return json.data.keep_arguments;
    };
    assert.equal((await desk.world.ask('GET', toolAt('list_orders'))).json.data.keep_arguments, true);
    assert.equal(await patch(false), false);
    assert.deepEqual(
      (await ofStand()).map(({ tool_id }) => tool_id),
      [stand.tools.get('get_order').id],
    );
    await stand.make(both);
    assert.equal((await ofStand()).length, 2);
    const { calls, undecidable } = (await desk.foretell('PATCH', toolAt('list_orders'), limit)).replayed;
    assert.deepEqual([calls, undecidable], [4, 2]);
    assert.equal(await patch(null), true);
    await stand.make(both);
    assert.equal((await ofStand()).length, 4);
  });

  it('of a call that ended as its tool stopped keeping them are swept', async () => {
    stand = await desk.stand();
    await stand.make([['list_orders', { limit: 5 }]]);
    await desk.world.crib.database.transaction('system', (tx) =>
      sql`update tools set keeps_arguments = false where connection_id = ${stand.connectionId}`.execute(
        tx.kysely,
      ),
    );
    await forgetArguments(desk.world.crib);
    assert.equal((await ofStand()).length, 0);
  });

  it('go with their connection', async () => {
    stand = await desk.stand();
    await stand.make([['list_orders', { limit: 5 }]]);
    const [kept] = await ofStand();
    assert.ok(kept);
    const { status } = await desk.world.ask('DELETE', `/v1/connections/${stand.connectionId}?force=true`);
    assert.equal(status, 204);
    assert.equal((await ofStand()).length, 0);
    // A call that was under way.
    await desk.world.crib.database.transaction('system', (tx) =>
      sql`insert into call_arguments select * from json_populate_record(null::call_arguments,
        ${JSON.stringify({ ...kept, arguments: '\\x00' })}::json)`.execute(tx.kysely),
    );
    assert.equal((await ofStand()).length, 1);
    await forgetArguments(desk.world.crib);
    assert.equal((await ofStand()).length, 0);
  });
});

it('none are kept where the operator says so', async () => {
  const world = await startWorld({ environment: { TOOLCRIB_KEEP_ARGUMENTS_DAYS: '0' } });
  try {
    const made = await world.fetchJson('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Shop',
      document: desk.store.document,
    });
    assert.equal(made.status, 201, made.text);
    const pack = await world.fetchJson('POST', '/v1/packs', { name: 'Desk', entries: [{ slug: 'shop' }] });
    assert.equal(pack.status, 201, pack.text);
    const { json } = await world.fetchJson('POST', '/v1/keys', { name: 'k', scopes: ['runtime:all'] });
    const body = { pack: 'desk', tool: 'shop__list_orders', arguments: {} };
    const answer = await world.ask('POST', '/v1/calls', { key: json.data.key, body });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(await rows(world), []);
  } finally {
    await world.close();
  }
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { forgetApprovals } from '../../src/approvals/index.ts';
import { startReceiver } from '../fakes/receiver.ts';
import type { Json } from '../world.ts';
import { askedFor, openApprovalsDesk, type ApprovalsDesk } from './approvals-desk.ts';

let desk: ApprovalsDesk;
let agent: { id: string; key: string };
let order = 0;
before(async () => void (desk = await openApprovalsDesk()));
after(() => desk.close());
beforeEach(async () => {
  agent = await desk.key();
  order += 1; // every test asks about an order of its own
  desk.reached();
});

const remove = (key = agent.key, id = order): Promise<Json> => desk.call(key, 'delete_order', { id });
const isRun = (result: Json): void => assert.equal(result.isError, false, JSON.stringify(result));

describe('which calls ask', () => {
  it('an imported DELETE asks, and other methods do not', async () => {
    askedFor(await remove());
    assert.equal(desk.reached(), 0);
    isRun(await desk.call(agent.key, 'create_order', { customer_id: 1 }));
    isRun(await desk.call(agent.key, 'get_order', { id: 1 }));
  });

  it('the tool’s setting wins over the connection’s, and that over the connector’s author’s', async () => {
    const connection = (value: boolean | null) =>
      desk.world.fetchJson('PATCH', `/v1/connections/${desk.connectionId}`, { requires_confirmation: value });
    const asks = async (tool: string, args: object): Promise<boolean> =>
      (await desk.call(agent.key, tool, args)).structuredContent?.error === 'confirmation_required';
    const table = async () => [
      await asks('get_order', { id: order }),
      await asks('create_order', { customer_id: order }),
      await asks('delete_order', { id: order }),
    ];
    assert.equal((await connection(true)).json.data.requires_confirmation, true);
    assert.deepEqual(await table(), [false, true, true], 'true is about everything that writes');
    await connection(false);
    assert.deepEqual(await table(), [false, false, false]);
    await desk.patchTool('get_order', { requires_confirmation: true });
    assert.deepEqual(await table(), [true, false, false]);
    await connection(true);
    await desk.patchTool('create_order', { requires_confirmation: false });
    await desk.patchTool('get_order', { requires_confirmation: null });
    assert.deepEqual(await table(), [false, false, true]);
    await desk.patchTool('create_order', { requires_confirmation: null });
    await connection(null);
    assert.deepEqual(await table(), [false, false, true]);
  });

  it('conditions are about the final arguments, defaults and pins included', async () => {
    const { json, status } = await desk.patchTool('create_order', {
      requires_confirmation: {
        any: [
          { path: 'value', op: 'gt', value: 100 },
          { path: 'currency', op: 'in', value: ['USD'] },
          { path: 'address.city', op: 'matches', value: '^X' },
        ],
      },
    });
    assert.equal(status, 200);
    assert.equal(json.data.requires_confirmation.any.length, 3);
    const asks = async (more: object): Promise<boolean> =>
      (await desk.call(agent.key, 'create_order', { customer_id: 1, ...more })).isError;
    assert.equal(await asks({ value: 100, currency: 'EUR', address: { city: 'Y' } }), false);
    assert.equal(await asks({ value: 100.5 }), true);
    assert.equal(await asks({ currency: 'USD' }), true);
    assert.equal(await asks({ address: { city: 'Xanten' } }), true);
    await desk.patchTool('create_order', { inputs: { currency: { mode: 'pinned', value: 'USD' } } });
    assert.equal(await asks({}), true);
    await desk.patchTool('create_order', { inputs: null, requires_confirmation: null });
  });

  it('conditions are closed data: whatever else is refused at its place', async () => {
    const wrong: [unknown, string][] = [
      ['yes', ''],
      [1, ''],
      [{}, ''],
      [{ any: [], all: [] }, ''],
      [{ any: [] }, '/any'],
      [{ none: [{ path: 'value', op: 'present' }] }, '/none'],
      [{ any: [{ path: 'value', op: 'present', note: 1 }] }, '/any/0/note'],
      [{ any: [{ path: 'value', op: 'like', value: 1 }] }, '/any/0/op'],
      [{ any: [{ path: 'value', op: 'gt', value: '1' }] }, '/any/0/value'],
      [{ any: [{ path: 'value', op: 'in', value: 1 }] }, '/any/0/value'],
      [{ any: [{ path: 'email', op: 'matches', value: '(' }] }, '/any/0/value'],
      [{ all: [{ path: 'value' }] }, '/all/0/op'],
      [{ all: [{ op: 'present' }] }, '/all/0/path'],
      [{ all: [{ path: 'a b[', op: 'present' }] }, '/all/0/path'],
      [{ all: [{ path: '__proto__', op: 'present' }] }, '/all/0/path'],
      [{ all: [{ path: 'nothing', op: 'present' }] }, '/all/0/path'],
    ];
    for (const [value, place] of wrong) {
      const { status, json, text } = await desk.patchTool('create_order', { requires_confirmation: value });
      assert.equal(status, 422, JSON.stringify(value) + text);
      assert.equal(json.error.param, `/requires_confirmation${place}`, JSON.stringify(value));
    }
  });
});

describe('a call that asks', () => {
  it('is an error that names the approval, in text and structuredContent, and a call row that was denied', async () => {
    const result = await remove();
    const id = askedFor(result);
    const { structuredContent } = result;
    assert.deepEqual(Object.keys(structuredContent), ['error', 'approval_id', 'approval_url', 'expires_at']);
    assert.deepEqual(JSON.parse(result.content[0].text), structuredContent);
    const left = Date.parse(structuredContent.expires_at) - desk.now().getTime();
    assert.ok(left > 14 * 60_000 && left <= 15 * 60_000, String(left));
    const shown = await fetch(structuredContent.approval_url, {
      headers: { authorization: `Bearer ${desk.world.adminKey}` },
    });
    assert.equal(((await shown.json()) as Json).data.id, id);
    await desk.world.crib.callJournal.drain();
    const { json } = await desk.world.ask('GET', `/v1/calls/${result.call_id}`);
    assert.deepEqual(
      [json.data.outcome, json.data.reason, json.data.approval_id],
      ['denied', 'confirmation_required', id],
    );
    assert.equal(desk.reached(), 0);
  });

  it('is the same question until it is answered', async () => {
    const id = askedFor(await remove());
    assert.equal(askedFor(await remove()), id);
    const listed = await desk.world.ask('GET', '/v1/approvals?limit=100');
    assert.equal(listed.json.data.filter((row: Json) => row.id === id).length, 1);
  });

  it('runs once when it is called again with the same arguments after a yes', async () => {
    const id = askedFor(await remove());
    const { status, json } = await desk.approve(id, { memo: 'go' });
    assert.equal(status, 200);
    assert.deepEqual([json.data.status, json.data.for, json.data.via], ['approved', 'once', 'member']);
    const result = await remove();
    isRun(result);
    assert.equal(desk.reached(), 1);
    await desk.world.crib.callJournal.drain();
    const row = (await desk.world.ask('GET', `/v1/calls/${result.call_id}`)).json.data;
    assert.deepEqual([row.outcome, row.approval_id], ['ok', id]);
    const used = (await desk.world.ask('GET', `/v1/approvals/${id}`)).json.data;
    assert.deepEqual([used.status, used.uses, used.call_id], ['used', 1, result.call_id]);
    assert.notEqual(askedFor(await remove()), id);
    assert.equal(desk.reached(), 0);
  });

  it('runs once for 20 at the same moment', async () => {
    const id = askedFor(await remove());
    await desk.approve(id);
    const results = await Promise.all(Array.from({ length: 20 }, () => remove()));
    assert.equal(results.filter((result) => !result.isError).length, 1);
    assert.equal(desk.reached(), 1);
  });

  it('does not run by a yes to other arguments, another tool or another principal', async () => {
    const id = askedFor(await remove());
    await desk.approve(id);
    askedFor(await remove(agent.key, order + 1000));
    askedFor(await remove((await desk.key()).key));
    await desk.patchTool('get_order', { requires_confirmation: true });
    askedFor(await desk.call(agent.key, 'get_order', { id: order }));
    await desk.patchTool('get_order', { requires_confirmation: null });
    assert.equal(desk.reached(), 0);
    isRun(await remove());
  });

  it('does not run by a yes that has run out, nor can one be given then', async () => {
    const [id, other] = [askedFor(await remove()), askedFor(await remove(agent.key, order + 1000))];
    await desk.approve(id);
    desk.pass(15 * 60_000);
    askedFor(await remove());
    const late = await desk.approve(other);
    assert.deepEqual([late.status, late.json.error.code], [409, 'approval_expired']);
    assert.equal((await desk.world.ask('GET', `/v1/approvals/${other}`)).json.data.status, 'expired');
    assert.equal(desk.reached(), 0);
  });

  it('does not run by a yes from before an edit of the tool, also one that was taken back', async () => {
    const id = askedFor(await remove());
    await desk.approve(id);
    await desk.patchTool('delete_order', { description: 'Other.' });
    await desk.patchTool('delete_order', { description: null });
    const next = askedFor(await remove());
    await desk.patchTool('delete_order', { description: 'Other again.' });
    const late = await desk.approve(next);
    assert.deepEqual([late.status, late.json.error.code], [409, 'approval_void']);
    await desk.patchTool('delete_order', { description: null });
    assert.equal((await desk.world.ask('GET', `/v1/approvals/${next}`)).json.data.status, 'void');
    assert.equal(desk.reached(), 0);
  });

  it('does not run by a yes from before a re-connection', async () => {
    const id = askedFor(await remove());
    await desk.approve(id);
    const open = askedFor(await remove(agent.key, order + 1000));
    const { status, text } = await desk.world.fetchJson('PUT', '/v1/credentials', {
      connection: desk.connectionId,
      owner: { type: 'organization' },
      fields: { api_key: 'shop-key-2' },
    });
    assert.ok(status < 300, text);
    askedFor(await remove());
    assert.equal((await desk.approve(open)).json.error.code, 'approval_void');
    assert.equal(desk.reached(), 0);
  });
});

describe('how far a yes reaches', () => {
  it('for an hour: this tool and connection with any arguments, and no other', async () => {
    const id = askedFor(await remove());
    const { json } = await desk.approve(id, { for: 'hour' });
    assert.equal(json.data.for, 'hour');
    for (const more of [0, 1000, 2000]) isRun(await remove(agent.key, order + more));
    assert.equal(desk.reached(), 3);
    askedFor(await remove((await desk.key()).key));
    desk.pass(59 * 60_000);
    isRun(await remove());
    desk.pass(60_000);
    askedFor(await remove());
    assert.equal((await desk.world.ask('GET', `/v1/approvals/${id}`)).json.data.uses, 4);
  });

  it('for the turn: as long as it is named, and in no other', async () => {
    const inTurn = (turn: string, id: number) =>
      desk.call(agent.key, 'delete_order', { id }, { 'x-turn-id': turn });
    await desk.approve(askedFor(await inTurn('one', order)), { for: 'turn' });
    isRun(await inTurn('one', order));
    isRun(await inTurn('one', order + 1000));
    askedFor(await inTurn('two', order + 1000));
    isRun(await inTurn('one', order + 2000));
  });

  it('for a turn without a name: until a minute without a call, counted from its first use', async () => {
    await desk.approve(askedFor(await remove()), { for: 'turn' });
    desk.pass(120_000); // the person took their time: the turn that asked is over
    isRun(await remove());
    desk.pass(59_000);
    isRun(await remove(agent.key, order + 1000));
    desk.pass(60_000);
    askedFor(await remove(agent.key, order + 2000));
  });
});

describe('a no', () => {
  it('goes back with its memo once, at the next identical call', async () => {
    const id = askedFor(await remove());
    const { json } = await desk.deny(id, { memo: 'Order 7 is under dispute.' });
    assert.deepEqual([json.data.status, json.data.for], ['denied', null]);
    askedFor(await remove(agent.key, order + 1000));
    const told = await remove();
    assert.equal(told.isError, true);
    assert.deepEqual(told.structuredContent, {
      error: 'confirmation_denied',
      approval_id: id,
      memo: 'Order 7 is under dispute.',
    });
    assert.notEqual(askedFor(await remove()), id);
    assert.equal(desk.reached(), 0);
  });
});

describe('who decides', () => {
  it('not the asking principal, nor a key it made, however deep: 403', async () => {
    const asker = await desk.key({ scopes: ['runtime:all', 'approvals:decide', 'keys:write'] });
    const child = await desk.key({ scopes: ['approvals:decide', 'keys:write'] }, asker.key);
    const grandchild = await desk.key({ scopes: ['approvals:decide'] }, child.key);
    const id = askedFor(await remove(asker.key));
    for (const { key } of [asker, child, grandchild]) {
      for (const decide of [desk.approve, desk.deny]) {
        const { status, json } = await decide(id, {}, key);
        assert.deepEqual([status, json.error.code], [403, 'own_approval']);
      }
    }
    const admin = await remove(desk.world.adminKey, order + 1000);
    assert.equal((await desk.approve(askedFor(admin))).status, 403, 'the admin key neither');
    assert.equal((await desk.approve(id)).status, 200);
    const { json } = await desk.world.ask('GET', '/v1/audit?limit=20');
    const rows = json.data.filter((row: Json) => row.target.id === id);
    assert.deepEqual(
      rows.map((row: Json) => [row.action, row.outcome, row.reason]),
      [
        ['approval.approved', 'allowed', null],
        ...Array.from({ length: 3 }, () => [
          ['approval.denied', 'denied', 'own_approval'],
          ['approval.approved', 'denied', 'own_approval'],
        ]).flat(),
      ],
    );
  });

  it('nor a key the asking principal gave a new text, or one made or regenerated with that: 403', async () => {
    // In this order: no key regenerates one that lasts longer.
    const third = await desk.key({ scopes: ['approvals:decide'] });
    const other = await desk.key({ scopes: ['approvals:decide', 'keys:write'] });
    const asker = await desk.key({ scopes: ['runtime:all', 'approvals:decide', 'keys:write'] });
    const id = askedFor(await remove(asker.key));
    const regenerate = async (target: { id: string }, key?: string): Promise<string> => {
      const path = `/v1/keys/${target.id}/regenerate`;
      const { status, json, text } = await desk.world.ask('POST', path, { key });
      assert.equal(status, 200, text);
      return json.data.key;
    };
    const regenerated = async (): Promise<readonly string[]> => {
      const taken = await regenerate(other, asker.key);
      const its = await regenerate(third, taken);
      const again = await regenerate(other, taken);
      return [again, its, (await desk.key({ scopes: ['approvals:decide'] }, again)).key];
    };
    for (const key of await regenerated()) {
      const { status, json } = await desk.approve(id, {}, key);
      assert.deepEqual([status, json.error.code], [403, 'own_approval']);
    }
    assert.equal(
      (await desk.approve(id, {}, (await desk.key({ scopes: ['approvals:decide'] })).key)).status,
      200,
    );
  });

  it('a key with approvals:decide, and no other', async () => {
    const id = askedFor(await remove());
    const without = await desk.key({ scopes: ['runtime:all', 'tools:write', 'audit:read'] });
    for (const [method, path] of [
      ['GET', '/v1/approvals'],
      ['GET', `/v1/approvals/${id}`],
      ['POST', `/v1/approvals/${id}/approve`],
      ['POST', `/v1/approvals/${id}/deny`],
    ] as const) {
      assert.equal((await desk.world.ask(method, path, { key: without.key })).status, 403, path);
    }
    const decider = await desk.key({ scopes: ['approvals:decide'] });
    assert.equal((await desk.approve(id, {}, decider.key)).status, 200);
  });

  it('deciding twice is 409', async () => {
    const [first, second] = [askedFor(await remove()), askedFor(await remove(agent.key, order + 1000))];
    const answers = await Promise.all([desk.approve(first), desk.deny(first), desk.approve(first)]);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((one, other) => one - other),
      [200, 409, 409],
    );
    await desk.deny(second);
    assert.equal((await desk.approve(second)).json.error.code, 'approval_decided');
  });

  it('a bound key sees and decides what it is bound to alone; to others there is nothing: 404', async () => {
    const id = askedFor(await remove());
    const pack = await desk.world.fetchJson('POST', '/v1/packs', { name: 'Elsewhere', entries: [] });
    const bound = await desk.key({ scopes: ['approvals:decide'], pack_ids: [pack.json.data.id] });
    assert.equal((await desk.approve(id, {}, bound.key)).status, 404);
    assert.equal((await desk.world.ask('GET', `/v1/approvals/${id}`, { key: bound.key })).status, 404);
    const listed = await desk.world.ask('GET', '/v1/approvals?status=all', { key: bound.key });
    assert.deepEqual(listed.json.data, []);
    const own = await desk.key({ scopes: ['approvals:decide'], pack_ids: [desk.packId] });
    assert.equal((await desk.approve(id, {}, own.key)).status, 200);
    const other = await desk.world.organization();
    assert.equal((await desk.approve(id, {}, other.key)).status, 404);
  });
});

describe('GET /v1/approvals', () => {
  it('lists the pending, newest first, by cursor; other statuses where they are asked for', async () => {
    const ids: string[] = [];
    for (let more = 0; more < 5; more += 1) {
      desk.pass(1);
      ids.unshift(askedFor(await remove(agent.key, order + more * 1000)));
    }
    await desk.deny(ids[0]!);
    await desk.approve(ids[1]!);
    const all: string[] = [];
    let path = '/v1/approvals?limit=2';
    for (;;) {
      const { json } = await desk.world.ask('GET', path);
      all.push(...json.data.map(({ id }: Json) => id));
      if (json.meta.next_cursor === null) break;
      path = `/v1/approvals?limit=2&cursor=${json.meta.next_cursor}`;
    }
    assert.deepEqual(
      all.filter((id) => ids.includes(id)),
      ids.slice(2),
    );
    const of = async (status: string): Promise<string[]> =>
      (await desk.world.ask('GET', `/v1/approvals?limit=100&status=${status}`)).json.data
        .map(({ id }: Json) => id)
        .filter((id: string) => ids.includes(id));
    assert.deepEqual(await of('denied'), [ids[0]]);
    assert.deepEqual(await of('approved'), [ids[1]]);
    assert.deepEqual(await of('all'), ids);
    assert.equal((await desk.world.ask('GET', '/v1/approvals?status=open')).status, 422);
  });

  it('shows the exact arguments, but not what the service calls secret', async () => {
    await desk.patchTool('create_order', { requires_confirmation: true });
    const sent = { customer_id: 3, pin: '9182', address: { city: 'Ulm' } };
    const id = askedFor(await desk.call(agent.key, 'create_order', sent));
    const { json, text } = await desk.world.ask('GET', `/v1/approvals/${id}`);
    assert.deepEqual(json.data.arguments, { ...sent, pin: '***' });
    assert.ok(!text.includes('9182'));
    await desk.patchTool('create_order', { requires_confirmation: null });
  });

  it('a caller’s own `***` is not the sealed value of that field', async () => {
    const inputs = { pin: { mode: 'default', value: '9182' } };
    assert.equal((await desk.patchTool('create_order', { requires_confirmation: true, inputs })).status, 200);
    const create = (args: object) => desk.call(agent.key, 'create_order', { customer_id: 3, ...args });
    const id = askedFor(await create({ pin: '***' }));
    await desk.approve(id);
    assert.notEqual(askedFor(await create({})), id);
    assert.equal(desk.reached(), 0);
    isRun(await create({ pin: '***' }));
    await desk.patchTool('create_order', { requires_confirmation: null, inputs: null });
  });

  it('fills no list: a caller has a hundred open questions at most', async () => {
    const ask = (more: number) => remove(agent.key, order * 100_000 + more);
    for (let more = 0; more < 100; more += 1) askedFor(await ask(more));
    const refused = await ask(100);
    assert.equal(refused.isError, true);
    assert.match(refused.content[0].text, /Too many calls wait/);
    askedFor(await ask(0));
  });
});

describe('an agent’s own key', () => {
  it('is given no approvals:decide, and its calls wait for somebody who has it', async () => {
    const { status, json, text } = await desk.world.fetchJson('POST', '/v1/agents', {
      name: 'Clerk',
      handle: `clerk${order}`,
      tools: [{ connector_id: desk.connectionId, name: 'delete_order' }],
    });
    assert.equal(status, 201, text);
    const key: string = json.data.key;
    assert.equal((await desk.world.ask('GET', '/v1/approvals', { key })).status, 403);
    const call = (): Promise<Json> =>
      desk.world
        .fetchJson(
          'POST',
          '/v1/calls',
          {
            agent: `clerk${order}`,
            tool: 'shop__delete_order',
            arguments: { id: order },
          },
          key,
        )
        .then((answer) => answer.json);
    const id = askedFor(await call());
    assert.equal((await desk.approve(id)).json.data.principal.type, 'agent');
    isRun(await call());
  });
});

describe('webhooks', () => {
  it('hear of approval.requested and approval.decided, with the link and without the arguments', async () => {
    const receiver = await startReceiver();
    const { status, text } = await desk.world.fetchJson('POST', '/v1/webhooks', {
      url: receiver.url,
      events: ['approval.requested', 'approval.decided'],
    });
    assert.equal(status, 201, text);
    await desk.patchTool('create_order', { requires_confirmation: true });
    const args = { customer_id: 3, email: 'nobody@shop.example' };
    const asked = await desk.call(agent.key, 'create_order', args);
    const id = askedFor(asked);
    await desk.deny(id, { memo: 'No.' });
    await desk.patchTool('create_order', { requires_confirmation: null });
    const [{ json: requested }, { json: decided }] = [await receiver.arrived(1), await receiver.arrived(2)];
    assert.deepEqual([requested.type, decided.type], ['approval.requested', 'approval.decided']);
    assert.equal(requested.data.approval_id, id);
    assert.equal(requested.data.approval_url, asked.structuredContent.approval_url);
    assert.deepEqual([decided.data.status, decided.data.memo], ['denied', 'No.']);
    assert.ok(!receiver.messages.some((message) => message.text.includes('nobody@shop.example')));
    await receiver.close();
  });
});

describe('what is kept', () => {
  it('approvals for 30 days, turns for a day without a call', async () => {
    const { crib } = desk.world;
    const id = askedFor(await remove());
    await desk.patchTool('get_order', { max_calls_per_turn: 1 });
    const call = () => desk.call(agent.key, 'get_order', { id: 1 }, { 'x-turn-id': 'long' });
    isRun(await call());
    desk.pass(23 * 3_600_000);
    await forgetApprovals(crib);
    assert.equal((await call()).isError, true);
    desk.pass(25 * 3_600_000);
    await forgetApprovals(crib);
    isRun(await call());
    assert.equal((await desk.world.ask('GET', `/v1/approvals/${id}`)).status, 200);
    desk.pass(29 * 24 * 3_600_000);
    await forgetApprovals(crib);
    assert.equal((await desk.world.ask('GET', `/v1/approvals/${id}`)).status, 404);
    await desk.patchTool('get_order', { max_calls_per_turn: null });
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { httpService, sendJson } from '../fakes/http-service.ts';
import type { Json } from '../world.ts';
import { happened, openImpactDesk, type Call, type ImpactDesk, type Stand } from './impact-desk.ts';

let desk: ImpactDesk;
before(async () => void (desk = await openImpactDesk()));
after(() => desk.close());

const calls: readonly Call[] = [
  ['list_orders', { status: 'open' }],
  ['create_order', { customer_id: 1, currency: 'EUR' }],
  ['create_order', { customer_id: 2, currency: 'USD' }],
  ['create_order', { customer_id: 3, currency: 'JPY' }],
  ['get_order', { id: 7 }],
];
const secretCall: Call = ['create_order', { customer_id: 1, pin: 'zq-secret-pin' }];

type Change = { method: string; path: string; body: object };
type Told = { refused: number; changed: number };

const send = async ({ method, path, body }: Change): Promise<Json> => {
  const { status, text, json } = await desk.world.fetchJson(method, path, body);
  assert.ok(status < 300, text);
  return json.data ?? json;
};
const ofTool =
  (name: string, body: object) =>
  ({ tools }: Stand): Change => ({ method: 'PATCH', path: `/v1/tools/${tools.get(name).id}`, body });
const ofConnection =
  (body: object) =>
  ({ connectionId }: Stand): Change => ({ method: 'PATCH', path: `/v1/connections/${connectionId}`, body });
const ofInstance =
  (body: object) =>
  ({ connectionId }: Stand): Change => ({
    method: 'PUT',
    path: `/v1/orgs/default/workspaces/default/tool-instances/${connectionId}`,
    body,
  });
const namesOf = ({ tools }: Json): readonly string[] =>
  tools.map(({ slug }: Json) => slug.replace(/^.*__/, ''));

/** Calls are made, so that they are kept; then things are prepared, foretold and done, and the same calls made again. */
async function holds(
  change: (stand: Stand) => Change,
  told: Told,
  {
    prepare = [],
    made = calls,
  }: { prepare?: readonly ((stand: Stand) => Change)[]; made?: readonly Call[] } = {},
): Promise<{ impact: Json; stand: Stand }> {
  const stand = await desk.stand();
  let was = [...(await stand.make(made))];
  for (const prepared of prepare) await send(prepared(stand));
  if (prepare.length > 0) was = [...(await stand.make(made))];
  // Those that ran a second time were kept a second time; those that asked were not.
  const twice = prepare.length > 0 ? made.filter((_call, at) => !was[at]!.refused) : [];
  was.push(...was.filter(({ refused: isRefused }) => prepare.length > 0 && !isRefused));
  const { method, path, body } = change(stand);
  const impact = await desk.foretell(method, path, body);
  await send({ method, path, body });
  const { refused, changed, undecidable } = impact.replayed;
  assert.deepEqual({ refused, changed, undecidable }, { ...told, undecidable: 0 });
  assert.deepEqual(happened(was, (await stand.make([...made, ...twice])).map(withoutApproval)), {
    refused,
    changed,
  });
  const places = impact.packs.map(({ id }: Json) => id);
  assert.deepEqual(places, impact.tools.length > 0 ? [stand.packId] : []);
  return { impact, stand };
}

/** Every question has an id of its own. */
const withoutApproval = <T extends { refused: boolean; got: string }>(came: T): T =>
  came.refused ? { ...came, got: '' } : came;

const asksFirst = { requires_confirmation: true };
const usd = { any: [{ path: 'currency', op: 'eq', value: 'USD' }] };

describe('the impact of asking a person first', () => {
  it('for every call of a tool: those that ran would not; and back', async () => {
    const { impact, stand } = await holds(ofTool('create_order', asksFirst), { refused: 2, changed: 0 });
    assert.deepEqual(
      impact.tools.map((tool: Json) => [tool.slug, tool.class]),
      [[`${stand.slug}__create_order`, null]],
    );
    for (const { reason, outcome } of impact.replayed.examples) {
      assert.deepEqual([outcome, reason], ['refused', 'It would ask a person first.']);
    }
    const back = await holds(
      ofTool('create_order', { requires_confirmation: null }),
      { refused: 0, changed: 2 },
      { prepare: [ofTool('create_order', asksFirst)] },
    );
    assert.deepEqual(namesOf(back.impact), ['create_order']);
  });

  it('where conditions hold: those calls of which they do', async () => {
    const asks = ofTool('create_order', { requires_confirmation: usd });
    const { impact } = await holds(asks, { refused: 1, changed: 0 });
    assert.deepEqual(namesOf(impact), ['create_order']);
    const always = ofTool('create_order', asksFirst);
    await holds(asks, { refused: 0, changed: 1 }, { prepare: [always] });
    await holds(always, { refused: 2, changed: 0 }, { prepare: [asks] });
    const narrowed = ofTool('create_order', { inputs: { currency: { mode: 'pinned', value: 'USD' } } });
    const unnamed: readonly Call[] = [['create_order', { customer_id: 4 }]];
    await holds(narrowed, { refused: 2, changed: 0 }, { prepare: [asks], made: unnamed });
  });

  it('for all that a connection writes, by every contract that can say so', async () => {
    for (const [change, back] of [
      [ofConnection(asksFirst), ofConnection({ requires_confirmation: null })],
      [ofInstance({ mcp_requires_confirmation: true }), ofInstance({ mcp_requires_confirmation: null })],
    ] as const) {
      const { impact } = await holds(change, { refused: 2, changed: 0 });
      // Deletions ask of themselves, and reads never do.
      assert.deepEqual(namesOf(impact), ['create_order']);
      await holds(back, { refused: 0, changed: 2 }, { prepare: [change] });
    }
    const never = ofConnection({ requires_confirmation: false });
    const removals: readonly Call[] = [
      ['get_order', { id: 7 }],
      ['create_order', { customer_id: 1 }],
    ];
    const { impact } = await holds(never, { refused: 0, changed: 0 }, { made: removals });
    assert.deepEqual(namesOf(impact), ['delete_order']);
    const own = ofTool('create_order', { requires_confirmation: false });
    const none = await holds(ofConnection(asksFirst), { refused: 0, changed: 0 }, { prepare: [own] });
    assert.deepEqual(namesOf(none.impact), []);
  });

  it('of a call that held a secret is known where every call would ask', async () => {
    const stand = await desk.stand();
    const was = await stand.make([secretCall]);
    const foretold = async (body: object): Promise<readonly number[]> => {
      const { method, path } = ofTool('create_order', body)(stand);
      const { refused, changed, undecidable } = (await desk.foretell(method, path, body)).replayed;
      return [refused, changed, undecidable];
    };
    assert.deepEqual(await foretold({ requires_confirmation: usd }), [0, 0, 1]);
    assert.deepEqual(await foretold(asksFirst), [1, 0, 0]);
    await send(ofTool('create_order', asksFirst)(stand));
    assert.deepEqual(happened(was, await stand.make([secretCall])), { refused: 1, changed: 0 });
    assert.deepEqual(await foretold({ requires_confirmation: null }), [0, 1, 0]);
  });

  it('of an upgrade to a version whose author wants it asked', async () => {
    const service = await httpService((seen, response) => sendJson(response, { url: seen.url }));
    try {
      const release = (version: number, more: object): Promise<Json> =>
        send({ method: 'POST', path: '/v1/catalog', body: boxesFile(version, service.url, more) });
      await release(1, { effect: 'write' });
      const body = { kind: 'catalog', connector: 'boxes', nickname: 'Boxes' };
      const { id } = await send({ method: 'POST', path: '/v1/connections', body });
      const stand = await desk.standOf(id, () => service.requests.map(({ method, url }) => [method, url]));
      const made: readonly Call[] = [
        ['empty_box', { id: '7' }],
        ['empty_box', {}],
        ['list_boxes', {}],
      ];
      const was = await stand.make(made);
      await release(2, { effect: 'destructive', confirm: true });
      const path = `/v1/connections/${id}/upgrade`;
      const { impact } = await desk.foretell('POST', path, {});
      assert.deepEqual(
        impact.tools.map((tool: Json) => [tool.slug, tool.class]),
        [[`${stand.slug}__empty_box`, 'permission']],
      );
      const { refused, changed, undecidable } = impact.replayed;
      assert.deepEqual([refused, changed, undecidable], [1, 0, 0]);
      await send({ method: 'POST', path, body: {} });
      assert.deepEqual(happened(was, await stand.make(made)), { refused, changed });
    } finally {
      await service.close();
    }
  });
});

describe('the impact of a setting of a whole connection', () => {
  it('that counts calls is on all that it serves, and on no call; what models are told of it is on no tool', async () => {
    for (const limit of [
      ofConnection({ max_calls_per_turn: 9 }),
      ofInstance({ mcp_max_calls_per_turn: 9 }),
    ]) {
      const { impact } = await holds(limit, { refused: 0, changed: 0 });
      assert.deepEqual(namesOf(impact), ['list_orders', 'create_order', 'get_order', 'delete_order']);
      assert.ok(impact.tools.every((tool: Json) => tool.class === null && tool.diff.length === 0));
    }
    const words = ofInstance({ mcp_description_override: 'Orders of the shop.' });
    assert.deepEqual((await holds(words, { refused: 0, changed: 0 })).impact.tools, []);
  });

  it('names the agents that were given one of the tools', async () => {
    const stand = await desk.stand();
    const given = (handle: string, name: string): Change => ({
      method: 'POST',
      path: '/v1/agents',
      body: { handle, tools: [{ name, connector_id: stand.connectionId }] },
    });
    await send(given('Writer', 'create_order'));
    await send(given('Reader', 'list_orders'));
    const handles = async (body: object): Promise<readonly string[]> => {
      const { method, path } = ofConnection(body)(stand);
      const { agents } = await desk.foretell(method, path, body);
      return agents.map(({ handle }: Json) => handle).toSorted();
    };
    assert.deepEqual(await handles(asksFirst), ['Writer']);
    assert.deepEqual(await handles({ max_calls_per_turn: 3 }), ['Reader', 'Writer']);
  });
});

const boxesFile = (version: number, url: string, more: object): object => ({
  slug: 'boxes',
  version,
  name: 'Boxes',
  description: 'Boxes.',
  categories: [],
  source_url: null,
  logo_url: null,
  changelog: `Version ${version} is out.`,
  kind: 'http',
  base_url: url,
  auth: [{ type: 'none' }],
  tools: [
    {
      name: 'empty_box',
      title: 'Empty a box',
      description: 'Empties a box.',
      request: 'POST /boxes/{id}/empty',
      input: { id: { in: 'path', type: 'string' } },
      ...more,
    },
    {
      name: 'list_boxes',
      title: 'List boxes',
      description: 'Lists boxes.',
      effect: 'read',
      request: 'GET /boxes',
      input: {},
    },
  ],
  migrations: [],
});

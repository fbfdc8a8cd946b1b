import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { speak } from './agents-desk.ts';
import { happened, openImpactDesk, type Call, type ImpactDesk, type Stand } from './impact-desk.ts';

let desk: ImpactDesk;
before(async () => void (desk = await openImpactDesk()));
after(() => desk.close());

const calls: readonly Call[] = [
  ['list_orders', { status: 'open' }],
  ['list_orders', { status: 'paid', limit: 5 }],
  ['list_orders', {}],
  ['list_orders', { limit: 500 }],
  ['create_order', { customer_id: 1, currency: 'EUR' }],
  ['create_order', { customer_id: 2, currency: 'USD', email: 'a@shop.example' }],
  ['get_order', { id: 7 }],
];

type Change = { method: string; path: string; body?: unknown };
type Told = { refused: number; changed: number; undecidable?: number };

const curate =
  (name: string, body: object) =>
  (stand: Stand): Change => ({
    method: 'PATCH',
    path: `/v1/tools/${stand.tools.get(name).id}`,
    body,
  });

/** Foretells a change, makes it, makes the same calls again: what was told is what happened. */
async function holds(
  change: (stand: Stand) => Change,
  told: Told,
  prepare: readonly ((stand: Stand) => Change)[] = [],
): Promise<{ impact: Json; stand: Stand }> {
  const stand = await desk.stand();
  for (const make of prepare) await apply(make(stand));
  const was = await stand.make(calls);
  const { method, path, body } = change(stand);
  const impact = await desk.foretell(method, path, body);
  await apply({ method, path, body });
  const is = await stand.make(calls);
  const { refused, changed, undecidable } = impact.replayed;
  assert.deepEqual({ refused, changed, undecidable }, { undecidable: 0, ...told });
  if (undecidable === 0) assert.deepEqual(happened(was, is), { refused, changed });
  assert.equal(impact.replayed.calls, calls.length);
  for (const example of impact.replayed.examples) {
    assert.deepEqual(Object.keys(example), ['call_id', 'tool', 'outcome', 'reason']);
    assert.equal(example.reason.includes('shop.example'), false);
  }
  return { impact, stand };
}

async function apply({ method, path, body }: Change): Promise<void> {
  const { status, text } = await desk.world.fetchJson(method, path, body);
  assert.ok(status < 300, text);
}

describe('the impact of a change is what then happens', () => {
  it('a pin refuses who sends another value and is sent by who sends none', async () => {
    const pin = curate('list_orders', { inputs: { status: { mode: 'pinned', value: 'open' } } });
    const { impact, stand } = await holds(pin, { refused: 1, changed: 1 });
    const [tool, ...others] = impact.tools;
    assert.deepEqual(others, []);
    assert.equal(tool.slug, `${stand.slug}__list_orders`);
    assert.equal(tool.class, 'breaking');
    assert.ok(
      tool.diff.some(({ path }: Json) => path === '/input_schema/properties/status'),
      JSON.stringify(tool),
    );
    assert.deepEqual(
      impact.packs.map(({ id }: Json) => id),
      [stand.packId],
    );
    const [refused, changed] = impact.replayed.examples;
    assert.deepEqual([refused.outcome, refused.tool], ['refused', tool.slug]);
    assert.match(refused.reason, /"status"/);
    assert.equal(changed.outcome, 'changed');
    const shown = await desk.world.ask('GET', `/v1/calls/${refused.call_id}`);
    assert.equal(shown.json.data.tool, tool.slug);
  });

  it('another value of a pin changes what is sent, and an agent sees nothing of it', async () => {
    const pin = (value: string) => curate('list_orders', { inputs: { status: { mode: 'pinned', value } } });
    const { impact } = await holds(pin('paid'), { refused: 1, changed: 2 }, [pin('open')]);
    assert.deepEqual([impact.tools[0].class, impact.tools[0].diff], [null, []]);
  });

  it('what is not pinned any more is let through', async () => {
    const pin = curate('list_orders', { inputs: { status: { mode: 'hidden', value: 'open' } } });
    await holds(curate('list_orders', { inputs: null }), { refused: 0, changed: 2 }, [pin]);
  });

  it('a narrowed enum', async () => {
    await holds(curate('create_order', { inputs: { currency: { enum: ['EUR'] } } }), {
      refused: 1,
      changed: 0,
    });
  });

  it('a response map, and a narrower one over it', async () => {
    const map = (...paths: string[]) =>
      curate('get_order', { response_field_map: { field_mappings: paths.map((path) => ({ path })) } });
    const { impact } = await holds(map('id'), { refused: 0, changed: 1 });
    assert.equal(impact.tools[0].class, 'breaking');
    await holds(map('lines[].title'), { refused: 0, changed: 1 }, [map('id', 'lines[]')]);
    await holds(map('id', 'lines[]', 'status'), { refused: 0, changed: 0, undecidable: 1 }, [
      map('id', 'lines[]'),
    ]);
  });

  it('a description, a title and a limit change no call', async () => {
    const { impact } = await holds(curate('get_order', { description: 'Reads it.' }), {
      refused: 0,
      changed: 0,
    });
    assert.deepEqual(
      impact.tools.map((tool: Json) => [tool.class, tool.diff.map(({ path }: Json) => path)]),
      [['text', ['/description']]],
    );
  });

  it('a tool turned off', async () => {
    const { impact } = await holds(curate('create_order', { is_enabled: false }), { refused: 2, changed: 0 });
    assert.equal(impact.tools[0].class, 'removed');
  });

  it('the same by the connection-tools contract, without the envelope', async () => {
    await holds(
      (stand) => ({
        method: 'PATCH',
        path: `/v1/integrations/connections/${stand.connectionId}/tools/${stand.tools.get('list_orders').id}`,
        body: { input_defaults: { status: { value: 'open', type: 'pinned' } } },
      }),
      { refused: 1, changed: 1 },
    );
  });

  it('a pack that selects fewer tools, says more of them, names them otherwise or loses the connection', async () => {
    const entry = (stand: Stand): string => `/v1/packs/${stand.packId}/entries/${stand.slug}`;
    const put =
      (body: object) =>
      (stand: Stand): Change => ({ method: 'PUT', path: entry(stand), body });
    const { impact, stand } = await holds(put({ selection: 'exactly', tools: ['get_order'] }), {
      refused: 5,
      changed: 0,
    });
    assert.deepEqual(
      impact.tools.map((tool: Json) => [tool.slug, tool.class]),
      ['list_orders', 'create_order', 'delete_order'].map((name) => [`${stand.slug}__${name}`, 'removed']),
    );
    const inputs = { currency: { mode: 'pinned', value: 'EUR' } };
    await holds(put({ overrides: { create_order: { inputs } } }), { refused: 1, changed: 0 });
    await holds((at) => ({ method: 'PATCH', path: `/v1/packs/${at.packId}`, body: { names: 'plain' } }), {
      refused: 6,
      changed: 0,
    });
    await holds((at) => ({ method: 'DELETE', path: entry(at) }), { refused: 6, changed: 0 });
  });

  it('the same by the tool-packs contract', async () => {
    const at = ({ packId }: Stand): string => `/api/v1/tool-packs/${packId}/`;
    const slugAnd = ({ slug }: Stand, more: object) => [{ slug, auth_scope: 'ORGANIZATION', ...more }];
    const only = (stand: Stand) => slugAnd(stand, { tool_names: ['get_order'] });
    const changes: readonly [(stand: Stand) => Change, Told][] = [
      [
        (stand) => ({ method: 'PATCH', path: at(stand), body: { connectors: only(stand) } }),
        { refused: 5, changed: 0 },
      ],
      [
        (stand) => ({ method: 'PUT', path: `${at(stand)}connectors/`, body: only(stand) }),
        { refused: 5, changed: 0 },
      ],
      [
        (stand) => ({ method: 'PATCH', path: `${at(stand)}connectors/`, body: only(stand) }),
        { refused: 5, changed: 0 },
      ],
      [
        (stand) => ({ method: 'DELETE', path: `${at(stand)}connectors/${stand.slug}/` }),
        { refused: 6, changed: 0 },
      ],
      [
        ({ packId, slug }) => ({
          method: 'PATCH',
          path: `/api/v1/tool-packs/${packId}/tool-input-overrides/`,
          body: [
            {
              connector_slug: slug,
              tool_name: 'list_orders',
              inputs: { status: { mode: 'pinned', value: 'open' } },
            },
          ],
        }),
        { refused: 1, changed: 1 },
      ],
    ];
    for (const [change, told] of changes) await holds(change, told);
  });

  it('agents that were given an affected tool are named, and their calls are tried', async () => {
    const stand = await desk.stand();
    const { status, text, json } = await desk.world.fetchJson('POST', '/v1/agents', {
      handle: 'Clerk',
      tools: [{ name: 'list_orders', connector_id: stand.connectionId }],
    });
    assert.equal(status, 201, text);
    const { handle, key } = json.data;
    const call = { name: `${stand.slug}__list_orders`, arguments: { status: 'paid' } };
    const answer = await speak(desk.world, `/mcp/agents/${handle}`, key, 'tools/call', call);
    assert.equal(answer.json.result.isError, false, answer.text);
    await desk.world.crib.gateway.drain();
    const { path } = curate('list_orders', {})(stand);
    const impact = await desk.foretell('PATCH', path, { is_enabled: false });
    assert.deepEqual(
      impact.agents.map((agent: Json) => agent.handle),
      [handle],
    );
    assert.equal(impact.replayed.refused, 1);
    const other = await desk.foretell('PATCH', curate('get_order', {})(stand).path, { is_enabled: false });
    assert.deepEqual([other.agents, other.replayed.refused], [[], 0]);
  });
});

describe('a dry run', () => {
  it('refuses what the change itself would be refused for, at the same place', async () => {
    const stand = await desk.stand();
    const { path } = curate('list_orders', {})(stand);
    const body = { inputs: { status: { mode: 'pinned', value: 'odd' }, none: { mode: 'hidden' } } };
    const before = await desk.traces();
    const [dry, real] = await Promise.all(
      [`${path}?dry_run=true`, path].map((at) => desk.world.fetchJson('PATCH', at, body)),
    );
    assert.equal(dry!.status, 422);
    const error = ({ json }: Json) => ({ ...json.error, request_id: null });
    assert.deepEqual(error(dry), error(real));
    assert.deepEqual(await desk.traces(), before);
    const other = await desk.world.organization();
    assert.equal((await desk.world.fetchJson('PATCH', `${path}?dry_run=true`, {}, other.key)).status, 404);
  });

  it('of what changes nothing says so', async () => {
    const stand = await desk.stand();
    await stand.make(calls);
    const impact = await desk.foretell('PATCH', curate('get_order', {})(stand).path, { is_enabled: true });
    assert.deepEqual(
      { ...impact, replayed: { ...impact.replayed, calls: 0 } },
      {
        tools: [],
        packs: [],
        agents: [],
        replayed: { calls: 0, refused: 0, changed: 0, undecidable: 0, examples: [] },
      },
    );
  });

  it('seals nothing for good: a secret pin tried out is gone', async () => {
    const stand = await desk.stand();
    await stand.make(calls);
    const pin = { inputs: { pin: { mode: 'pinned', value: 'zq-secret-pin' } } };
    const impact = await desk.foretell('PATCH', curate('create_order', {})(stand).path, pin);
    assert.equal(impact.replayed.changed, 2);
    assert.equal(JSON.stringify(impact).includes('zq-secret-pin'), false);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { httpService, sendJson } from '../fakes/http-service.ts';
import type { Json } from '../world.ts';
import { happened, openImpactDesk, type Call, type ImpactDesk, type Stand } from './impact-desk.ts';
import { itemsFile } from './upgrade-desk.ts';

let desk: ImpactDesk;
before(async () => void (desk = await openImpactDesk()));
after(() => desk.close());

const send = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const { status, text, json } = await desk.world.fetchJson(method, path, body);
  assert.ok(status < 300, text);
  return json?.data ?? json;
};
const calls: readonly Call[] = [
  ['get_order', { id: 7 }],
  ['list_orders', {}],
];

type Row = readonly [name: string, of: string, staleInputs: readonly string[], stalePaths: readonly string[]];
const rowsOf = ({ tools }: Json): readonly Row[] =>
  tools
    .map((tool: Json) => [
      tool.slug.replace(/^.*__/, ''),
      tool.class,
      tool.stale_inputs.toSorted(),
      tool.stale_paths.toSorted(),
    ])
    .toSorted(([one]: Row, [other]: Row) => one.localeCompare(other));
const nobody = { packs: [], agents: [] };
const whoIn = ({ packs, agents }: Json) => ({ packs, agents });
const toolsOf = async (connectionId: string): Promise<ReadonlyMap<string, Json>> => {
  const listed: Json[] = await send('GET', `/v1/connections/${connectionId}/tools?limit=100`);
  return new Map(listed.map((tool) => [tool.name, tool]));
};

/** The shop, read from its address, with what a test says of its tools. */
async function drifting(curation: Readonly<Record<string, object>>): Promise<Stand> {
  const { id } = await send('POST', '/v1/connections', {
    kind: 'openapi',
    nickname: 'Drifting',
    document_url: desk.store.documentUrl,
    auth: { type: 'api_key', api_key: 'shop-key-1' },
  });
  const stand = await desk.standOf(id, () => desk.store.calls().map(({ method, url }) => [method, url]));
  for (const [name, body] of Object.entries(curation)) {
    await send('PATCH', `/v1/tools/${stand.tools.get(name).id}`, body);
  }
  return stand;
}

/** The dry runs of reading a service that changed, and of accepting it once it is read; then it is accepted. */
async function accepting(
  stand: Stand,
  change: (paths: Json) => void,
): Promise<{ read: Json; impact: Json; tools: ReadonlyMap<string, Json> }> {
  const original = structuredClone(desk.store.document);
  try {
    const was = await stand.make(calls);
    change(desk.store.document['paths']);
    const path = `/v1/connections/${stand.connectionId}`;
    const read = await desk.foretell('POST', `${path}/sync`);
    await send('POST', `${path}/sync`);
    const impact = await desk.foretell('POST', `${path}/accept`, {});
    await send('POST', `${path}/accept`, {});
    const { refused, changed } = read.replayed;
    assert.deepEqual(happened(was, await stand.make(calls)), { refused, changed });
    return { read, impact, tools: await toolsOf(stand.connectionId) };
  } finally {
    Object.assign(desk.store.document, original);
  }
}

describe('the impact on what agents are not served', () => {
  it('a tool that a service brings is told when it is read and when it is accepted, and hits nobody', async () => {
    const stand = await drifting({});
    const { read, impact, tools } = await accepting(stand, (paths) => {
      paths['/orders/{id}'].put = { ...paths['/orders/{id}'].get, operationId: 'close_order' };
    });
    for (const told of [read, impact]) {
      assert.deepEqual(rowsOf(told), [['close_order', 'added', [], []]]);
      assert.deepEqual(whoIn(told), nobody);
    }
    assert.equal(tools.get('close_order').is_enabled, false);
    const on = await desk.foretell('PATCH', `/v1/tools/${tools.get('close_order').id}`, { is_enabled: true });
    assert.deepEqual(rowsOf(on), [['close_order', 'added', [], []]]);
    assert.equal(on.packs.length, 1);
  });

  it('a rule and a path that go stale on a tool that is off are told, and are what then is stale', async () => {
    const map = { field_mappings: [{ path: 'id' }, { path: 'status' }] };
    const inputs = { email: { mode: 'default', value: 'a@shop.example' }, currency: { enum: ['EUR'] } };
    const off = { is_enabled: false, inputs, response_field_map: map };
    const stand = await drifting({ create_order: off });
    const { read, impact, tools } = await accepting(stand, (paths) => {
      const { requestBody, responses } = paths['/orders'].post;
      delete requestBody.content['application/json'].schema.properties.email;
      const { id } = responses[201].content['application/json'].schema.properties;
      responses[201].content['application/json'].schema = { type: 'object', properties: { id } };
    });
    for (const told of [read, impact]) {
      assert.deepEqual(rowsOf(told), [['create_order', 'breaking', ['email'], ['status']]]);
      assert.deepEqual(whoIn(told), nobody);
    }
    const { stale_inputs, stale_paths } = tools.get('create_order');
    assert.deepEqual([stale_inputs, stale_paths], [['email'], ['status']]);
  });

  it('a tool that goes is told with all that was said of it, on or off', async () => {
    const map = { field_mappings: [{ path: 'id' }] };
    const inputs = { id: { mode: 'default', value: 7 } };
    const stand = await drifting({
      get_order: { inputs, response_field_map: map },
      delete_order: { is_enabled: false, inputs },
    });
    const { read, impact } = await accepting(stand, (paths) => void delete paths['/orders/{id}']);
    assert.deepEqual(rowsOf(read), [
      ['delete_order', 'removed', ['id'], []],
      ['get_order', 'removed', ['id'], ['id']],
    ]);
    assert.deepEqual(
      read.packs.map(({ id }: Json) => id),
      [stand.packId],
    );
    // What went is refused since it was read: to accept it does nothing more.
    assert.deepEqual(rowsOf(impact), []);
  });

  it('what is only turned off, or taken out of a pack, makes nothing stale', async () => {
    const inputs = { id: { mode: 'default', value: 7 } };
    const stand = await drifting({ get_order: { inputs } });
    const told = [
      await desk.foretell('PATCH', `/v1/tools/${stand.tools.get('get_order').id}`, { is_enabled: false }),
      await desk.foretell('PUT', `/v1/packs/${stand.packId}/entries/${stand.slug}`, {
        selection: 'exactly',
        tools: ['list_orders', 'create_order', 'delete_order'],
      }),
      await desk.foretell('DELETE', `/v1/packs/${stand.packId}`),
    ];
    for (const impact of told) {
      const row = rowsOf(impact).find(([name]) => name === 'get_order');
      assert.deepEqual(row, ['get_order', 'removed', [], []]);
    }
  });

  it('of a tool that is off its words and limits hit nobody', async () => {
    const stand = await drifting({ get_order: { is_enabled: false } });
    const words = { description: 'Reads it.', max_calls_per_turn: 3, requires_confirmation: true };
    const impact = await desk.foretell('PATCH', `/v1/tools/${stand.tools.get('get_order').id}`, words);
    assert.deepEqual([rowsOf(impact), whoIn(impact)], [[], nobody]);
  });

  it('of an upgrade: what it brings, what goes, and what goes stale on a tool that is off', async () => {
    const service = await httpService((seen, response) => sendJson(response, { url: seen.url }));
    try {
      const release = (version: number, more?: object) =>
        send('POST', '/v1/catalog', itemsFile(version, service.url, more));
      await release(1);
      const { id } = await send('POST', '/v1/connections', {
        kind: 'catalog',
        connector: 'items',
        nickname: 'Items',
      });
      const stand = await desk.standOf(id, () => service.requests.map(({ url }) => url));
      const curate = (name: string, body: object) =>
        send('PATCH', `/v1/tools/${stand.tools.get(name).id}`, body);
      const pin = { mode: 'pinned', value: 'x' };
      await curate('list_boxes', { is_enabled: false, inputs: { room: pin } });
      await curate('find_items', { is_enabled: false, inputs: { q: pin, owner: pin } });
      const made: readonly Call[] = [['move_item', { id: '7', room: 'hall' }]];
      const was = await stand.make(made);
      await release(2);
      await release(3);
      const [find] = itemsOf(4, service.url);
      const { owner: _owner, ...input } = find.input;
      await release(4, { tools: [{ ...find, input }, ...itemsOf(4, service.url).slice(1)] });
      const path = `/v1/connections/${id}/upgrade`;
      const { impact } = await desk.foretell('POST', path, {});
      assert.deepEqual(rowsOf(impact), [
        ['count_items', 'added', [], []],
        ['list_boxes', 'removed', ['room'], []],
        ['move_item', 'widening', [], []],
        ['search', 'breaking', ['owner'], []],
      ]);
      await send('POST', path, {});
      const tools = await toolsOf(id);
      assert.deepEqual(tools.get('search').stale_inputs, ['owner']);
      assert.equal(tools.get('count_items').is_enabled, false);
      const { refused, changed } = impact.replayed;
      assert.deepEqual(happened(was, await stand.make(made)), { refused, changed });
    } finally {
      await service.close();
    }
  });
});

const itemsOf = (version: number, url: string): Json[] => (itemsFile(version, url) as Json).tools;

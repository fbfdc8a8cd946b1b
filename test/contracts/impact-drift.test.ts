import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { httpService, sendJson } from '../fakes/http-service.ts';
import { result, scriptedMcp, textResult, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import type { Json } from '../world.ts';
import { happened, openImpactDesk, type Call, type ImpactDesk, type Stand } from './impact-desk.ts';
import { itemsFile } from './upgrade-desk.ts';

let desk: ImpactDesk;
let server: ScriptedMcp;
let tools: readonly object[] = [];
before(async () => {
  desk = await openImpactDesk();
  server = await scriptedMcp({
    era: 'legacy',
    tools: () => ({ tools }),
    call: (message, response) => result(response, message.id, textResult(JSON.stringify(message.params))),
  });
});
after(async () => {
  await desk.close();
  await server.close();
});

const send = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const { status, text, json } = await desk.world.fetchJson(method, path, body);
  assert.ok(status < 300, text);
  return json?.data ?? json;
};

/** Foretells twice alike, by both contracts; then does it, makes the same calls again, and compares. */
async function holds(stand: Stand, calls: readonly Call[], change: () => Promise<void>): Promise<Json> {
  const was = await stand.make(calls);
  await change();
  const own = `/v1/connections/${stand.connectionId}`;
  const theirs = `/v1/integrations/connections/${stand.connectionId}`;
  const read = await desk.foretell('POST', `${own}/sync`);
  assert.deepEqual(await desk.foretell('POST', `${theirs}/sync`), read);
  await send('POST', `${own}/sync`);
  const impact = await desk.foretell('POST', `${own}/accept`, {});
  assert.deepEqual(await desk.foretell('POST', `${theirs}/accept`, {}), impact);
  assert.equal(impact.replayed.calls, calls.length);
  const between = happened(was, await stand.make(calls));
  await send('POST', `${own}/accept`, {});
  const is = await stand.make(calls);
  const { refused, changed, undecidable } = read.replayed;
  assert.equal(undecidable, 0);
  assert.deepEqual(happened(was, is), { refused, changed });
  // What is not served any more is refused as soon as it is known: accepting it has nothing to add.
  assert.equal(between.refused + impact.replayed.refused, refused);
  return { read, impact, between };
}

describe('the impact of an upgrade', () => {
  it('is what then happens to calls: renamed tools are called by their old names in vain', async () => {
    const service = await httpService((seen, response) => sendJson(response, { url: seen.url }));
    try {
      await send('POST', '/v1/catalog', itemsFile(1, service.url));
      const { id } = await send('POST', '/v1/connections', {
        kind: 'catalog',
        connector: 'items',
        nickname: 'Items',
      });
      const seen = () => service.requests.map(({ method, url, body }) => [method, url, body.toString()]);
      const stand = await desk.standOf(id, seen);
      await send('PATCH', `/v1/tools/${stand.tools.get('find_items').id}`, {
        inputs: { owner: { mode: 'pinned', value: 'me' } },
      });
      const calls: readonly Call[] = [
        ['find_items', { q: 'lamp', sort: 'new' }],
        ['find_items', { sort: 'sideways' }],
        ['list_boxes', { room: 'hall' }],
        ['move_item', { id: '7', room: 'hall' }],
      ];
      const was = await stand.make(calls);
      await send('POST', '/v1/catalog', itemsFile(2, service.url));
      await send('POST', '/v1/catalog', itemsFile(3, service.url));
      await send('POST', '/v1/catalog', itemsFile(4, service.url));
      const path = `/v1/connections/${id}/upgrade`;
      for (const [version, refused] of [
        [3, 1],
        [4, 2],
      ]) {
        const body = { target_version: version };
        const { impact, migration_applied: isApplied } = await desk.foretell('POST', path, body);
        assert.equal(isApplied, false);
        assert.deepEqual([impact.replayed.refused, impact.replayed.changed], [refused, 0]);
        assert.equal(impact.tools[0].class, 'breaking');
        assert.ok(impact.tools[0].diff.some((one: Json) => one.path === '/name'));
        assert.deepEqual(impact.tools[0].stale_inputs, []);
      }
      await send('POST', path, { target_version: 4 });
      assert.deepEqual(happened(was, await stand.make(calls)), { refused: 2, changed: 0 });
    } finally {
      await service.close();
    }
  });
});

describe('the impact of accepting what a service changed', () => {
  it('of a document: an enum narrowed, a field gone, one more required, an operation gone and one new', async () => {
    const original = structuredClone(desk.store.document);
    const { id } = await send('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Drifting',
      document_url: desk.store.documentUrl,
      auth: { type: 'api_key', api_key: 'shop-key-1' },
    });
    const stand = await desk.standOf(id, () =>
      desk.store.calls().map(({ method, url, body }) => [method, url, body.toString()]),
    );
    await send('PATCH', `/v1/tools/${stand.tools.get('list_orders').id}`, {
      inputs: { note: { mode: 'default', value: 'none' } },
    });
    const calls: readonly Call[] = [
      ['list_orders', { status: 'open' }],
      ['list_orders', { status: 'paid' }],
      ['list_orders', { note: 'mine' }],
      ['create_order', { customer_id: 1 }],
      ['create_order', { customer_id: 1, currency: 'EUR' }],
      ['get_order', { id: 7 }],
    ];
    try {
      const { read, impact } = await holds(stand, calls, async () => {
        const paths = desk.store.document['paths'] as Json;
        const [limit, status] = paths['/orders'].get.parameters;
        paths['/orders'].get.parameters = [limit, { ...status, schema: { type: 'string', enum: ['open'] } }];
        paths['/orders'].post.requestBody.content['application/json'].schema.required = [
          'customer_id',
          'currency',
        ];
        paths['/orders/{id}'].put = { ...paths['/orders/{id}'].get, operationId: 'close_order' };
        delete paths['/orders/{id}'].get;
      });
      const said = new Map(read.tools.map((tool: Json) => [tool.slug.replace(/^.*__/, ''), tool]));
      const list = said.get('list_orders') as Json;
      assert.deepEqual([list.class, list.stale_inputs], ['breaking', ['note']]);
      assert.equal((said.get('create_order') as Json).class, 'breaking');
      assert.equal((said.get('get_order') as Json).class, 'removed');
      assert.equal(said.has('delete_order'), false);
      for (const told of [read, impact]) {
        const fresh = told.tools.find(({ slug }: Json) => slug.endsWith('__close_order'));
        assert.deepEqual([fresh?.class, fresh?.diff], ['added', []]);
      }
      assert.deepEqual(
        impact.packs.map((pack: Json) => pack.id),
        [stand.packId],
      );
    } finally {
      Object.assign(desk.store.document, original);
    }
  });

  it('of a server: a pin on a field that is gone blocks every call', async () => {
    const properties = { city: { type: 'string' }, unit: { type: 'string' } };
    tools = [{ name: 'forecast', inputSchema: { type: 'object', properties } }];
    const { id } = await send('POST', '/v1/connections', {
      kind: 'mcp',
      nickname: 'Weather',
      server_url: server.url,
      auth: { type: 'none' },
    });
    const requests = () =>
      server.messages
        .filter(({ method }) => method === 'tools/call')
        .map(({ params }) => params?.['arguments']);
    const stand = await desk.standOf(id, requests);
    await send('PATCH', `/v1/tools/${stand.tools.get('forecast').id}`, {
      inputs: { unit: { mode: 'pinned', value: 'C' } },
    });
    const calls: readonly Call[] = [
      ['forecast', { city: 'Oslo' }],
      ['forecast', {}],
    ];
    const { read, between } = await holds(stand, calls, async () => {
      tools = [
        { name: 'forecast', inputSchema: { type: 'object', properties: { city: { type: 'string' } } } },
      ];
    });
    assert.deepEqual(read.tools[0].stale_inputs, ['unit']);
    assert.deepEqual([read.replayed.refused, between.refused], [2, 2]);
  });

  it('of a service that cannot be asked is its failure, and nothing is written', async () => {
    const { id } = await send('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'By hand',
      document: desk.store.document,
    });
    const before = await desk.traces();
    const { status, json } = await desk.world.fetchJson('POST', `/v1/connections/${id}/sync?dry_run=true`);
    assert.deepEqual([status, json.error.code], [409, 'nothing_to_sync']);
    assert.deepEqual(await desk.traces(), before);
  });
});

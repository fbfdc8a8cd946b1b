import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import type { Json } from '../world.ts';
import { speak } from './agents-desk.ts';
import { openImpactDesk, type Call, type ImpactDesk, type Stand } from './impact-desk.ts';

let desk: ImpactDesk;
before(async () => void (desk = await openImpactDesk()));
after(() => desk.close());

const calls: readonly Call[] = [
  ['list_orders', { status: 'open' }],
  ['get_order', { id: 7 }],
];
const send = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const { status, text, json } = await desk.world.fetchJson(method, path, body);
  assert.ok(status < 300, text);
  return json?.data ?? json;
};
const refusedOf = ({ replayed }: Json): number => replayed.refused;
const slugsOf = ({ tools }: Json): readonly string[] => tools.map((tool: Json) => tool.slug);

describe('a dry run', () => {
  it('of a change that has none is refused at dry_run, and nothing is done', async () => {
    const { json: api } = await desk.world.fetchJson('GET', '/openapi.json');
    const before = await desk.traces();
    const asked: string[] = [];
    for (const [path, methods] of Object.entries<Json>(api.paths)) {
      for (const [method, operation] of Object.entries<Json>(methods)) {
        const known = (operation.parameters ?? []).some(({ name }: Json) => name === 'dry_run');
        if (method === 'get' || known || /^\/(mcp|connect)\/|\/mcp\/$/.test(path)) continue;
        const at = path.replaceAll(/\{\w+\}/g, '12b7717d-6406-8bb4-8b6d-4ef83b12b771');
        const body = method === 'delete' ? undefined : {};
        const { status, text } = await desk.world.fetchJson(method.toUpperCase(), `${at}?dry_run=true`, body);
        assert.ok([400, 422].includes(status), `${method} ${path}: ${status} ${text}`);
        assert.match(text, /dry_run/, `${method} ${path}`);
        asked.push(`${method} ${path}`);
      }
    }
    assert.ok(asked.includes('post /v1/calls') && asked.includes('delete /v1/connections/{id}'));
    assert.deepEqual(await desk.traces(), before);
  });

  it('that says neither yes nor no is refused, and nothing is done', async () => {
    const stand = await desk.stand();
    const before = await desk.traces();
    for (const said of ['', 'perhaps', 'true ']) {
      const query = new URLSearchParams({ dry_run: said }).toString();
      const { status } = await desk.world.fetchJson('DELETE', `/v1/packs/${stand.packId}?${query}`);
      assert.equal(status, 422, said);
    }
    assert.deepEqual(await desk.traces(), before);
  });

  it('is another request than the change, to an Idempotency-Key too', async () => {
    const stand = await desk.stand();
    const path = `/v1/tools/${stand.tools.get('get_order').id}`;
    const ask = (at: string) =>
      desk.world.ask('PATCH', at, {
        body: { is_enabled: false },
        headers: { 'Idempotency-Key': 'try-then-do' },
      });
    assert.equal((await ask(`${path}?dry_run=true`)).status, 200);
    const real = await ask(path);
    assert.deepEqual([real.status, real.json.error.code], [409, 'idempotency_key_reused']);
    assert.equal((await send('GET', path)).is_enabled, true);
  });

  it('names calls only to a key that may read calls', async () => {
    const stand = await desk.stand();
    await stand.make(calls);
    const path = `/v1/tools/${stand.tools.get('list_orders').id}?dry_run=true`;
    const { key } = await send('POST', '/v1/keys', { name: 'curator', scopes: ['tools:write'] });
    const [all, blind] = await Promise.all(
      [undefined, key].map(async (own) => {
        const { status, text, json } = await desk.world.fetchJson('PATCH', path, { is_enabled: false }, own);
        assert.equal(status, 200, text);
        return json.data;
      }),
    );
    assert.equal(all.replayed.examples.length, 1);
    assert.deepEqual(blind, { ...all, replayed: { ...all.replayed, examples: [] } });
  });

  it('goes on where what was kept of a call cannot be read', async () => {
    const stand = await desk.stand();
    await stand.make(calls);
    await desk.world.crib.database.transaction('system', async (tx) => {
      await sql`delete from call_arguments where connection_id = ${stand.connectionId}`.execute(tx.kysely);
      await sql`insert into call_arguments (organization_id, call_id, connection_id, tool_id, pack_id, outcome,
        kept_at, arguments, key_version) select s.organization_id, s.call_id, s.connection_id, s.tool_id, s.pack_id,
        'ok', s.started_at, ${Buffer.alloc(40)}, 1 from call_starts s where s.connection_id = ${stand.connectionId}`.execute(
        tx.kysely,
      );
    });
    const impact = await desk.foretell('PATCH', `/v1/tools/${stand.tools.get('list_orders').id}`, {
      inputs: { limit: { mode: 'pinned', value: 3 } },
    });
    const { refused, changed, undecidable } = impact.replayed;
    assert.deepEqual({ refused, changed, undecidable }, { refused: 0, changed: 0, undecidable: 1 });
  });
});

describe('tried first can be', () => {
  it('a pack that goes, by both contracts', async () => {
    for (const path of ['/v1/packs/', '/api/v1/tool-packs/']) {
      const stand = await desk.stand();
      await stand.make(calls);
      const impact = await desk.foretell('DELETE', `${path}${stand.packId}`);
      assert.equal(refusedOf(impact), 2);
      assert.deepEqual(
        impact.packs.map(({ id }: Json) => id),
        [stand.packId],
      );
      await send('DELETE', `${path}${stand.packId}`);
    }
  });

  it('a connection, or all of its tools, taken out of service, by every contract that can', async () => {
    const stand = await desk.stand();
    await stand.make(calls);
    const { connectionId: id } = stand;
    const instance = `/v1/orgs/default/workspaces/default/tool-instances/${id}`;
    const told = [
      await desk.foretell('PATCH', `/v1/connections/${id}`, { is_active: false }),
      await desk.foretell('PATCH', `/v1/integrations/connections/${id}`, { is_active: false }),
      await desk.foretell('PATCH', `/v1/integrations/connections/${id}/tools`, { is_enabled: false }),
      await desk.foretell('POST', `${instance}/toggle?is_active=false`),
      await desk.foretell('PUT', instance, { is_active: false }),
    ];
    for (const impact of told) assert.deepEqual(impact, told[0]);
    assert.deepEqual([refusedOf(told[0]), slugsOf(told[0]).length], [2, 4]);
    const { impact } = await desk.foretell('POST', `${instance}/upgrade`, {});
    assert.deepEqual(impact.tools, []);
  });

  it('descriptions of a pack', async () => {
    const stand = await desk.stand();
    const path = `/api/v1/tool-packs/${stand.packId}/tool-description-overrides/`;
    const wish = { connector_slug: stand.slug, tool_name: 'get_order', description: 'Reads one.' };
    const { tools } = await desk.foretell('PATCH', path, [wish]);
    assert.deepEqual(
      tools.map((tool: Json) => [tool.class, tool.diff.map(({ path: at }: Json) => at)]),
      [['text', ['/description']]],
    );
  });

  it('an agent’s tools, on its own calls', async () => {
    const stand = await desk.stand();
    const tool = (name: string) => ({ name, connector_id: stand.connectionId });
    const agent = await send('POST', '/v1/agents', {
      handle: 'Tried',
      tools: [tool('list_orders'), tool('get_order')],
    });
    await stand.make(calls);
    const call = { name: `${stand.slug}__get_order`, arguments: { id: 7 } };
    const answer = await speak(desk.world, '/mcp/agents/Tried', agent.key, 'tools/call', call);
    assert.equal(answer.json.result.isError, false, answer.text);
    await desk.world.crib.gateway.drain();
    const path = `/v1/agents/${agent.id}`;
    const impact = await desk.foretell('PATCH', path, { tools: [tool('list_orders')] });
    assert.deepEqual(slugsOf(impact), [`${stand.slug}__get_order`]);
    assert.deepEqual([impact.replayed.calls, refusedOf(impact)], [1, 1]);
    assert.deepEqual([impact.packs, impact.agents.map(({ handle }: Json) => handle)], [[], ['Tried']]);
    assert.equal(slugsOf(await desk.foretell('PATCH', path, { is_active: false })).length, 2);
    assert.equal(await stillServes(stand), true);
  });
});

async function stillServes(stand: Stand): Promise<boolean> {
  return (await stand.make(calls)).every(({ refused }) => !refused);
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import type { Json } from '../world.ts';
import { connections, openDriftDesk, type DriftDesk, type Drifting } from './drift-desk.ts';

// What a person makes of what is held: accepted in parts or whole, taken back, and versions of a connection's own.

const text = { type: 'string' };
const tool = (name: string, properties: object = { query: text }, more: object = {}) => ({
  name,
  description: 'Finds.',
  inputSchema: { type: 'object', properties },
  annotations: { readOnlyHint: true },
  ...more,
});

let desk: DriftDesk;
let service: Fake;
let document: Json;
before(async () => {
  service = await httpService((seen, response) =>
    sendJson(response, seen.url === '/openapi.json' ? document : { ok: true }),
  );
  desk = await openDriftDesk();
});
after(async () => {
  await desk.close();
  await service.close();
});

const ask = (method: string, path: string, body?: unknown) => desk.world.fetchJson(method, path, body);
const make = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await ask(method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
  return answer.json.data ?? answer.json;
};
const accept = (drifting: Pick<Drifting, 'id'>, body: object = {}) =>
  make('POST', `/v1/connections/${drifting.id}/accept`, body);
const upgrade = (drifting: Pick<Drifting, 'id'>, version?: number) =>
  ask('POST', `/v1/connections/${drifting.id}/upgrade`, version ? { target_version: version } : undefined);
const versionsOf = (drifting: Pick<Drifting, 'id'>) => make('GET', `/v1/connections/${drifting.id}/versions`);
const servedNames = async (drifting: Drifting) => (await drifting.served()).map(({ name }: Json) => name);

/** A connection of which three things are held: `find` changed, `drop` went, `fresh` is new. */
async function held(nickname: string): Promise<Drifting> {
  const drifting = await desk.connect(nickname, [tool('find'), tool('drop')]);
  drifting.list([tool('find', { query: text, page: text }), tool('fresh')]);
  await drifting.sync();
  return drifting;
}

describe('accept', () => {
  test('takes all that is held, as a new version with an audit row that has the diff', async () => {
    const drifting = await held('All');
    assert.deepEqual(await servedNames(drifting), ['find']);
    const state = await versionsOf(drifting);
    assert.deepEqual(
      [state.schema_version, state.latest_schema_version, state.upgrade_available],
      [1, 2, true],
    );
    const { schema_version: version, accepted } = await accept(drifting);
    assert.equal(version, 2);
    assert.deepEqual(
      accepted.map(({ slug, kind, class: of }: Json) => [slug, kind, of]),
      [
        ['all__find', 'changed', 'widening'],
        ['all__drop', 'removed', 'removed'],
        ['all__fresh', 'added', 'added'],
      ],
    );
    const [found] = await drifting.served();
    assert.ok(found.inputSchema.properties.page);
    assert.equal((await drifting.tool('fresh')).is_enabled, false);
    assert.equal((await drifting.tool('find')).held, null);
    const audit = await make('GET', '/v1/audit?action=connection.accepted&limit=1');
    assert.deepEqual(audit[0].changes.version, { from: 1, to: 2 });
    const [said] = audit[0].changes.tools;
    assert.equal(said.diff[0].path, '/input_schema/properties/page');
    const after = await versionsOf(drifting);
    assert.deepEqual([after.schema_version, after.upgrade_available], [2, false]);
  });

  test('takes these tools alone; the others wait on', async () => {
    const drifting = await held('Part');
    const { id } = await drifting.tool('find');
    const answer = await ask('POST', `${connections}/${drifting.id}/accept`, { tool_ids: [id] });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.id, drifting.id);
    assert.equal((await drifting.tool('find')).held, null);
    assert.equal((await drifting.tool('fresh')).held.kind, 'added');
    assert.equal((await drifting.tool('drop')).held.kind, 'removed');
    assert.equal((await versionsOf(drifting)).schema_version, 2);
  });

  test('with digests takes what was looked at, or nothing where the service says something else by now', async () => {
    const drifting = await held('Looked');
    const seen = async (): Promise<string[]> => {
      const { tools } = await drifting.connection();
      return tools.flatMap((one: Json) => (one.held ? [one.held.digest] : []));
    };
    const digests = await seen();
    assert.equal(digests.length, 3);
    drifting.list([tool('find', { page: text, secret: text })]);
    await drifting.sync();
    const before = (await drifting.tool('find')).held;
    for (const path of [connections, '/v1/connections']) {
      const { status, text: said } = await ask('POST', `${path}/${drifting.id}/accept`, { digests });
      assert.equal(status, 409, said);
      assert.match(said, /What is held is not what was looked at: looked__find/);
      assert.equal((await ask('POST', `${path}/${drifting.id}/accept`, { digests: [] })).status, 409);
    }
    assert.deepEqual((await drifting.tool('find')).held, before);
    assert.equal((await versionsOf(drifting)).schema_version, 1);
    const drop = (await drifting.tool('drop')).id;
    const one = await accept(drifting, { tool_ids: [drop], digests });
    assert.deepEqual(
      one.accepted.map(({ kind }: Json) => kind),
      ['removed'],
    );
    const rest = await accept(drifting, { digests: await seen() });
    assert.equal(rest.accepted.length, 1);
  });

  test('of nothing held changes nothing', async () => {
    const drifting = await desk.connect('Nothing', [tool('find')]);
    const before = await versionsOf(drifting);
    assert.deepEqual(await accept(drifting), { schema_version: 1, accepted: [] });
    assert.deepEqual(await accept(drifting, { tool_ids: [] }), { schema_version: 1, accepted: [] });
    assert.deepEqual(await versionsOf(drifting), before);
  });

  test('of a tool that is not the connection’s is refused at its place, whoever’s it is', async () => {
    const drifting = await held('Mine');
    const other = await desk.connect('Other', [tool('find')]);
    const own = (await drifting.tool('find')).id;
    const foreign = (await other.tool('find')).id;
    for (const id of [foreign, '00000000-0000-8000-8000-000000000000']) {
      const body = { tool_ids: [own, id] };
      const { status, json } = await ask('POST', `${connections}/${drifting.id}/accept`, body);
      assert.equal(status, 422);
      assert.deepEqual(json.detail[0].loc, ['body', 'tool_ids', 1]);
    }
    assert.notEqual((await drifting.tool('find')).held, null);
  });

  test('keeps rules that no longer suit what was accepted, and names them', async () => {
    const drifting = await desk.connect('Stale', [tool('find')]);
    await drifting.patchTool('find', { input_defaults: { query: { value: 'tea', type: 'pinned' } } });
    drifting.list([tool('find', { words: text })]);
    await drifting.sync();
    const { accepted } = await accept(drifting);
    assert.deepEqual(accepted[0].stale_inputs, ['query']);
    assert.deepEqual((await drifting.tool('find')).input_defaults, {
      query: { value: 'tea', type: 'pinned' },
    });
  });

  test('of a connection of the catalog is 409: it moves whole', async () => {
    await make('POST', '/v1/catalog', {
      slug: 'things',
      version: 1,
      name: 'Things',
      description: 'Things.',
      categories: [],
      source_url: null,
      logo_url: null,
      changelog: 'First.',
      kind: 'http',
      base_url: service.url,
      auth: [{ type: 'none' }],
      tools: [],
    });
    const made = await make('POST', '/v1/connections', { kind: 'catalog', connector: 'things' });
    const refused = await ask('POST', `/v1/connections/${made.id}/accept`, {});
    assert.equal(refused.status, 409, refused.text);
    assert.equal(refused.json.error.code, 'upgrades_whole');
    assert.equal((await ask('POST', `${connections}/${made.id}/accept`, {})).status, 409);
  });
});

describe('what is accepted', () => {
  test('is sealed where it calls secret what was pinned in plain: by a person, and by a policy', async () => {
    for (const policy of ['hold', 'follow']) {
      const value = `in-plain-until-now-${policy}`;
      const drifting = await desk.connect(`Secret ${policy}`, [tool('find')]);
      await drifting.patchTool('find', { input_defaults: { query: { value, type: 'pinned' } } });
      const pack = await make('POST', '/v1/packs', {
        name: `Pinned ${policy}`,
        entries: [
          { slug: drifting.slug, overrides: { find: { inputs: { query: { mode: 'pinned', value } } } } },
        ],
      });
      drifting.list([tool('find', { query: { ...text, writeOnly: true } })]);
      await drifting.policy(policy);
      await drifting.sync();
      if (policy === 'hold') await accept(drifting);
      for (const path of [`/v1/packs/${pack.id}`, `/v1/connections/${drifting.id}/tools`]) {
        const read = await ask('GET', path);
        assert.equal(read.status, 200);
        assert.ok(!read.text.includes(value), path);
      }
      await drifting.call('find');
      assert.equal(drifting.sent().query, value);
    }
  });
});

describe('versions of a connection’s own', () => {
  test('upgrade accepts all that is held, once', async () => {
    const drifting = await held('Up');
    const { json } = await upgrade(drifting);
    assert.deepEqual(json.data, {
      previous_version: 1,
      new_version: 2,
      migration_applied: true,
      changelog: 'Accepted: 1 changed, 1 added, 1 removed.',
    });
    const again = await upgrade(drifting);
    assert.deepEqual(
      [again.json.data.migration_applied, again.json.data.previous_version, again.json.data.new_version],
      [false, 2, 2],
    );
  });

  test('a rollback serves what was accepted then, and what is said now waits', async () => {
    const drifting = await held('Back');
    const before = await drifting.served();
    await upgrade(drifting);
    await make('PATCH', `/v1/tools/${(await drifting.tool('fresh')).id}`, { is_enabled: true });
    assert.deepEqual(await servedNames(drifting), ['find', 'fresh']);
    const back = await upgrade(drifting, 1);
    assert.equal(back.status, 200, back.text);
    assert.deepEqual([back.json.data.migration_applied, back.json.data.new_version], [true, 1]);
    assert.deepEqual(await drifting.served(), before);
    const kinds = async () => {
      const all = await Promise.all(['find', 'drop', 'fresh'].map((name) => drifting.tool(name)));
      return all.map((one) => one.held?.kind ?? null);
    };
    assert.deepEqual(await kinds(), ['changed', 'removed', 'added']);
    assert.equal((await drifting.tool('fresh')).is_enabled, false);
    await drifting.sync();
    assert.deepEqual(await kinds(), ['changed', 'removed', 'added'], 'a listing of the same moves nothing');
    assert.deepEqual(await drifting.served(), before);
    // What it is accepted as from then on is a version that has never been.
    const state = await versionsOf(drifting);
    assert.deepEqual([state.schema_version, state.latest_schema_version], [1, 3]);
    assert.equal((await upgrade(drifting)).json.data.new_version, 3);
    assert.equal((await upgrade(drifting, 2)).json.data.new_version, 2);
    const never = await upgrade(drifting, 9);
    assert.equal(never.status, 422, never.text);
    assert.equal(never.json.error.param, '/target_version');
  });

  test('what was accepted of an imported document is a version of its connector', async () => {
    const operation = (id: string) => ({
      get: { operationId: id, responses: { 200: { description: 'ok' } } },
    });
    document = {
      openapi: '3.1.0',
      info: { title: 'Sky', version: '1' },
      servers: [{ url: service.url }],
      paths: { '/sky': operation('look') },
    };
    const made = await make('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Sky',
      document_url: `${service.url}/openapi.json`,
    });
    document = { ...document, paths: { ...document.paths, '/stars': operation('count') } };
    await make('POST', `/v1/connections/${made.id}/sync`);
    assert.equal((await accept(made)).schema_version, 2);
    const { versions, tools } = await make('GET', '/v1/catalog/sky');
    assert.deepEqual(versions, [2, 1]);
    assert.deepEqual(
      tools.map(({ name }: Json) => name),
      ['look', 'count'],
    );
    assert.equal((await upgrade(made, 1)).json.data.migration_applied, true);
    assert.equal((await upgrade(made)).json.data.new_version, 3);
  });

  test('a policy that accepts some of a document releases no more than that', async () => {
    const operation = (id: string, summary: string) => ({
      get: { operationId: id, summary, responses: { 200: { description: 'ok' } } },
    });
    const written = (paths: object): Json => ({
      openapi: '3.1.0',
      info: { title: 'Sea', version: '1' },
      servers: [{ url: service.url }],
      paths,
    });
    document = written({ '/sea': operation('look', 'Looks.') });
    const made = await make('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Sea',
      document_url: `${service.url}/openapi.json`,
    });
    const policy = await ask('PATCH', `${connections}/${made.id}`, { drift_policy: 'accept_text' });
    assert.equal(policy.status, 200, policy.text);
    document = written({ '/sea': operation('look', 'Looks about.'), '/fish': operation('count', 'Counts.') });
    await make('POST', `/v1/connections/${made.id}/sync`);
    assert.equal((await versionsOf(made)).schema_version, 2);
    const { versions, tools } = await make('GET', '/v1/catalog/sea');
    assert.deepEqual(versions, [2, 1]);
    assert.deepEqual(
      tools.map(({ name, description }: Json) => [name, description]),
      [['look', 'Looks about.']],
    );
    assert.equal((await accept(made)).schema_version, 3);
    assert.equal((await make('GET', '/v1/catalog/sea')).tools.length, 2);
  });
});

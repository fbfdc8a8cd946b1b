import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { sql } from 'kysely';
import { startWorld, type Json, type World } from '../world.ts';
import { openDesk, openServices, type Desk, type Service, type Services } from './tool-packs-desk.ts';

let world: World;
let services: Services;
let desk: Desk;
let tracker: Service;
let pack: Awaited<ReturnType<Desk['pack']>>;
let descriptions: string;
let inputs: string;
before(async () => {
  world = await startWorld();
  services = await openServices();
});
after(async () => {
  await world.close();
  await services.fake.close();
});
beforeEach(async () => {
  desk = await openDesk(world, services);
  tracker = await desk.connect('tracker', ['create_issue', 'list_issues']);
  pack = await desk.pack([{ slug: 'tracker' }]);
  descriptions = `/api/v1/tool-packs/${pack.id}/tool-description-overrides/`;
  inputs = `/api/v1/tool-packs/${pack.id}/tool-input-overrides/`;
});

const everywhere = '/api/v1/connectors/tool-description-overrides/';
const words = (description: string | null, tool = 'list_issues') => ({
  connector_slug: 'tracker',
  tool_name: tool,
  description,
});
const rules = (of: object | null, tool = 'list_issues') => ({
  connector_slug: 'tracker',
  tool_name: tool,
  inputs: of,
});
const toolOf = async (name = 'list_issues'): Promise<Json> =>
  (await desk.ask('GET', pack.path)).json[0].tools.find((tool: Json) => tool.name === name);

describe('description overrides', () => {
  it('the pack’s wins over the connector-wide one, which wins over the service’s', async () => {
    assert.equal((await toolOf()).description, 'Does list_issues.');
    await desk.ask('PATCH', everywhere, [words('For everybody.')]);
    assert.equal((await toolOf()).description, 'For everybody.');
    await desk.ask('PATCH', descriptions, [words('For this pack.')]);
    assert.equal((await toolOf()).description, 'For this pack.');
    await desk.ask('PATCH', descriptions, [words(null)]);
    assert.equal((await toolOf()).description, 'For everybody.');
    await desk.ask('PATCH', everywhere, [words(null)]);
    assert.equal((await toolOf()).description, 'Does list_issues.');
  });

  it('one row per effective override: TOOL_PACK where the pack has its own, else CONNECTOR', async () => {
    const all = await desk.ask('PATCH', everywhere, [words('All.'), words('New ones.', 'create_issue')]);
    const connector = [
      { ...words('New ones.', 'create_issue'), defined_at: 'CONNECTOR' },
      { ...words('All.'), defined_at: 'CONNECTOR' },
    ];
    assert.deepEqual(all.json, connector);
    assert.deepEqual((await desk.ask('GET', everywhere)).json, connector);
    const own = await desk.ask('PATCH', descriptions, [words('Ours.')]);
    const expected = [connector[0], { ...words('Ours.'), defined_at: 'TOOL_PACK' }];
    assert.deepEqual(own.json, expected);
    assert.deepEqual((await desk.ask('GET', descriptions)).json, expected);
    assert.deepEqual((await desk.ask('GET', everywhere)).json, connector);
  });

  it('a pack’s own holds in that pack alone', async () => {
    const other = await desk.pack([{ slug: 'tracker' }]);
    await desk.ask('PATCH', descriptions, [words('Ours.')]);
    assert.equal((await desk.ask('GET', other.path)).json[0].tools[1].description, 'Does list_issues.');
  });

  it('what is listed changes, the rest stays; saying the same again changes nothing', async () => {
    await desk.ask('PATCH', descriptions, [words('One.')]);
    await desk.ask('PATCH', descriptions, [words('Two.', 'create_issue')]);
    assert.equal((await desk.ask('GET', descriptions)).json.length, 2);
    const before = (await desk.ask('GET', `/api/v1/tool-packs/${pack.id}/`)).text;
    await desk.ask('PATCH', descriptions, [words('Two.', 'create_issue')]);
    await desk.ask('PATCH', descriptions, []);
    assert.equal((await desk.ask('GET', `/api/v1/tool-packs/${pack.id}/`)).text, before);
  });

  it('any bad item: 400 with param naming its index, and nothing changes', async () => {
    const bad: [unknown, string][] = [
      [{ ...words('x'), connector_slug: 'nobody' }, '/1/connector_slug'],
      [words('x', 'nothing'), '/1/tool_name'],
      [words('x', 'create_issue'), '/1'],
      [words('', 'list_issues'), '/1/description'],
      [{ connector_slug: 'tracker', tool_name: 'list_issues' }, '/1/description'],
      [{ ...words('x'), defined_at: 'CONNECTOR' }, '/1/defined_at'],
    ];
    for (const path of [descriptions, everywhere]) {
      for (const [item, param] of bad) {
        const { status, json } = await desk.ask('PATCH', path, [words('x', 'create_issue'), item]);
        assert.equal(status, 400);
        assert.equal(json.error.param, param);
      }
      assert.deepEqual((await desk.ask('GET', path)).json, []);
    }
  });

  it('a connector that the pack does not have is refused there', async () => {
    await desk.connect('wiki', ['read_page']);
    const row = { connector_slug: 'wiki', tool_name: 'read_page', description: 'x' };
    assert.equal((await desk.ask('PATCH', descriptions, [row])).json.error.param, '/0/connector_slug');
    assert.equal((await desk.ask('PATCH', everywhere, [row])).status, 200);
  });

  it('survive a PUT of the same connectors and go with their entry', async () => {
    await desk.ask('PATCH', descriptions, [words('Ours.')]);
    await desk.ask('PUT', pack.path, [{ slug: 'tracker', tool_names: ['list_issues'] }]);
    assert.equal((await toolOf()).description, 'Ours.');
    await desk.ask('PUT', pack.path, []);
    await desk.ask('PUT', pack.path, [{ slug: 'tracker' }]);
    assert.equal((await toolOf()).description, 'Does list_issues.');
  });
});

describe('input rules of a pack', () => {
  it('are set, shown, merged field by field, and cleared by null', async () => {
    const pin = { state: { mode: 'pinned', value: 'open' } };
    const set = await desk.ask('PATCH', inputs, [rules(pin)]);
    assert.deepEqual(set.json, [rules(pin)]);
    assert.deepEqual(Object.keys((await toolOf()).input_schema.properties), ['q', 'pass']);
    const more = await desk.ask('PATCH', inputs, [rules({ q: { mode: 'default', value: 'bug' } })]);
    assert.deepEqual(more.json, [rules({ ...pin, q: { mode: 'default', value: 'bug' } })]);
    assert.deepEqual((await desk.ask('GET', inputs)).json, more.json);
    assert.equal((await toolOf()).input_schema.properties.q.default, 'bug');
    const less = await desk.ask('PATCH', inputs, [rules({ state: null })]);
    assert.deepEqual(less.json, [rules({ q: { mode: 'default', value: 'bug' } })]);
    assert.deepEqual((await desk.ask('PATCH', inputs, [rules(null)])).json, []);
    assert.deepEqual(Object.keys((await toolOf()).input_schema.properties).toSorted(), [
      'pass',
      'q',
      'state',
    ]);
  });

  it('hold for calls through that pack alone', async () => {
    await desk.ask('PATCH', inputs, [rules({ state: { mode: 'pinned', value: 'open' } })]);
    const other = await desk.pack([{ slug: 'tracker' }]);
    await desk.call(`/mcp/${pack.id}`, 'tracker__list_issues', { arguments: { q: 'x' } });
    assert.match(tracker.requests().at(-1)!.url, /state=open/);
    await desk.call(`/mcp/${other.id}`, 'tracker__list_issues', { arguments: { q: 'x' } });
    assert.doesNotMatch(tracker.requests().at(-1)!.url, /state/);
    const { body } = await desk.call(`/mcp/${pack.id}`, 'tracker__list_issues', {
      arguments: { state: 'closed' },
    });
    assert.equal(body.result?.['isError'], true);
    assert.equal(tracker.requests().length, 2);
  });

  it('may only narrow: a pack cannot unpin what the connection pins', async () => {
    await tracker.curate('list_issues', {
      inputs: { state: { mode: 'pinned', value: 'open' } },
    });
    for (const rule of [
      { mode: 'default', value: 'closed' },
      { mode: 'pinned', value: 'closed' },
    ]) {
      const { status, json } = await desk.ask('PATCH', inputs, [rules({ state: rule })]);
      assert.equal(status, 400);
      assert.match(json.error.param, /^\/0\/inputs\/state\//);
    }
  });

  it('any bad rule: 400 with its place, and nothing changes', async () => {
    const bad: [object, string][] = [
      [rules({ nothing: { mode: 'pinned', value: 1 } }), '/1/inputs/nothing'],
      [rules({ state: { mode: 'pinned', value: 'ajar' } }), '/1/inputs/state/value'],
      [rules({ state: { mode: 'fixed', value: 'open' } }), '/1/inputs/state/mode'],
      [rules({ state: 'open' }), '/1/inputs/state'],
      [rules({ state: { enum: ['open', 'ajar'] } }), '/1/inputs/state/enum'],
      [{ connector_slug: 'tracker', tool_name: 'list_issues', inputs: [] }, '/1/inputs'],
      [{ ...rules({}), connector_slug: 'nobody' }, '/1/connector_slug'],
      [rules({}, 'nothing'), '/1/tool_name'],
      [rules({}, 'create_issue'), '/1'],
    ];
    const good = rules({ q: { mode: 'default', value: 'x' } }, 'create_issue');
    for (const [item, param] of bad) {
      const { status, json } = await desk.ask('PATCH', inputs, [good, item]);
      assert.equal(status, 400);
      assert.equal(json.error.param, param);
    }
    assert.deepEqual((await desk.ask('GET', inputs)).json, []);
  });

  it('seal the value of a password field: it reads back as null with has_value, and is sent', async () => {
    const rule = { pass: { mode: 'pinned', value: 'hunter2-hunter2' } };
    const { json, text } = await desk.ask('PATCH', inputs, [rules(rule)]);
    assert.deepEqual(json[0].inputs.pass, { mode: 'pinned', value: null, has_value: true });
    assert.doesNotMatch(text, /hunter2/);
    await desk.call(`/mcp/${pack.id}`, 'tracker__list_issues');
    assert.match(tracker.requests().at(-1)!.url, /pass=hunter2-hunter2/);
    const { text: audit } = await desk.ask('GET', '/v1/audit');
    assert.doesNotMatch(audit, /hunter2/);
  });

  it('go with their entry, their pack and their connection, and leave no sealed value behind', async () => {
    const sealed = async (): Promise<number> => {
      const { rows } = await world.crib.database.transaction('system', (tx) =>
        sql<{ count: number }>`select count(*)::int as count from secrets`.execute(tx.kysely),
      );
      return rows[0]!.count;
    };
    const pin = (value: string) => [rules({ pass: { mode: 'pinned', value } })];
    const before = await sealed();
    await desk.ask('PATCH', inputs, pin('hunter2'));
    await desk.ask('PATCH', inputs, pin('hunter3'));
    assert.equal(await sealed(), before + 1);
    await desk.ask('PATCH', pack.path, [{ slug: 'tracker', tool_names: [] }]);
    assert.equal(await sealed(), before);
    await desk.ask('PATCH', pack.path, [{ slug: 'tracker' }]);
    assert.deepEqual((await desk.ask('GET', inputs)).json, []);
    await desk.ask('PATCH', inputs, pin('hunter4'));
    assert.equal(await sealed(), before + 1);
    await desk.ask('DELETE', `/api/v1/tool-packs/${pack.id}/`);
    assert.equal(await sealed(), before);
    const other = await desk.pack([{ slug: 'tracker' }]);
    await desk.ask('PATCH', `/api/v1/tool-packs/${other.id}/tool-input-overrides/`, pin('hunter5'));
    assert.equal(await sealed(), before + 1);
    await desk.ask('DELETE', `/v1/connections/${tracker.id}?force=true`);
    assert.equal(await sealed(), before);
  });
});

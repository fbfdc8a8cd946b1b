import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { speak } from './agents-desk.ts';
import { itemsFile, openItems, type ItemsDesk } from './upgrade-desk.ts';

let world: World;
let service: Fake;
let desk: ItemsDesk;
before(async () => {
  service = await httpService((_seen, response) => sendJson(response, { items: [{ id: 1, name: 'Box' }] }));
  world = await startWorld();
});
after(async () => {
  await world.close();
  await service.close();
});
beforeEach(async () => {
  desk = await openItems(world, service.url);
  await desk.release(1);
});

const versionsOf = (connection: Json) => desk.make('GET', `/v1/connections/${connection.id}/versions`);

/** Everything that is said of the connection, as its readers see it. */
const everything = async (connection: Json): Promise<Json> => ({
  connection: await desk.make('GET', `/v1/connections/${connection.id}`),
  tools: await desk.make('GET', `/v1/connections/${connection.id}/tools?limit=100`),
  packs: await desk.make('GET', '/v1/packs'),
  versions: await versionsOf(connection),
});

/** A connection of which much is said: rules, a map, words, a condition, a pack of some tools and an agent. */
async function curate() {
  const connection = await desk.connect();
  const tools = await desk.tools(connection);
  const find = tools.get('find_items')!;
  await desk.make('PATCH', `/v1/tools/${find.id}`, {
    description: 'Finds what we own.',
    inputs: {
      q: { mode: 'pinned', value: 'lamp' },
      sort: { mode: 'default', value: 'new', enum: ['new'] },
    },
    response_field_map: { field_mappings: [{ path: 'items[].name' }] },
    requires_confirmation: { any: [{ path: 'q', op: 'eq', value: 'everything' }] },
  });
  const pack = await desk.make('POST', '/v1/packs', {
    name: 'Finding',
    entries: [
      {
        slug: 'items',
        auth_scope: 'ORGANIZATION',
        selection: 'exactly',
        tools: ['find_items', 'move_item'],
        overrides: { find_items: { inputs: { owner: { mode: 'pinned', value: 'us' } } } },
      },
    ],
  });
  const agent = await desk.make('POST', '/v1/agents', {
    handle: 'Finder',
    tools: [{ name: 'find_items', connector_id: connection.id }],
  });
  return { connection, find, pack, agent };
}

const at = (agent: Json): string => `/mcp/agents/${agent.handle}`;
const namesOf = async (agent: Json): Promise<readonly string[]> => {
  const { status, text, json } = await speak(world, at(agent), agent.key, 'tools/list');
  assert.equal(status, 200, text);
  return json.result.tools.map(({ name }: Json) => name);
};
/** What the service was asked with last. */
const sentLast = (): URLSearchParams => new URL(service.requests.at(-1)!.url, service.url).searchParams;

describe('a connection stays on its version', () => {
  test('a release moves nothing of it but what is said of the newest version', async () => {
    const connection = await desk.connect();
    const before = await desk.tools(connection);
    await desk.release(2);
    assert.deepEqual(await desk.tools(connection), before);
    const { versions, ...state } = await versionsOf(connection);
    assert.deepEqual(state, {
      schema_version: 1,
      latest_schema_version: 2,
      upgrade_available: true,
      schema_deprecated: false,
    });
    assert.deepEqual(
      versions.map(({ version, changelog, is_current }: Json) => [version, changelog, is_current]),
      [
        [2, 'Version 2 is out.', false],
        [1, 'Version 1 is out.', true],
      ],
    );
    assert.equal(versions[0].used_at, null);
    assert.ok(versions[1].used_at);
  });

  test('below the connector’s minimum it is deprecated and served', async () => {
    const connection = await desk.connect();
    for (const version of [2, 3, 4]) await desk.release(version);
    const state = await versionsOf(connection);
    assert.equal(state.schema_deprecated, true);
    assert.equal(state.latest_schema_version, 4);
    await desk.make('POST', '/v1/packs', { name: 'All', entries: [{ slug: 'items' }] });
    const call = { pack: 'all', tool: 'items__find_items', arguments: { q: 'lamp' } };
    assert.equal((await desk.ask('POST', '/v1/calls', call)).status, 200);
  });

  test('the catalog tells every version with its line', async () => {
    await desk.release(2);
    const { versions, releases } = await desk.make('GET', '/v1/catalog/items');
    assert.deepEqual(versions, [2, 1]);
    assert.deepEqual(releases, [
      { version: 2, changelog: 'Version 2 is out.' },
      { version: 1, changelog: 'Version 1 is out.' },
    ]);
  });
});

describe('upgrade', () => {
  test('goes through every step in order, once; a second does nothing', async () => {
    const connection = await desk.connect();
    for (const version of [2, 3, 4]) await desk.release(version);
    const first = await desk.upgrade(connection);
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(first.json.data, {
      previous_version: 1,
      new_version: 4,
      migration_applied: true,
      changelog: '2: Version 2 is out.\n3: Version 3 is out.\n4: Version 4 is out.',
    });
    const before = await everything(connection);
    const second = await desk.upgrade(connection);
    assert.deepEqual(second.json.data, {
      previous_version: 4,
      new_version: 4,
      migration_applied: false,
      changelog: 'Version 4 is out.',
    });
    assert.deepEqual(await everything(connection), before);
    const { state, rows } = await (async () => {
      const audit = await desk.ask('GET', '/v1/audit?limit=100');
      const own = audit.json.data.filter(({ action }: Json) => action === 'connection.upgraded');
      return { state: before.versions, rows: own };
    })();
    assert.equal(state.upgrade_available, false);
    assert.equal(state.schema_deprecated, false);
    assert.equal(rows.length, 1);
    assert.deepEqual(rows[0].changes.version, { from: 1, to: 4 });
  });

  test('carries pins, defaults, maps, words, conditions, selections and agents’ tools over renames', async () => {
    const { connection, find, pack, agent } = await curate();
    for (const version of [2, 3, 4]) await desk.release(version);
    assert.equal((await desk.upgrade(connection)).status, 200);
    const tools = await desk.tools(connection);
    const search = tools.get('search')!;
    assert.equal(search.id, find.id);
    assert.equal(search.slug, 'items__search');
    assert.equal(search.description, 'Finds what we own.');
    assert.deepEqual(search.inputs, {
      text: { mode: 'pinned', value: 'lamp' },
      sort: { mode: 'default', value: 'newest', enum: ['newest'] },
    });
    assert.deepEqual(search.response_field_map, { field_mappings: [{ path: 'items[].name' }] });
    assert.deepEqual(search.requires_confirmation, {
      any: [{ path: 'text', op: 'eq', value: 'everything' }],
    });
    const { entries } = await desk.make('GET', `/v1/packs/${pack.id}`);
    assert.deepEqual(entries[0].tools, ['search', 'move_item']);
    assert.deepEqual(Object.keys(entries[0].overrides), ['search']);
    assert.equal((await desk.make('GET', `/v1/agents/${agent.id}`)).tools_count, 1);
    assert.deepEqual(await namesOf(agent), ['items__search']);
    const ofAgent = await speak(world, at(agent), agent.key, 'tools/call', {
      name: 'items__search',
      arguments: {},
    });
    assert.deepEqual(ofAgent.json.result.structuredContent, { items: [{ name: 'Box' }] }, ofAgent.text);
    assert.equal(sentLast().get('text'), 'lamp');
    const byOldName = await speak(world, at(agent), agent.key, 'tools/call', {
      name: 'items__find_items',
      arguments: {},
    });
    assert.deepEqual(byOldName.json.error, { code: -32602, message: 'No such tool here.' });

    const called = await desk.ask('POST', '/v1/calls', {
      pack: pack.slug,
      tool: 'items__search',
      arguments: {},
    });
    assert.equal(called.status, 200, called.text);
    const sent = sentLast();
    assert.deepEqual(
      [sent.get('text'), sent.get('sort'), sent.get('owner'), sent.get('q')],
      ['lamp', 'newest', 'us', null],
    );
    assert.deepEqual(called.json.structuredContent, { items: [{ name: 'Box' }] });
    const around = await desk.ask('POST', '/v1/calls', {
      pack: pack.slug,
      tool: 'items__search',
      arguments: { text: 'everything' },
    });
    assert.equal(around.json.isError, true, around.text);
    assert.match(around.json.content[0].text, /"text" is set by the operator/);
    const old = await desk.ask('POST', '/v1/calls', {
      pack: pack.slug,
      tool: 'items__find_items',
      arguments: {},
    });
    assert.deepEqual([old.status, old.json.error?.code], [404, 'unknown_tool'], old.text);
  });

  test('new tools arrive disabled, gone ones stay with what was said of them and are refused', async () => {
    const connection = await desk.connect();
    const all = await desk.make('POST', '/v1/packs', { name: 'All', entries: [{ slug: 'items' }] });
    const said = { inputs: { room: { mode: 'pinned', value: 'attic' } }, description: 'Boxes of the attic.' };
    await desk.make('PATCH', `/v1/tools/${(await desk.tools(connection)).get('list_boxes').id}`, said);
    for (const version of [2, 3, 4]) await desk.release(version);
    await desk.upgrade(connection);
    const tools = await desk.tools(connection);
    const { inputs, description } = tools.get('list_boxes');
    assert.deepEqual({ inputs, description }, said);
    assert.equal(tools.get('count_items').is_enabled, false);
    assert.equal(tools.get('list_boxes').is_enabled, true);
    const call = (tool: string) =>
      desk.ask('POST', '/v1/calls', { pack: all.slug, tool: `items__${tool}`, arguments: {} });
    const reached = service.requests.length;
    const disabled = await call('count_items');
    assert.deepEqual([disabled.status, disabled.json.error?.code], [404, 'unknown_tool'], disabled.text);
    const gone = await call('list_boxes');
    assert.deepEqual([gone.status, gone.json.isError], [200, true], gone.text);
    assert.deepEqual(gone.json.content, [{ type: 'text', text: 'Items no longer has this tool.' }]);
    assert.equal(service.requests.length, reached);
  });

  test('a dry run answers what it would do and changes nothing', async () => {
    const { connection } = await curate();
    for (const version of [2, 3, 4]) await desk.release(version);
    const before = await everything(connection);
    const { status, json, text } = await desk.ask(
      'POST',
      `/v1/connections/${connection.id}/upgrade?dry_run=true`,
      {},
    );
    assert.equal(status, 200, text);
    assert.equal(json.data.new_version, 4);
    assert.equal(json.data.migration_applied, false);
    const told = json.data.impact.tools.map((tool: Json) => [
      tool.slug.replace(/^.*__/, ''),
      tool.class,
      tool.stale_inputs,
    ]);
    assert.deepEqual(told.toSorted(), [
      ['count_items', 'added', []],
      ['list_boxes', 'removed', []],
      ['move_item', 'widening', []],
      ['search', 'breaking', []],
    ]);
    assert.deepEqual(await everything(connection), before);
  });

  test('to a version there is not is refused at target_version', async () => {
    const connection = await desk.connect();
    await desk.release(3, { migrations: [] });
    for (const version of [2, 4]) {
      const refused = await desk.upgrade(connection, version);
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.error.param, '/target_version');
    }
    for (const wrong of ['2', 0, 1.5, true]) {
      const refused = await desk.ask('POST', `/v1/connections/${connection.id}/upgrade`, {
        target_version: wrong,
      });
      assert.equal(refused.status, 422, refused.text);
    }
  });

  test('to a version at another origin needs new credentials', async () => {
    const auth = [{ type: 'bearer' }];
    const fresh = await openItems(world, service.url);
    await fresh.release(1, { auth });
    const connection = await fresh.make('POST', '/v1/connections', {
      kind: 'catalog',
      connector: 'items',
      credential: { token: 'token-of-the-old-origin' },
    });
    await fresh.release(2, { auth, base_url: 'https://elsewhere.example' });
    const refused = await fresh.upgrade(connection);
    assert.equal(refused.status, 409, refused.text);
    assert.equal(refused.json.error.code, 'new_credentials_needed');
    assert.deepEqual(await fresh.make('GET', `/v1/connections/${connection.id}`), connection);
  });

  test('where what was said of two fields would run together, nothing moves', async () => {
    const { connection, find } = await curate();
    await desk.make('PATCH', `/v1/tools/${find.id}`, { inputs: { owner: { mode: 'pinned', value: 'us' } } });
    const file = itemsFile(2, service.url) as Json;
    const [search, ...others] = file.tools;
    const { owner, sort } = search.input;
    await desk.make('POST', '/v1/catalog', {
      ...file,
      tools: [{ ...search, input: { owner, sort } }, ...others],
      migrations: [
        {
          from: 1,
          to: 2,
          rename_tools: { find_items: 'search_items' },
          rename_inputs: { search_items: { q: 'owner' } },
        },
      ],
    });
    const before = await everything(connection);
    const refused = await desk.upgrade(connection);
    assert.equal(refused.status, 409, refused.text);
    assert.equal(refused.json.error.code, 'migration_collision');
    assert.deepEqual(await everything(connection), before);
  });

  test('a step that fails while it is written leaves everything as it was', async () => {
    const { connection } = await curate();
    for (const version of [2, 3, 4]) await desk.release(version);
    const other = await desk.connect('Other');
    const taken = (await desk.tools(other)).get('move_item')!;
    // A slug is nobody else's: the database refuses it after the first rows were written.
    const name = (slug: string) =>
      world.crib.database.transaction({ organizationId: desk.organizationId }, (tx) =>
        sql`update tools set slug = ${slug} where tool_id = ${taken.id}`.execute(tx.kysely),
      );
    await name('items__search');
    const before = await everything(connection);
    const failed = await desk.upgrade(connection);
    assert.equal(failed.status, 500, failed.text);
    assert.deepEqual(await everything(connection), before);
    await name('other__move_item');
    assert.equal((await desk.upgrade(connection)).json.data.migration_applied, true);
  });

  test('of two at once one runs, and the other is refused or has nothing left to do', async () => {
    const connection = await desk.connect();
    await desk.release(2);
    const answers = await Promise.all([desk.upgrade(connection), desk.upgrade(connection)]);
    const ran = answers.filter(({ json }) => json.data?.migration_applied === true);
    const others = answers.filter((answer) => !ran.includes(answer));
    assert.equal(ran.length, 1, answers.map(({ text }) => text).join('\n'));
    for (const { status, json } of others) {
      if (status === 409) assert.equal(json.error.code, 'upgrade_running');
      else assert.equal(json.data.migration_applied, false);
    }
    assert.equal((await desk.upgrade(connection)).json.data.migration_applied, false);
  });

  test('another organization’s connection is absent on every route', async () => {
    const connection = await desk.connect();
    const other = await openItems(world, service.url);
    for (const [method, what] of [
      ['GET', 'versions'],
      ['POST', 'accept'],
      ['POST', 'upgrade'],
    ] as const) {
      const body = method === 'POST' ? {} : undefined;
      const answer = await other.ask(method, `/v1/connections/${connection.id}/${what}`, body);
      assert.equal(answer.status, 404, answer.text);
    }
  });
});

describe('rollback', () => {
  test('undoes renames and values, and what was said comes back with them', async () => {
    const { connection, pack } = await curate();
    const before = await everything(connection);
    for (const version of [2, 3, 4]) await desk.release(version);
    await desk.upgrade(connection);
    const back = await desk.upgrade(connection, 1);
    assert.equal(back.status, 200, back.text);
    assert.deepEqual(back.json.data, {
      previous_version: 4,
      new_version: 1,
      migration_applied: true,
      changelog: 'Back to version 1.',
    });
    const after = await everything(connection);
    const said = (tools: readonly Json[]) =>
      tools.filter(({ name }) => name !== 'count_items').map(({ updated_at: _moved, ...tool }: Json) => tool);
    assert.deepEqual(said(after.tools), said(before.tools));
    const entries = async () => (await desk.make('GET', `/v1/packs/${pack.id}`)).entries;
    assert.deepEqual((await entries())[0].tools, ['find_items', 'move_item']);
    assert.equal((await desk.upgrade(connection, 4)).json.data.migration_applied, true);
    assert.deepEqual((await entries())[0].tools, ['search', 'move_item']);
  });

  test('goes only to a version the connection has been on', async () => {
    for (const version of [2, 3]) await desk.release(version);
    const connection = await desk.connect();
    const refused = await desk.upgrade(connection, 2);
    assert.equal(refused.status, 422, refused.text);
    assert.equal(refused.json.error.param, '/target_version');
    assert.match(refused.json.error.message, /never been on/);
  });
});

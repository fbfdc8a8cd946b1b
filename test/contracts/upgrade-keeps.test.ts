import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { parse } from 'yaml';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { itemsFile, openItems, type ItemsDesk } from './upgrade-desk.ts';

// What an upgrade may not lose: that a call asks, that a secret is one, that limits count on, that a yes was for before.

let world: World;
let service: Fake;
let desk: ItemsDesk;
before(async () => {
  service = await httpService((_seen, response) => sendJson(response, { items: [] }));
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

const sqlOf = <Row>(query: ReturnType<typeof sql<Row>>): Promise<readonly Row[]> =>
  world.crib.database.transaction({ organizationId: desk.organizationId }, async (tx) => {
    return (await query.execute(tx.kysely)).rows;
  });

const packOf = (connection: Json, more: object = {}): Promise<Json> =>
  desk.make('POST', '/v1/packs', {
    name: 'All',
    entries: [{ slug: connection.slug ?? 'items', auth_scope: 'ORGANIZATION', ...more }],
  });

const call = async (tool: string, args: object = {}, turn?: string): Promise<Json> => {
  const body = { pack: 'all', tool: `items__${tool}`, arguments: args };
  const headers: Record<string, string> = turn === undefined ? {} : { 'x-turn-id': turn };
  const { json } = await world.ask('POST', '/v1/calls', { key: desk.key, body, headers });
  return json;
};
const errorOf = (result: Json): string | undefined => {
  const [content] = result.content ?? [];
  return content && result.isError ? JSON.parse(content.text).error : undefined;
};

/** Version 2 of the items with the fields of its search changed. */
function changed(fields: object): object {
  const { tools } = itemsFile(2, service.url) as Json;
  const [search, ...others] = tools;
  return { tools: [{ ...search, input: { ...search.input, ...fields } }, ...others] };
}

describe('an upgrade keeps', () => {
  test('calls asking where their condition cannot be said in the new values', async () => {
    const connection = await desk.connect();
    await packOf(connection);
    const { id } = (await desk.tools(connection)).get('find_items')!;
    const condition = { any: [{ path: 'sort', op: 'matches', value: '^old$' }] };
    await desk.make('PATCH', `/v1/tools/${id}`, { requires_confirmation: condition });
    assert.equal(errorOf(await call('find_items', { sort: 'new' })), undefined);
    await desk.release(2);
    assert.equal((await desk.upgrade(connection)).status, 200);
    assert.equal((await desk.tools(connection)).get('search_items')!.requires_confirmation, true);
    const asked = await call('search_items', { sort: 'oldest' });
    assert.equal(errorOf(asked), 'confirmation_required', JSON.stringify(asked));
    const [row] = await desk.make('GET', '/v1/audit?action=connection.upgraded&limit=1');
    assert.deepEqual(row.changes.asks_always, ['search_items']);
  });

  test('what becomes secret sealed: of the tool, of packs, and in the words it was written in', async () => {
    const value = 'in-plain-until-now';
    const connection = await desk.connect();
    const pinned = { owner: { mode: 'pinned', value } };
    const base = `/v1/orgs/${desk.organizationId}/workspaces/default/tool-instances/${connection.id}`;
    const put = await world.ask('PUT', base, {
      key: desk.key,
      body: { mcp_parameter_overrides: { find_items: { owner: { mode: 'pinned', value } } } },
    });
    assert.equal(put.status, 200, put.text);
    const pack = await packOf(connection, { overrides: { find_items: { inputs: pinned } } });
    await desk.release(2, changed({ owner: { in: 'query', type: 'string', writeOnly: true } }));
    const upgraded = await desk.upgrade(connection);
    assert.equal(upgraded.status, 200, upgraded.text);
    for (const path of [`/v1/packs/${pack.id}`, `/v1/connections/${connection.id}/tools`]) {
      assert.ok(!(await desk.ask('GET', path)).text.includes(value), path);
    }
    const rows = await sqlOf(sql<{ said: string }>`
      select concat(inputs, default_inputs) as said from tools
      union all select written_rules::text from connections
      union all select overrides::text from pack_entries`);
    for (const { said } of rows) assert.ok(!said.includes(value), said);
    await call('search_items');
    const sent = new URL(service.requests.at(-1)!.url, service.url);
    assert.equal(sent.searchParams.get('owner'), value);
  });

  test('a connection’s selection and the words of its overrides', async () => {
    const connection = await desk.connect();
    const base = `/v1/orgs/${desk.organizationId}/workspaces/default/tool-instances/${connection.id}`;
    const override = (field: string, value: string) => ({ [field]: { value, hidden: true } });
    const body = {
      mcp_action_filter: ['find_items', 'move_item'],
      mcp_parameter_overrides: { find_items: { ...override('sort', 'new') } },
    };
    const put = await world.ask('PUT', base, { key: desk.key, body });
    assert.equal(put.status, 200, put.text);
    for (const version of [2, 3, 4]) await desk.release(version);
    assert.equal((await desk.upgrade(connection)).status, 200);
    const { json } = await world.ask('GET', base, { key: desk.key });
    assert.deepEqual(json.mcp_action_filter, ['search', 'move_item']);
    assert.deepEqual(json.mcp_parameter_overrides, { search: override('sort', 'newest') });
    assert.deepEqual(
      json.effective_action_schemas.map(({ name }: Json) => name),
      ['search', 'move_item'],
    );
    assert.equal((await desk.upgrade(connection, 1)).status, 200);
    const back = await world.ask('GET', base, { key: desk.key });
    assert.deepEqual(back.json.mcp_action_filter, body.mcp_action_filter);
    assert.deepEqual(back.json.mcp_parameter_overrides, body.mcp_parameter_overrides);
  });

  test('a turn’s count: the calls before it count on', async () => {
    const connection = await desk.connect();
    await packOf(connection);
    const { id } = (await desk.tools(connection)).get('find_items')!;
    await desk.make('PATCH', `/v1/tools/${id}`, { max_calls_per_turn: 2 });
    assert.ok(!(await call('find_items', {}, 'one')).isError);
    await desk.release(2);
    assert.equal((await desk.upgrade(connection)).status, 200);
    assert.ok(!(await call('search_items', {}, 'one')).isError);
    const third = await call('search_items', {}, 'one');
    assert.equal(third.structuredContent?.error ?? errorOf(third), 'turn_limit_reached');
  });
});

describe('an upgrade voids', () => {
  test('what packs still say of a name that no tool had any more, where a new one has it', async () => {
    const connection = await desk.connect();
    const base = `/v1/orgs/${desk.organizationId}/workspaces/default/tool-instances/${connection.id}`;
    const put = async (custom_actions: readonly object[]) => {
      const answer = await world.ask('PUT', base, { key: desk.key, body: { custom_actions } });
      assert.equal(answer.status, 200, answer.text);
    };
    const action = { description: 'Counts.', effect: 'read', method: 'GET', path: '/mine', parameters: [] };
    await put([{ ...action, name: 'count_items' }]);
    const pack = await packOf(connection, {
      selection: 'exactly',
      tools: ['count_items', 'move_item'],
      overrides: { count_items: { description: 'Of the action that was.' } },
    });
    await put([]);
    await desk.release(2);
    assert.equal((await desk.upgrade(connection)).status, 200);
    const { entries } = await desk.make('GET', `/v1/packs/${pack.id}`);
    assert.deepEqual(entries[0].tools, ['move_item']);
    assert.deepEqual(entries[0].overrides, {});
  });

  test('a yes that was given before, also for a tool that is as it was', async () => {
    const connection = await desk.connect();
    await packOf(connection);
    const { id } = (await desk.tools(connection)).get('move_item')!;
    await desk.make('PATCH', `/v1/tools/${id}`, { requires_confirmation: true });
    const asker = await desk.make('POST', '/v1/keys', { name: 'asker', scopes: ['runtime:all'] });
    const move = async (): Promise<Json> => {
      const body = { pack: 'all', tool: 'items__move_item', arguments: { id: '1', room: 'a' } };
      return (await world.ask('POST', '/v1/calls', { key: asker.key, body })).json;
    };
    const askedFor = async (): Promise<string> => {
      const told = JSON.parse((await move()).content[0].text);
      assert.equal(told.error, 'confirmation_required');
      return told.approval_id;
    };
    await desk.make('POST', `/v1/approvals/${await askedFor()}/approve`, {});
    await desk.release(2);
    assert.equal((await desk.upgrade(connection)).status, 200);
    const reached = service.requests.length;
    const again = await askedFor();
    assert.equal(service.requests.length, reached);
    await desk.make('POST', `/v1/approvals/${again}/approve`, {});
    assert.ok(!(await move()).isError);
    assert.equal(service.requests.length, reached + 1);
  });
});

describe('an upgrade of', () => {
  test('a connection from before versions were written down, and back', async () => {
    const connection = await desk.connect();
    await sqlOf(sql`delete from connection_versions where connection_id = ${connection.id}`);
    const { versions } = await desk.make('GET', `/v1/connections/${connection.id}/versions`);
    assert.deepEqual(
      versions.map(({ version, is_current, used_at }: Json) => [version, is_current, used_at !== null]),
      [[1, true, true]],
    );
    await desk.release(2);
    assert.equal((await desk.upgrade(connection)).json.data.new_version, 2);
    const back = await desk.upgrade(connection, 1);
    assert.equal(back.status, 200, back.text);
    assert.ok((await desk.tools(connection)).has('find_items'));
  });

  test('a connection to a shipped connector, to a version of the organization’s own, and back', async () => {
    const text = readFileSync(new URL('../../connectors/slack/connector.yaml', import.meta.url), 'utf8');
    const file = parse(text) as Json;
    const { slug, version } = file;
    const made = await desk.make('POST', '/v1/connections', {
      kind: 'catalog',
      connector: slug,
      nickname: 'Chat',
      method: 'bearer',
      credential: { token: 'xoxb-not-one' },
    });
    const names = async () => [...(await desk.tools(made)).keys()];
    const before = await names();
    const [first, ...others] = file.tools;
    const renamed = { ...first, name: `${first.name}_anew` };
    await desk.make('POST', '/v1/catalog', {
      ...file,
      version: version + 1,
      changelog: 'Our own.',
      tools: [renamed, ...others],
      identity: null,
      migrations: [{ from: version, to: version + 1, rename_tools: { [first.name]: renamed.name } }],
    });
    const up = await desk.upgrade(made);
    assert.equal(up.status, 200, up.text);
    assert.deepEqual([up.json.data.previous_version, up.json.data.new_version], [version, version + 1]);
    assert.deepEqual(await names(), [renamed.name, ...before.slice(1)]);
    const back = await desk.upgrade(made, version);
    assert.equal(back.status, 200, back.text);
    assert.deepEqual(await names(), before);
  });

  test('how it signs in, at the same origin: by the new version’s words; a way that is gone is 409', async () => {
    const auth = (name: string) => [{ type: 'api_key', in: 'header', name }];
    const fresh = await openItems(world, service.url);
    await fresh.release(1, { auth: auth('x-old') });
    const connection = await fresh.make('POST', '/v1/connections', {
      kind: 'catalog',
      connector: 'items',
      credential: { api_key: 'k-1' },
    });
    await fresh.make('POST', '/v1/packs', {
      name: 'All',
      entries: [{ slug: 'items', auth_scope: 'ORGANIZATION' }],
    });
    await fresh.release(2, { auth: auth('x-new') });
    assert.equal((await fresh.upgrade(connection)).status, 200);
    const called = await fresh.ask('POST', '/v1/calls', {
      pack: 'all',
      tool: 'items__search_items',
      arguments: {},
    });
    assert.equal(called.json.isError ?? false, false, called.text);
    const { headers } = service.requests.at(-1)!;
    assert.deepEqual([headers['x-new'], headers['x-old']], ['k-1', undefined]);
    assert.equal((await fresh.upgrade(connection, 1)).status, 200);
    await fresh.ask('POST', '/v1/calls', { pack: 'all', tool: 'items__find_items', arguments: {} });
    assert.equal(service.requests.at(-1)!.headers['x-old'], 'k-1');
    assert.equal((await fresh.upgrade(connection)).status, 200);
    await fresh.release(3, { auth: [{ type: 'bearer' }] });
    const refused = await fresh.upgrade(connection);
    assert.equal(refused.status, 409, refused.text);
    assert.equal(refused.json.error.code, 'new_credentials_needed');
  });
});

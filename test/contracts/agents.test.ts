import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { openDesk, toolsOf, type Desk } from './agents-desk.ts';

let world: World;
let store: Shop;
let desk: Desk;
let connector: Json;
before(async () => {
  store = await shop();
  world = await startWorld();
});
after(async () => {
  await world.close();
  await store.close();
});
beforeEach(async () => {
  desk = await openDesk(world, store);
  connector = await desk.connect('Shop');
});

const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const fields = [
  'id',
  'handle',
  'name',
  'description',
  'is_active',
  'deactivated_reason',
  'deactivated_at',
  'on_connector_failure',
  'tools_count',
  'created_at',
  'updated_at',
];
const nothing = '0'.repeat(24);

describe('an agent', () => {
  test('is made with its key, which is told once, and has the fields of the contract', async () => {
    const { status, json } = await desk.ask('POST', '/v1/agents', {
      handle: 'Support1',
      name: 'Support',
      description: 'Answers customers.',
      tools: toolsOf([
        [connector, 'get_order'],
        [connector, 'list_orders'],
      ]),
    });
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(json), ['data', 'meta']);
    const { key, ...agent } = json.data;
    assert.match(key, /^tck_g[0-9A-Za-z]{38}$/);
    assert.deepEqual(Object.keys(agent), fields);
    assert.match(agent.id, /^agent_[0-9a-f]{24}$/);
    assert.match(agent.created_at, iso);
    assert.match(agent.updated_at, iso);
    const { id, created_at: _made, updated_at: _moved, ...said } = agent;
    assert.deepEqual(said, {
      handle: 'Support1',
      name: 'Support',
      description: 'Answers customers.',
      is_active: true,
      deactivated_reason: null,
      deactivated_at: null,
      on_connector_failure: 'deactivate',
      tools_count: 2,
    });
    const read = await desk.ask('GET', `/v1/agents/${id}`);
    const { tools, ...shown } = read.json.data;
    assert.deepEqual(shown, agent);
    assert.deepEqual(
      tools,
      toolsOf([
        [connector, 'get_order'],
        [connector, 'list_orders'],
      ]),
    );
    const list = await desk.ask('GET', '/v1/agents');
    assert.deepEqual(list.json.data, [agent]);
    for (const answer of [read, list]) assert.ok(!answer.text.includes(key));
  });

  test('needs no more than a handle, and takes either form of every id', async () => {
    const plain = await desk.make('POST', '/v1/agents', { handle: 'a' });
    assert.deepEqual(
      [plain.name, plain.description, plain.is_active, plain.tools_count],
      ['a', null, true, 0],
    );
    const bare = connector.id.slice('connector_'.length);
    const tools = [
      { name: 'get_order', connector_id: bare },
      { name: 'get_order', connector_id: connector.id },
    ];
    const path = `/v1/agents/${plain.id.slice('agent_'.length)}`;
    assert.equal((await desk.make('PATCH', path, { tools })).tools_count, 1);
    assert.equal((await desk.make('GET', path)).id, plain.id);
  });

  test('has a handle that is a letter, then letters and digits', async () => {
    for (const handle of ['', '1a', 'a-b', 'a_b', 'ä', 'a b', 'a\n', 'a'.repeat(65), null, 7]) {
      const { status, json } = await desk.ask('POST', '/v1/agents', { handle });
      assert.deepEqual([status, json.error.code], [422, 'validation_error'], JSON.stringify(handle));
      assert.deepEqual(Object.keys(json.error), ['code', 'message', 'request_id']);
      assert.match(json.error.message, /^handle: /);
    }
  });

  test('has a handle that no other agent of the organization has, in any case', async () => {
    const { id } = await desk.agent('Support', []);
    for (const handle of ['Support', 'support', 'SUPPORT']) {
      const { status, json } = await desk.ask('POST', '/v1/agents', { handle });
      assert.deepEqual([status, json.error.code], [409, 'agent_handle_taken']);
    }
    const { id: other } = await desk.agent('Sales', []);
    const renamed = await desk.ask('PATCH', `/v1/agents/${other}`, { handle: 'sUPPORT' });
    assert.deepEqual([renamed.status, renamed.json.error.code], [409, 'agent_handle_taken']);
    // Its own it may write otherwise, and elsewhere nobody minds.
    assert.equal((await desk.make('PATCH', `/v1/agents/${id}`, { handle: 'SUPPORT' })).handle, 'SUPPORT');
    const elsewhere = await openDesk(world, store);
    await elsewhere.agent('support', []);
    const crowd = await Promise.all(
      Array.from({ length: 8 }, () => desk.ask('POST', '/v1/agents', { handle: 'crowd' })),
    );
    const statuses = crowd.map(({ status }) => status);
    assert.deepEqual([statuses.filter((one) => one === 201).length, new Set(statuses).size], [1, 2]);
    assert.equal(statuses.filter((one) => one === 409).length, 7);
  });

  test('is refused tools that are unknown, disabled, foreign or of an inactive connector, by their index', async () => {
    const foreign = await (await openDesk(world, store)).connect('Shop');
    const resting = await desk.connect('Resting');
    await desk.make('PATCH', `/v1/connections/${resting.id}`, { is_active: false });
    const [own] = await desk.make('GET', `/v1/connections/${connector.id}/tools`);
    await desk.make('PATCH', `/v1/tools/${own.id}`, { is_enabled: false });
    const good = { name: 'get_order', connector_id: connector.id };
    const { id } = await desk.agent('Support', [[connector, 'get_order']]);
    const wrong: [object, RegExp][] = [
      [{ ...good, name: 'no_such_tool' }, /^tools\.1\.name: .*no tool of this name/],
      [{ ...good, name: 'shop__get_order' }, /^tools\.1\.name: /],
      [{ ...good, name: own.name }, /^tools\.1\.name: .*disabled/],
      [{ ...good, connector_id: resting.id }, /^tools\.1\.connector_id: .*inactive/],
      [{ ...good, connector_id: foreign.id }, /^tools\.1\.connector_id: No such connector/],
      [{ ...good, connector_id: 'nonsense' }, /^tools\.1\.connector_id: /],
      [{ ...good, type: 'read' }, /^tools\.1\.type: /],
      [{ name: 'get_order' }, /^tools\.1\.connector_id: Field required/],
    ];
    for (const [tool, message] of wrong) {
      const tools = [good, tool];
      const made = await desk.ask('POST', '/v1/agents', { handle: 'Other', tools });
      const changed = await desk.ask('PATCH', `/v1/agents/${id}`, { tools });
      for (const answer of [made, changed]) {
        assert.deepEqual([answer.status, answer.json.error.code], [422, 'validation_error']);
        assert.match(answer.json.error.message, message);
      }
    }
    const absent = [good, { ...good, connector_id: `connector_${nothing}` }];
    const sentences = await Promise.all(
      [absent, [good, { ...good, connector_id: foreign.id }]].map(async (tools) => {
        const { json } = await desk.ask('POST', '/v1/agents', { handle: 'Other', tools });
        return json.error.message;
      }),
    );
    assert.equal(sentences[0], sentences[1]);
    assert.ok(!sentences[1]!.includes(foreign.id.slice(-24)));
    const several = await desk.ask('POST', '/v1/agents', {
      handle: 'Other',
      tools: [{ ...good, name: 'x' }, good, { ...good, name: 'y' }],
    });
    assert.match(several.json.error.message, /tools\.0\.name.*tools\.2\.name/);
    assert.equal((await desk.make('GET', '/v1/agents')).length, 1);
    assert.equal((await desk.make('GET', `/v1/agents/${id}`)).tools_count, 1);
  });

  test('is changed by what a patch names: tools are the whole list, null clears', async () => {
    const other = await desk.connect('Depot');
    const { id } = await desk.agent('Support', [[connector, 'get_order']], {
      name: 'Support',
      description: 'Answers.',
    });
    const path = `/v1/agents/${id}`;
    const before = await desk.make('GET', path);
    const idle = await desk.make('PATCH', path, {
      description: 'Answers.',
      tools: toolsOf([[connector, 'get_order']]),
    });
    assert.equal(idle.updated_at, before.updated_at);
    const patched = await desk.make('PATCH', path, {
      name: 'Helpers',
      on_connector_failure: 'hide_tools',
      tools: toolsOf([
        [other, 'list_orders'],
        [other, 'get_order'],
      ]),
    });
    assert.deepEqual(
      [patched.name, patched.description, patched.on_connector_failure, patched.tools_count, patched.handle],
      ['Helpers', 'Answers.', 'hide_tools', 2, 'Support'],
    );
    assert.ok(patched.updated_at > before.updated_at);
    const cleared = await desk.make('PATCH', path, {
      name: null,
      description: null,
      on_connector_failure: null,
      tools: null,
      is_active: null,
    });
    assert.deepEqual(
      [
        cleared.name,
        cleared.description,
        cleared.on_connector_failure,
        cleared.tools_count,
        cleared.is_active,
      ],
      ['Support', null, 'deactivate', 0, true],
    );
    for (const body of [{ handle: null }, { is_active: 'no' }, { slug: 'x' }, { key: 'x' }, { id }]) {
      assert.equal((await desk.ask('PATCH', path, body)).status, 422, JSON.stringify(body));
    }
    const rows = await desk.audit('agent.updated');
    assert.equal(rows.length, 2);
    assert.deepEqual(rows[1]!.changes.from.tools, { shop: ['get_order'] });
    assert.deepEqual(rows[1]!.changes.to.tools, { depot: ['get_order', 'list_orders'] });
  });

  test('says when and why a person has switched it off, and nothing of it once it is on again', async () => {
    const { id } = await desk.agent('Support', [[connector, 'get_order']]);
    const off = await desk.make('PATCH', `/v1/agents/${id}`, { is_active: false });
    assert.equal(off.is_active, false);
    assert.match(off.deactivated_at, iso);
    assert.equal(off.deactivated_reason, 'Deactivated on request.');
    const on = await desk.make('PATCH', `/v1/agents/${id}`, { is_active: true });
    assert.deepEqual([on.is_active, on.deactivated_at, on.deactivated_reason], [true, null, null]);
  });

  test('goes with its key and its pack, leaving an audit row', async () => {
    const agent = await desk.agent('Support', [[connector, 'get_order']]);
    assert.equal((await desk.listed(agent)).length, 1);
    const gone = await desk.ask('DELETE', `/v1/agents/${agent.id}`);
    assert.deepEqual([gone.status, gone.text], [204, '']);
    assert.equal((await desk.ask('GET', `/v1/agents/${agent.id}`)).status, 404);
    assert.equal((await desk.ask('DELETE', `/v1/agents/${agent.id}`)).status, 404);
    const body = { agent: 'Support', tool: 'shop__get_order', arguments: { id: 1 } };
    assert.equal((await desk.ask('POST', '/v1/calls', body, agent.key)).status, 401);
    assert.equal((await desk.ask('POST', `/v1/keys/${agent.id}/regenerate`)).status, 404);
    const [row] = await desk.audit('agent.deleted');
    assert.deepEqual([row!.target.type, row!.changes.handle], ['agent', 'Support']);
    assert.equal((await desk.ask('DELETE', `/v1/connections/${connector.id}`)).status, 204);
    const again = await desk.agent('Support', []);
    assert.notEqual(again.id, agent.id);
  });

  test('is as absent when it is another organization’s as one that never was', async () => {
    const theirs = await (await openDesk(world, store)).agent('Support', []);
    const plain = (text: string): string => text.replace(/req_[0-9a-f]+/, '');
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? { name: 'x' } : undefined;
      const foreign = await desk.ask(method, `/v1/agents/${theirs.id}`, body);
      const absent = await desk.ask(method, `/v1/agents/agent_${nothing}`, body);
      assert.deepEqual([foreign.status, plain(foreign.text)], [404, plain(absent.text)], method);
    }
    assert.equal((await desk.ask('GET', '/v1/agents/nonsense')).status, 422);
  });
});

describe('the list of agents', () => {
  test('is newest first in pages, each agent exactly once, bound to its list and organization', async () => {
    const made: Json[] = [];
    for (let number = 1; number <= 5; number += 1) made.push(await desk.agent(`agent${number}`, []));
    const first = (await desk.ask('GET', '/v1/agents?limit=2')).json;
    assert.deepEqual(Object.keys(first.meta), ['request_id', 'next_cursor']);
    await desk.agent('later', []);
    await desk.make('DELETE', `/v1/agents/${made[3].id}`);
    const next = (await desk.ask('GET', `/v1/agents?limit=100&cursor=${first.meta.next_cursor}`)).json;
    assert.deepEqual(
      [...first.data, ...next.data].map((agent: Json) => agent.handle),
      ['agent5', 'agent4', 'agent3', 'agent2', 'agent1'],
    );
    assert.equal(next.meta.next_cursor, null);
    for (const query of ['limit=0', 'limit=101', 'cursor=x']) {
      assert.equal((await desk.ask('GET', `/v1/agents?${query}`)).status, 422, query);
    }
    const elsewhere = await desk.ask('GET', `/v1/connectors?cursor=${first.meta.next_cursor}`);
    assert.equal(elsewhere.status, 422);
  });
});

describe('keys and agents', () => {
  test('agents:read, write and delete open what they name and nothing else', async () => {
    const { id } = await desk.agent('Support', []);
    const keyWith = async (...scopes: string[]): Promise<string> =>
      (await desk.make('POST', '/v1/keys', { scopes })).key;
    const [reader, writer, remover] = [
      await keyWith('agents:read'),
      await keyWith('agents:write'),
      await keyWith('agents:delete'),
    ];
    const asked: [string, string, unknown, string][] = [
      ['GET', '/v1/agents', undefined, reader],
      ['GET', `/v1/agents/${id}`, undefined, reader],
      ['POST', '/v1/agents', { handle: 'other' }, writer],
      ['PATCH', `/v1/agents/${id}`, { name: 'x' }, writer],
      ['DELETE', `/v1/agents/${id}`, undefined, remover],
    ];
    for (const [method, path, body, allowed] of asked) {
      for (const key of [reader, writer, remover].filter((one) => one !== allowed)) {
        const { status, json } = await desk.ask(method, path, body, key);
        assert.deepEqual([status, json.error.code], [403, 'insufficient_scope'], `${method} ${path}`);
      }
      assert.ok((await desk.ask(method, path, body, allowed)).status < 300, `${method} ${path}`);
    }
  });

  test('agents:write alone makes an agent whose key calls its tools, as does management:all; no other key of theirs does', async () => {
    for (const [handle, scopes] of [
      ['Fine', ['agents:write', 'keys:write']],
      ['Whole', ['management:all']],
    ] as const) {
      const maker = (await desk.make('POST', '/v1/keys', { scopes })).key;
      const tools = toolsOf([[connector, 'get_order']]);
      const made = await desk.ask('POST', '/v1/agents', { handle, tools }, maker);
      assert.equal(made.status, 201, made.text);
      const { id, key } = made.json.data;
      const body = { agent: handle, tool: 'shop__get_order', arguments: { id: 1 } };
      const call = async (by: string): Promise<number> =>
        (await desk.ask('POST', '/v1/calls', body, by)).status;
      assert.deepEqual([await call(key), await call(maker)], [200, 403]);
      const wider = await desk.ask('POST', '/v1/keys', { scopes: ['runtime:all'] }, maker);
      assert.deepEqual([wider.status, wider.json.error.code], [403, 'wider_than_parent']);
      const anew = await desk.ask('POST', `/v1/keys/${id}/regenerate`, undefined, maker);
      assert.equal(anew.status, 200, anew.text);
      assert.equal((await desk.ask('DELETE', `/v1/keys/${id}`, undefined, maker)).status, 204);
      assert.equal(await call(anew.json.data.key), 401);
    }
  });

  test('an agent’s key is never wider than the key that makes it', async () => {
    const mine = await desk.make('POST', '/v1/packs', { name: 'Mine' });
    const user = await desk.make('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'U' });
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const refused = [{ pack_ids: [mine.id] }, { user_ids: [user.id] }];
    for (const wish of refused) {
      const { key } = await desk.make('POST', '/v1/keys', wish);
      const { status } = await desk.ask('POST', '/v1/agents', { handle: 'Wider' }, key);
      assert.equal(status, 403, JSON.stringify(wish));
    }
    assert.deepEqual(await desk.make('GET', '/v1/agents'), []);
    const maker = await desk.make('POST', '/v1/keys', { expires_at, rate_limit: { per_minute: 7 } });
    const made = await desk.ask('POST', '/v1/agents', { handle: 'Bound' }, maker.key);
    assert.equal(made.status, 201, made.text);
    const [shown] = await desk.make('GET', '/v1/keys');
    assert.deepEqual(
      [shown.kind, shown.scopes, shown.expires_at, shown.rate_limit.per_minute, shown.parent_id],
      ['agent', ['runtime:all'], expires_at, 7, maker.id],
    );
    await desk.ask('DELETE', `/v1/keys/${maker.id}`);
    const { key } = made.json.data;
    assert.equal((await desk.ask('POST', '/v1/calls', { agent: 'Bound', tool: 'x' }, key)).status, 401);
  });

  test('a key of some workspaces makes agents that stay there, and sees no others', async () => {
    const space = await world.ask('POST', `/v1/orgs/${desk.id}/workspaces`, {
      key: desk.key,
      body: { slug: 'apart', name: 'Apart' },
    });
    await desk.make('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: 'Apart',
      document: store.document,
      auth: { type: 'bearer', token: 't' },
      workspace: 'apart',
    });
    const [apart] = (await desk.ask('GET', '/v1/connectors')).json.data;
    const { key } = await desk.make('POST', '/v1/keys', { workspace_ids: [space.json.id] });
    const outside = await desk.ask(
      'POST',
      '/v1/agents',
      { handle: 'Apart', tools: toolsOf([[connector, 'get_order']]) },
      key,
    );
    assert.equal(outside.status, 422);
    assert.match(outside.json.error.message, /^tools\.0\.connector_id: No such connector/);
    const inside = await desk.ask(
      'POST',
      '/v1/agents',
      { handle: 'Apart', tools: toolsOf([[apart, 'get_order']]) },
      key,
    );
    assert.equal(inside.status, 201, inside.text);
    // Whoever reaches further gives it no more than its key reaches either.
    const widened = await desk.ask('PATCH', `/v1/agents/${inside.json.data.id}`, {
      tools: toolsOf([[connector, 'get_order']]),
    });
    assert.equal(widened.status, 422);
    const everywhere = await desk.agent('Everywhere', [[connector, 'get_order']]);
    const seen = await desk.ask('GET', '/v1/agents', undefined, key);
    assert.deepEqual(
      seen.json.data.map((agent: Json) => agent.handle),
      ['Apart'],
    );
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const body = method === 'PATCH' ? {} : undefined;
      assert.equal((await desk.ask(method, `/v1/agents/${everywhere.id}`, body, key)).status, 404, method);
    }
  });

  test('a key bound to packs or registered users sees no agent', async () => {
    const { id } = await desk.agent('Support', []);
    const pack = await desk.make('POST', '/v1/packs', { name: 'Mine' });
    const user = await desk.make('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'U' });
    for (const bounds of [{ pack_ids: [pack.id] }, { user_ids: [user.id] }]) {
      const { key } = await desk.make('POST', '/v1/keys', bounds);
      assert.deepEqual((await desk.ask('GET', '/v1/agents', undefined, key)).json.data, []);
      assert.equal((await desk.ask('GET', `/v1/agents/${id}`, undefined, key)).status, 404);
      assert.equal((await desk.ask('PATCH', `/v1/agents/${id}`, { name: 'x' }, key)).status, 404);
      assert.equal((await desk.ask('DELETE', `/v1/agents/${id}`, undefined, key)).status, 404);
    }
  });

  test('an agent’s key is made anew under its agent’s id, also after it was revoked', async () => {
    const agent = await desk.agent('Support', [[connector, 'get_order']]);
    const path = `/v1/keys/${agent.id}/regenerate`;
    const anew = await desk.make('POST', path);
    assert.match(anew.key, /^tck_g/);
    const list = (key: string) => desk.ask('POST', '/v1/calls', { agent: 'Support', tool: 'x' }, key);
    assert.deepEqual([(await list(agent.key)).status, (await list(anew.key)).status], [401, 404]);
    assert.equal((await desk.ask('DELETE', `/v1/keys/${agent.id}`)).status, 204);
    assert.equal((await list(anew.key)).status, 401);
    const weak = await desk.make('POST', '/v1/keys', { scopes: ['keys:write'] });
    assert.equal((await desk.ask('POST', path, undefined, weak.key)).status, 403);
    const revived = await desk.make('POST', path);
    assert.equal((await list(revived.key)).status, 404);
    assert.deepEqual(await desk.listed({ ...agent, key: revived.key }), ['shop__get_order']);
  });

  test('an agent’s pack is no pack: no list, no name and no key knows it', async () => {
    const agent = await desk.agent('Support', [[connector, 'get_order']]);
    const uuid = (await desk.make('GET', '/v1/keys'))[0].id;
    assert.deepEqual(await desk.make('GET', '/v1/packs'), []);
    const listed = await desk.ask('GET', '/api/v1/tool-packs/');
    assert.deepEqual([listed.json.count, listed.json.results], [0, []]);
    for (const [method, path, body] of [
      ['GET', `/v1/packs/${uuid}`],
      ['PATCH', `/v1/packs/${uuid}`, { name: 'x' }],
      ['DELETE', `/v1/packs/${uuid}`],
      ['PUT', `/v1/packs/${uuid}/entries/shop`, {}],
      ['GET', `/api/v1/tool-packs/${uuid}/`],
      ['DELETE', `/api/v1/tool-packs/${uuid}/`],
      ['GET', `/api/v1/tool-packs/${uuid}/connectors/`],
      ['POST', '/v1/calls', { pack: uuid, tool: 'shop__get_order' }],
      ['POST', '/v1/calls', { pack: 'agents/Support', tool: 'shop__get_order' }],
      ['POST', '/v1/calls', { pack: `agents/${uuid}`, tool: 'shop__get_order' }],
    ] as [string, string, unknown?][]) {
      for (const key of [desk.key, agent.key]) {
        const { status } = await desk.ask(method, path, body, key);
        assert.ok(status === 404 || (key === agent.key && status === 403), `${method} ${path}: ${status}`);
      }
    }
    assert.equal((await desk.ask('POST', '/v1/keys', { pack_ids: [uuid] })).status, 422);
    const support = await desk.make('POST', '/v1/packs', { name: 'Support' });
    assert.equal(support.slug, 'support');
  });

  test('an agent can do nothing but call its tools', async () => {
    const agent = await desk.agent('Support', [[connector, 'get_order']]);
    for (const [method, path] of [
      ['GET', '/v1/agents'],
      ['GET', `/v1/agents/${agent.id}`],
      ['PATCH', `/v1/agents/${agent.id}`],
      ['GET', '/v1/connectors'],
      ['GET', '/v1/calls'],
      ['GET', '/v1/keys'],
      ['POST', '/v1/keys'],
      ['POST', `/v1/keys/${agent.id}/regenerate`],
      ['GET', '/v1/packs'],
      ['POST', '/v1/webhooks'],
    ]) {
      assert.equal(
        (await desk.ask(method!, path!, method === 'GET' ? undefined : {}, agent.key)).status,
        403,
      );
    }
  });
});

describe('making an agent', () => {
  test('twice under one Idempotency-Key makes one and tells the same key', async () => {
    const request = { key: desk.key, body: { handle: 'Once' }, headers: { 'idempotency-key': 'agent-1' } };
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.ask('POST', '/v1/agents', request)),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(answers.map(({ json }) => json.data.key)).size, 1);
    assert.equal((await desk.make('GET', '/v1/agents')).length, 1);
    const other = await world.ask('POST', '/v1/agents', { ...request, body: { handle: 'Twice' } });
    assert.deepEqual([other.status, other.json.error.code], [409, 'idempotency_key_reused']);
    const { id } = answers[0]!.json.data;
    const patch = { key: desk.key, body: { name: 'New' }, headers: { 'idempotency-key': 'agent-2' } };
    const first = await world.ask('PATCH', `/v1/agents/${id}`, patch);
    await desk.make('PATCH', `/v1/agents/${id}`, { name: 'Newer' });
    assert.equal((await world.ask('PATCH', `/v1/agents/${id}`, patch)).text, first.text);
    assert.equal((await desk.make('GET', `/v1/agents/${id}`)).name, 'Newer');
  });

  test('carries the rate limit’s headers and counts against it', async () => {
    const maker = await desk.make('POST', '/v1/keys', { rate_limit: { per_minute: 2 } });
    const first = await desk.ask('POST', '/v1/agents', { handle: 'one' }, maker.key);
    assert.deepEqual(
      [first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')],
      ['2', '1'],
    );
    await desk.ask('GET', '/v1/agents', undefined, maker.key);
    const over = await desk.ask('POST', '/v1/agents', { handle: 'two' }, maker.key);
    assert.deepEqual([over.status, over.json.error.code], [429, 'rate_limited']);
    assert.ok(Number(over.headers.get('retry-after')) >= 1);
  });

  test('keeps its audit row beside it, and never its key', async () => {
    const agent = await desk.agent('Support', [[connector, 'get_order']]);
    const [row] = await desk.audit('agent.created');
    assert.deepEqual([row!.actor.type, row!.target.type], ['key', 'agent']);
    assert.deepEqual(row!.changes.tools, { shop: ['get_order'] });
    assert.ok(!JSON.stringify(row).includes(agent.key));
    const refused = await desk.ask('POST', '/v1/agents', { handle: 'support' });
    assert.equal(refused.status, 409);
    assert.equal((await desk.audit('agent.created')).length, 1);
    assert.equal((await desk.make('GET', '/v1/keys')).length, 2);
  });
});

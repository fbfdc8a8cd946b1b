import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type World } from '../world.ts';
import { initialize, legacy, request } from './mcp-counter.ts';
import { openDesk, openServices, type Desk, type Service, type Services } from './tool-packs-desk.ts';

let world: World;
let services: Services;
let desk: Desk;
let tracker: Service;
let wiki: Service;
let pack: Awaited<ReturnType<Desk['pack']>>;
let ada: string;
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
  wiki = await desk.connect('wiki', ['read_page']);
  pack = await desk.pack([{ slug: 'tracker', tool_names: ['list_issues'] }, { slug: 'wiki' }]);
  ada = await desk.user('ada');
});

const tool = 'tracker__list_issues';
const byPack = (id: string): string => `/mcp/${id}`;
const byUser = (id: string, user: string): string => `/api/v1/tool-packs/${id}/registered-users/${user}/mcp`;
const upstream = (): number => tracker.requests().length + wiki.requests().length;

/** A call by MCP at both addresses and by REST: all refused as something that is not there, nothing upstream. */
async function refusedEverywhere(key: string, packId: string, user: string): Promise<void> {
  for (const address of [byPack(packId), byUser(packId, user)]) {
    const { status, body } = await desk.call(address, tool, { key });
    assert.equal(status, 404);
    assert.equal(body.error?.code, -32601);
    assert.equal(body.error?.message, 'Resource not in API key scope.');
  }
  const rest = await callByRest(key, { pack: packId, tool, user });
  assert.equal(rest.status, 404, rest.text);
  assert.equal(upstream(), 0);
}

const callByRest = (key: string, body: { pack: string; tool: string; user?: string }) =>
  desk.ask('POST', '/v1/calls', { arguments: {}, ...body }, key);

describe('refused', () => {
  it('a pack of another organization', async () => {
    const stranger = await openDesk(world, services);
    const theirs = await stranger.user('eve');
    await refusedEverywhere(stranger.key, pack.id, theirs);
    for (const path of ['', 'connectors/', 'tool-description-overrides/', 'tool-input-overrides/']) {
      const foreign = await stranger.ask('GET', `/api/v1/tool-packs/${pack.id}/${path}`);
      const absent = await stranger.ask('GET', `/api/v1/tool-packs/pack_000000000000000000000000/${path}`);
      assert.equal(foreign.status, 404);
      assert.equal(foreign.text, absent.text);
    }
    const writes: [string, string, unknown][] = [
      ['PATCH', '', { name: 'Mine' }],
      ['DELETE', '', undefined],
      ['PUT', 'connectors/', []],
      ['PATCH', 'connectors/', []],
      ['DELETE', 'connectors/tracker/', undefined],
      ['PATCH', 'tool-description-overrides/', []],
      ['PATCH', 'tool-input-overrides/', []],
    ];
    for (const [method, path, body] of writes) {
      const { status } = await stranger.ask(method, `/api/v1/tool-packs/${pack.id}/${path}`, body);
      assert.equal(status, 404, `${method} ${path}`);
    }
    assert.deepEqual((await desk.ask('GET', `/api/v1/tool-packs/${pack.id}/`)).json, pack.json);
  });

  it('a deleted pack, on the next call', async () => {
    await desk.call(byPack(pack.id), tool);
    assert.equal(upstream(), 1);
    await desk.ask('DELETE', `/api/v1/tool-packs/${pack.id}/`);
    for (const address of [byPack(pack.id), byUser(pack.id, ada)]) {
      const { status, body } = await desk.call(address, tool);
      assert.equal(status, 404);
      assert.equal(body.error?.code, -32601);
    }
    assert.equal((await callByRest(desk.key, { pack: pack.id, tool })).status, 404);
    assert.equal(upstream(), 1);
  });

  it('a key not allowed this pack: 404, JSON-RPC -32601 “Resource not in API key scope.”', async () => {
    const other = await desk.pack([]);
    const { key } = await desk.runtimeKey({ tool_pack_ids: [other.id] });
    await refusedEverywhere(key, pack.id, ada);
  });

  it('a key not allowed this user: 404, JSON-RPC -32601 “Resource not in API key scope.”', async () => {
    const bob = await desk.user('bob');
    const { key } = await desk.runtimeKey({ registered_user_ids: [bob] });
    const { status, body } = await desk.call(byUser(pack.id, ada), tool, { key });
    assert.equal(status, 404);
    assert.equal(body.error?.code, -32601);
    assert.equal(body.error?.message, 'Resource not in API key scope.');
    assert.equal((await callByRest(key, { pack: pack.id, tool, user: ada })).status, 404);
    assert.equal(upstream(), 0);
    const allowed = await desk.call(byUser(pack.id, bob), tool, { key });
    assert.equal(allowed.status, 200);
  });

  it('a user of another organization, or none of that id', async () => {
    const stranger = await openDesk(world, services);
    const theirs = await stranger.user('eve');
    const foreign = await desk.call(byUser(pack.id, theirs), tool);
    const absent = await desk.call(byUser(pack.id, 'user_000000000000000000000000'), tool);
    assert.equal(foreign.status, 404);
    assert.deepEqual(foreign.body, absent.body);
    assert.equal(upstream(), 0);
  });

  const names: [string, string][] = [
    ['that the selection leaves out', 'tracker__create_issue'],
    ['by other case', 'tracker__List_issues'],
    ['by a slug in other case', 'Tracker__list_issues'],
    ['with a trailing space', 'tracker__list_issues '],
    ['with a leading space', ' tracker__list_issues'],
    ['by another entry’s prefix', 'wiki__list_issues'],
    ['by its bare name', 'list_issues'],
    ['by one underscore', 'tracker_list_issues'],
    ['by a dot', 'tracker.list_issues'],
    ['with a zero-width space', 'tracker__list_issues\u200b'],
    ['named like a prototype’s member', 'constructor'],
    ['that nobody has', 'tracker__nothing'],
  ];
  for (const [what, name] of names) {
    it(`a tool not in the pack called ${what}, and the service sees no request`, async () => {
      // Header values are plain text: a name with spaces or beyond ASCII is spoken in an older revision.
      const message = request('tools/call', { name, arguments: {} });
      for (const address of [byPack(pack.id), byUser(pack.id, ada)]) {
        const session = await initialize(world.url + address, '2025-11-25', desk.key);
        const response = await fetch(world.url + address, legacy(message, { key: desk.key, session }));
        const { error } = (await response.json()) as { error?: { code: number; message: string } };
        assert.equal(error?.code, -32602);
        assert.equal(error?.message, 'No such tool here.');
      }
      const rest = await callByRest(desk.key, { pack: pack.id, tool: name });
      assert.ok([404, 422].includes(rest.status), rest.text);
      assert.equal(upstream(), 0);
    });
  }

  it('a connector’s tools once it has left the pack, on the next call', async () => {
    await desk.call(byPack(pack.id), tool);
    await desk.ask('PATCH', pack.path, [{ slug: 'tracker', tool_names: [] }]);
    assert.equal((await desk.call(byPack(pack.id), tool)).body.error?.code, -32602);
    assert.equal(tracker.requests().length, 1);
  });

  it('a runtime key writing a pack: 403', async () => {
    const { key } = await desk.runtimeKey();
    const path = `/api/v1/tool-packs/${pack.id}/`;
    const writes: [string, string, unknown][] = [
      ['POST', '/api/v1/tool-packs/', { name: 'Mine' }],
      ['PATCH', path, { name: 'Mine' }],
      ['DELETE', path, undefined],
      ['PUT', `${path}connectors/`, []],
      ['PATCH', `${path}connectors/`, [{ slug: 'tracker' }]],
      ['DELETE', `${path}connectors/tracker/`, undefined],
      ['PATCH', `${path}tool-description-overrides/`, []],
      ['PATCH', `${path}tool-input-overrides/`, []],
      ['PATCH', '/api/v1/connectors/tool-description-overrides/', []],
    ];
    for (const [method, target, body] of writes) {
      const { status, json } = await desk.ask(method, target, body, key);
      assert.equal(status, 403, `${method} ${target}`);
      assert.equal(json.error.code, 'insufficient_scope');
    }
    assert.deepEqual((await desk.ask('GET', path)).json, pack.json);
  });

  it('a management key calling a tool', async () => {
    const { key } = await desk.runtimeKey({ scopes: ['management:all'] });
    assert.equal((await desk.call(byPack(pack.id), tool, { key })).status, 403);
    assert.equal((await callByRest(key, { pack: pack.id, tool })).status, 403);
    assert.equal(upstream(), 0);
  });

  it('a key bound to its packs making another, or writing one that is not its own', async () => {
    const other = await desk.pack([]);
    const limits = { scopes: ['packs:read', 'packs:write'], tool_pack_ids: [other.id] };
    const { key } = await desk.runtimeKey(limits);
    assert.equal((await desk.ask('POST', '/api/v1/tool-packs/', { name: 'More' }, key)).status, 403);
    assert.equal((await desk.ask('PATCH', pack.path, [], key)).status, 404);
    assert.equal((await desk.ask('GET', pack.path, undefined, key)).status, 404);
    assert.equal((await desk.ask('PATCH', other.path, [{ slug: 'wiki' }], key)).status, 200);
    const { json } = await desk.ask('GET', '/api/v1/tool-packs/', undefined, key);
    assert.equal(json.count, 1);
    assert.equal(json.results[0].id, other.id);
  });

  it('a revoked key’s next call, also in a session with an open stream', async () => {
    const { id, key } = await desk.runtimeKey({ tool_pack_ids: [pack.id] });
    const url = world.url + byPack(pack.id);
    const session = await initialize(url, '2025-11-25', key);
    const stream = await fetch(url, {
      headers: { authorization: `Bearer ${key}`, accept: 'text/event-stream', 'mcp-session-id': session },
    });
    assert.equal(stream.status, 200);
    const call = () => fetch(url, legacy(request('tools/call', { name: tool }), { key, session }));
    assert.equal((await call()).status, 200);
    assert.equal(upstream(), 1);
    assert.equal((await desk.ask('POST', `/api/v1/access-keys/${id}/revoke/`)).status, 200);
    assert.equal((await call()).status, 401);
    assert.equal((await desk.call(byPack(pack.id), tool, { key })).status, 401);
    assert.equal((await callByRest(key, { pack: pack.id, tool })).status, 401);
    assert.equal(upstream(), 1);
    await stream.body?.cancel().catch(() => undefined);
  });
});

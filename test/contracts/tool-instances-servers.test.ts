import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { modernMcp, type ModernFake } from '../fakes/modern-mcp.ts';
import { closedPort } from '../fakes/http-service.ts';
import { startProtectedMcp, type ProtectedMcp } from '../fakes/protected-mcp.ts';
import { scriptedMcp, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import type { Answer, Json } from '../world.ts';
import { openInstancesDesk, type InstancesDesk } from './instances-desk.ts';

const places = ({ json }: Answer): string[][] =>
  json.detail.map(({ type, loc }: Json) => [type, ...loc].map(String));

describe('a tool instance of an MCP server', () => {
  let desk: InstancesDesk;
  let server: ModernFake;
  let guarded: ProtectedMcp;
  let other: ProtectedMcp;
  let plain: ScriptedMcp;
  before(async () => {
    desk = await openInstancesDesk();
    server = await modernMcp();
    guarded = await startProtectedMcp({ issuers: null, accepts: (bearer) => bearer === 'server-token-1' });
    other = await startProtectedMcp({ issuers: null });
    plain = await scriptedMcp({
      era: 'modern',
      tools: [{ name: 'look', description: 'Looks.', inputSchema: { type: 'object' } }],
    });
  });
  after(async () => {
    await desk.close();
    await Promise.all([server.close(), guarded.close(), other.close(), plain.close()]);
  });

  const create = (configuration: unknown, more: object = {}): Promise<Answer> =>
    desk.ask('POST', desk.base, { tool_id: 'custom_mcp', name: 'Server', configuration, ...more });
  const make = async (server_url: string, more: object = {}): Promise<Json> => {
    const { status, text, json } = await create({ server_url }, more);
    assert.equal(status, 201, text);
    return json;
  };
  const keep = async (value: string): Promise<string> => {
    const { status, text, json } = await desk.ask('POST', '/v1/orgs/default/vault/secrets', {
      name: 'Token',
      value,
    });
    assert.equal(status, 201, text);
    return json.vault_id;
  };
  const names = (instance: Json): string[] => instance.effective_action_schemas.map(({ name }: Json) => name);
  const count = async (): Promise<number> => (await desk.ask('GET', desk.base)).json.total;

  test('is made with its address, and serves what the server lists', async () => {
    const made = await make(server.url);
    assert.deepEqual(made.configuration, { server_url: server.url });
    assert.deepEqual(
      made.tool_config_schema.map(({ name, type, required }: Json) => [name, type, required]),
      [['server_url', 'url', true]],
    );
    assert.equal(made.auth_mode, 'none');
    assert.equal(made.connection_status, null);
    assert.deepEqual([made.tool_slug, made.tool_name], ['custom_mcp', 'MCP server']);
    assert.ok(names(made).includes('add'));
    const pack = await desk.pack(made.instance_id);
    const listed = JSON.parse(await desk.mcp(pack, 'tools/list')).result.tools;
    assert.equal(JSON.stringify(made.effective_action_schemas), JSON.stringify(listed));
    const { status, text } = await desk.put(made.instance_id, { configuration: made.configuration });
    assert.equal(status, 200, text);
    assert.deepEqual(await desk.get(made.instance_id), made);
  });

  test('is made with what is said of its actions, or not at all', async () => {
    const said = {
      mcp_action_filter: ['add'],
      action_defaults: { add: { a: 1 } },
      mcp_parameter_overrides: { add: { b: { mode: 'pinned', value: 2 } } },
      mcp_action_descriptions: { add: 'Adds one and two.' },
      mcp_max_calls_per_turn: 3,
      namespace_id: 'sums',
    };
    const made = await make(server.url, said);
    assert.deepEqual(Object.fromEntries(Object.keys(said).map((name) => [name, made[name]])), said);
    assert.deepEqual(names(made), ['add']);
    const before = await count();
    const refused = await create(
      { server_url: server.url },
      { mcp_action_filter: ['add', 'nothing'], action_defaults: { nowhere: {} } },
    );
    assert.equal(refused.status, 422);
    assert.deepEqual(places(refused), [
      ['unknown_tool', 'body', 'mcp_action_filter', '1'],
      ['unknown_tool', 'body', 'action_defaults', 'nowhere'],
    ]);
    assert.equal(await count(), before);
  });

  test('needs an address, one that may be reached, and says nothing of a secret in it', async () => {
    const before = await count();
    for (const [configuration, type] of [
      [{}, 'missing'],
      [{ server_url: 7 }, 'url_type'],
      [{ server_url: 'nowhere?key=hush-hush' }, 'url_parsing'],
      [{ server_url: 'ftp://example.com/?key=hush-hush' }, 'url_scheme'],
      [{ server_url: 'http://169.254.169.254/mcp?key=hush-hush' }, 'value_error'],
    ] as const) {
      const refused = await create(configuration);
      assert.equal(refused.status, 422, refused.text);
      assert.deepEqual(places(refused), [[type, 'body', 'configuration', 'server_url']]);
      assert.doesNotMatch(refused.text, /hush-hush/);
    }
    assert.equal(await count(), before);
  });

  test('that does not answer is there, without actions', async () => {
    const made = await make(`http://127.0.0.1:${await closedPort()}/mcp`);
    assert.deepEqual(made.effective_action_schemas, []);
    const { json } = await desk.ask('GET', `/v1/connections/${made.instance_id}`);
    assert.equal(json.data.tools_status, 'error');
    const before = await count();
    const body = { mcp_action_filter: ['add'] };
    const refused = await create({ server_url: `http://127.0.0.1:${await closedPort()}/mcp` }, body);
    assert.deepEqual(places(refused), [['unknown_tool', 'body', 'mcp_action_filter', '0']]);
    assert.equal(await count(), before);
  });

  test('signs in with a referenced token, given at once or later', async () => {
    const token = await keep('server-token-1');
    const made = await make(guarded.url, { credential_refs: { token } });
    assert.deepEqual(
      [made.auth_mode, made.auth_config, made.connection_status, names(made)],
      ['vault', { method: 'bearer' }, 'connected', ['do_it']],
    );
    const waiting = await make(guarded.url, { auth_mode: 'vault' });
    assert.deepEqual([waiting.connection_status, names(waiting)], ['not_connected', []]);
    const put = await desk.put(waiting.instance_id, { credential_refs: { token } });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual([put.json.connection_status, names(put.json)], ['connected', ['do_it']]);
  });

  test('that is signed in to by consent waits for it, and is not asked before', async () => {
    const asked = guarded.bearers.length;
    const made = await make(guarded.url, { auth_mode: 'connection' });
    assert.deepEqual(
      [made.auth_mode, made.auth_config, made.connection_status, made.has_credentials, names(made)],
      ['connection', { method: 'mcp_oauth' }, 'not_connected', false, []],
    );
    assert.equal(guarded.bearers.length, asked);
  });

  test('keeps the values of its query sealed: shown as ***, kept by what they read as', async () => {
    const made = await make(`${plain.url}?key=hush-hush`);
    const shown = { server_url: `${plain.url}?key=***` };
    assert.deepEqual(made.configuration, shown);
    const put = await desk.put(made.instance_id, { configuration: shown });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.json, made);
    const moved = await desk.put(made.instance_id, {
      configuration: { server_url: `${plain.url}/v2?key=***` },
    });
    assert.deepEqual(moved.json.configuration, { server_url: `${plain.url}/v2?key=***` });
    assert.match(plain.requests.at(-1)!.url, /\/v2\?key=hush-hush$/);
    const again = await desk.put(made.instance_id, {
      configuration: { server_url: `${plain.url}?key=another-hush` },
    });
    assert.equal(again.status, 200, again.text);
    assert.deepEqual(again.json.configuration, shown);
    assert.match(plain.requests.at(-1)!.url, /\?key=another-hush$/);
    const without = await desk.put(made.instance_id, { configuration: { server_url: plain.url } });
    assert.deepEqual(without.json.configuration, { server_url: plain.url });
    const rows = await desk.ask('GET', '/v1/audit?limit=100');
    for (const { text } of [made, moved, again, without, rows].map((one) => ({
      text: JSON.stringify(one),
    }))) {
      assert.doesNotMatch(text, /hush/);
    }
  });

  test('moved to another origin wants new credentials, and what is sealed stays behind', async () => {
    const token = await keep('server-token-1');
    const made = await make(guarded.url, { credential_refs: { token } });
    const configuration = { server_url: other.url };
    const refused = await desk.put(made.instance_id, { configuration });
    assert.equal(refused.status, 422);
    assert.deepEqual(places(refused), [['value_error', 'body', 'configuration']]);
    assert.deepEqual(other.bearers, []);
    const fresh = await keep('server-token-2');
    const put = await desk.put(made.instance_id, { configuration, credential_refs: { token: fresh } });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.json.configuration, configuration);
    assert.deepEqual([...new Set(other.bearers)], ['server-token-2']);

    const queried = await make(`${plain.url}?key=hush-hush`);
    const away = await desk.put(queried.instance_id, {
      configuration: { server_url: `${server.url}?key=***` },
    });
    assert.deepEqual(places(away), [['value_error', 'body', 'configuration']]);
    const given = await desk.put(queried.instance_id, { configuration: { server_url: server.url } });
    assert.equal(given.status, 200, given.text);
    assert.ok(!server.requests.some(({ headers }) => JSON.stringify(headers).includes('hush')));
  });

  test('at another address holds what is listed there until it is accepted', async () => {
    const made = await make(plain.url);
    assert.deepEqual(names(made), ['look']);
    const put = await desk.put(made.instance_id, { configuration: { server_url: server.url } });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(names(put.json), []);
    assert.equal(put.json.upgrade_available, true);
  });

  test('is tried at an address of its own, without saving it', async () => {
    const made = await make(plain.url);
    const path = `${desk.base}/${made.instance_id}/test`;
    const tried = await desk.ask('POST', path, { configuration: { server_url: server.url } });
    assert.equal(tried.json.success, true, tried.text);
    assert.deepEqual((await desk.get(made.instance_id)).configuration, { server_url: plain.url });
    const secret = await desk.ask('POST', path, { configuration: { server_url: `${plain.url}?key=hush` } });
    assert.deepEqual(places(secret), [['value_error', 'body', 'configuration']]);
  });

  test('connected by another contract is one like these', async () => {
    const body = { kind: 'mcp', nickname: 'Elsewhere', server_url: `${plain.url}?key=hush-hush` };
    const { json, text, status } = await desk.ask('POST', '/v1/connections', {
      ...body,
      auth: { type: 'none' },
    });
    assert.equal(status, 201, text);
    const instance = await desk.get(json.data.id);
    assert.deepEqual(instance.configuration, { server_url: `${plain.url}?key=***` });
    assert.equal((await desk.put(json.data.id, { configuration: {} })).status, 422);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseId } from '../../src/kernel/index.ts';
import { startProtectedMcp } from '../fakes/protected-mcp.ts';
import { startRotatingServer } from '../fakes/rotating-server.ts';
import type { Json } from '../world.ts';
import {
  appOf,
  breakAccount,
  followLink,
  openAccountDesk,
  type Accounts,
  type Organization,
} from './account-desk.ts';
import { keys } from './connect-desk.ts';

let accounts: Accounts;
let org: Organization;
let other: Organization;
before(async () => {
  accounts = await openAccountDesk();
  org = await accounts.organization();
  other = await accounts.organization();
});
after(() => accounts.close());

const base = '/v1/integrations/connections';
const absent = '00000000-0000-8000-8000-000000000000';
const apps = '/api/v1/application-credentials/';
const read = (id: string, by = org): Promise<Json> => by.done('GET', `${base}/${id}`);
const start = (key: string, by = org): Promise<Json> =>
  by.done('POST', base, { integration_key: key, nickname: `my ${key}` });
/** A connection of the organization's own account at `ledger`. */
const ledger = async (by = org): Promise<string> => {
  const { connection_id: id, connect_url: url } = await start('ledger', by);
  await followLink(accounts, url);
  return id;
};
const customMcp = (more: object = {}) => ({
  nickname: 'Quay',
  server_url: accounts.mcp.url,
  auth_type: 'oauth',
  ...more,
});
const entries = (json: Json): unknown[] => json.detail.map(({ type, loc }: Json) => [type, ...loc]);

describe('POST /connections', () => {
  it('starts the connect flow and answers our page; the connection waits for it', async () => {
    const { status, json } = await org.ask('POST', base, { integration_key: 'ledger', nickname: 'Books' });
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(json), [
      'connection_id',
      'session_token',
      'expires_at',
      'vendor',
      'connect_url',
    ]);
    assert.equal(json.vendor, 'toolcrib');
    assert.equal(json.connect_url, `${accounts.world.url}/connect/${json.session_token}`);
    const life = new Date(json.expires_at).getTime() - Date.now();
    assert.ok(life > 29 * 60_000 && life <= 30 * 60_000);
    assert.equal((await read(json.connection_id)).status, 'pending_oauth');
    await followLink(accounts, json.connect_url);
    const connection = await read(json.connection_id);
    assert.deepEqual([connection.status, connection.tools_status], ['active', 'synced']);
    assert.match(connection.connected_at, /Z$/);
  });

  it('leads over the organization’s own OAuth app where it has one', async () => {
    const by = await accounts.organization();
    await by.done('POST', apps, appOf('harbour'));
    const { connection_id: id, connect_url: url } = await start('harbour', by);
    await followLink(accounts, url);
    assert.equal((await read(id, by)).status, 'active');
  });

  it('has no page where there is nothing to sign in with', async () => {
    const { connection_id: id, ...rest } = await start('plain');
    assert.deepEqual(rest, { session_token: null, expires_at: null, vendor: 'toolcrib', connect_url: null });
    assert.equal((await read(id)).status, 'active');
  });

  it('refuses what it cannot read, all of it at once and at its place', async () => {
    const { status, json } = await org.ask('POST', base, { connector: 'slack', nickname: '' });
    assert.equal(status, 422);
    assert.deepEqual(json.detail, [
      {
        type: 'missing',
        loc: ['body', 'integration_key'],
        msg: 'Field required',
        input: { connector: 'slack', nickname: '' },
      },
      {
        type: 'string_too_short',
        loc: ['body', 'nickname'],
        msg: 'String should have at least 1 character',
        input: '',
        ctx: { min_length: 1 },
      },
      { type: 'extra_forbidden', loc: ['body', 'connector'], msg: 'Extra inputs are not permitted' },
    ]);
    for (const key of ['nothing', 'custom_mcp']) {
      const unknown = await org.ask('POST', base, { integration_key: key, nickname: 'x' });
      assert.equal(unknown.status, 422);
      assert.deepEqual(entries(unknown.json), [['value_error', 'body', 'integration_key']]);
    }
  });
});

describe('POST /connections/{id}/finalize', () => {
  it('is 409 before consent, and 200 with the connection as often as one likes after it', async () => {
    const { connection_id: id, connect_url: url } = await start('ledger');
    const early = await org.ask('POST', `${base}/${id}/finalize`);
    assert.deepEqual([early.status, early.json], [409, { detail: 'Nobody has consented yet.' }]);
    await followLink(accounts, url);
    for (let time = 0; time < 2; time += 1) {
      const { status, json } = await org.ask('POST', `${base}/${id}/finalize`, {});
      assert.equal(status, 200);
      assert.deepEqual([json.id, json.status, json.held_agents], [id, 'active', []]);
      assert.equal(json.tools[0].tool_path, 'me');
    }
  });
});

describe('POST /connections/custom-mcp with auth_type oauth', () => {
  it('is pending_oauth until a person has consented on our page, then its tools are read', async () => {
    const { status, json } = await org.ask('POST', `${base}/custom-mcp`, customMcp());
    assert.equal(status, 201);
    const { connection_id: id, authorize_url: url, state, ...rest } = json;
    assert.deepEqual(rest, { status: 'pending_oauth', vendor: 'toolcrib' });
    assert.ok(url.startsWith(`${accounts.world.url}/connect/`));
    assert.ok(!url.includes(state), 'the state is no key to the page');
    const { text } = await org.ask('GET', '/v1/audit?action=link.issued&limit=100');
    assert.ok(text.includes(state), 'and names the sign-in in the audit');
    assert.equal((await read(id)).tools_status, 'pending');
    await followLink(accounts, url);
    const connection = await read(id);
    assert.deepEqual([connection.status, connection.tools_status], ['active', 'synced']);
    assert.deepEqual(
      connection.tools.map((tool: Json) => tool.tool_path),
      ['do_it'],
    );
    assert.equal(accounts.server.authorizations.at(-1)!.get('scope'), 'tools:read');
  });

  it('takes a client that was registered there, and addresses and scopes by hand', async () => {
    const given = {
      oauth_client_id: 'toolcrib',
      oauth_client_secret: 'toolcrib-secret',
      oauth_authorize_url: `${accounts.server.url}/authorize`,
      oauth_token_url: `${accounts.server.url}/token`,
      oauth_scopes: ['tools:all'],
    };
    const { connection_id: id, authorize_url: url } = await org.done(
      'POST',
      `${base}/custom-mcp`,
      customMcp(given),
    );
    await followLink(accounts, url);
    const asked = accounts.server.authorizations.at(-1)!;
    assert.deepEqual([asked.get('client_id'), asked.get('scope')], ['toolcrib', 'tools:all']);
    assert.equal((await read(id)).status, 'active');
  });

  it('says at its place what is missing, and repeats no secret', async () => {
    const closed = await startRotatingServer();
    const mcp = await startProtectedMcp({ issuers: [closed.issuer] });
    try {
      for (const [more, places] of [
        [{ server_url: mcp.url }, [['missing', 'body', 'oauth_client_id']]],
        [{ oauth_client_secret: 'a-secret' }, [['missing', 'body', 'oauth_client_id']]],
        [{ oauth_token_url: 'https://example.com/t' }, [['missing', 'body', 'oauth_authorize_url']]],
        [{ oauth_scopes: 'tools' }, [['list_type', 'body', 'oauth_scopes']]],
        [{ token: 'a-secret' }, [['extra_forbidden', 'body', 'token']]],
      ] as const) {
        const { status, json, text } = await org.ask('POST', `${base}/custom-mcp`, customMcp(more));
        assert.equal(status, 422, text);
        assert.deepEqual(entries(json), places);
        assert.ok(!text.includes('a-secret'), text);
      }
      const before = (await org.done('GET', base)).length;
      const nowhere = customMcp({ server_url: accounts.service.url });
      assert.equal((await org.ask('POST', `${base}/custom-mcp`, nowhere)).status, 502);
      assert.equal((await org.done('GET', base)).length, before, 'nothing was created');
    } finally {
      await closed.close();
      await mcp.close();
    }
  });
});

describe('POST /connections/custom-mcp/discover', () => {
  it('answers how to sign in and creates nothing', async () => {
    const before = (await org.done('GET', base)).length;
    const registered = accounts.server.counts.register;
    const body = { server_url: accounts.mcp.url };
    const { status, json } = await org.ask('POST', `${base}/custom-mcp/discover`, body);
    assert.equal(status, 200);
    assert.deepEqual(json, {
      supports_dcr: true,
      supports_cimd: false,
      authorize_url: `${accounts.server.url}/authorize`,
      token_url: `${accounts.server.url}/token`,
      scopes: ['tools:read'],
    });
    assert.equal((await org.done('GET', base)).length, before);
    assert.equal(accounts.server.counts.register, registered);
  });

  it('refuses addresses that may not be asked, and says where nothing usable was found', async () => {
    const ask = (server_url: unknown) => org.ask('POST', `${base}/custom-mcp/discover`, { server_url });
    for (const address of ['ftp://127.0.0.1', 'http://192.168.1.1/mcp', 'http://u:p@127.0.0.1/mcp', '']) {
      const { status, json } = await ask(address);
      assert.equal(status, 422, address);
      assert.deepEqual(json.detail[0].loc, ['body', 'server_url']);
    }
    assert.equal((await ask(accounts.service.url)).status, 502);
  });
});

describe('POST /connections/{id}/reconnect', () => {
  it('takes a new key in place: id, slug and packs stay, and held agents are named', async () => {
    const by = await accounts.organization();
    const id = await ledger(by);
    const before = await read(id, by);
    const agent = await breakAccount(by, id, 'clerk');
    assert.equal((await read(id, by)).status, 'needs_reauth');
    const { status, json, text } = await by.ask('POST', `${base}/${id}/reconnect`, { api_key: keys.ada });
    assert.equal(status, 200, text);
    assert.deepEqual(
      [json.id, json.nickname_slug, json.status, json.authorize_url],
      [id, before.nickname_slug, 'active', null],
    );
    const held = [{ id: parseId(agent.id), handle: 'clerk', name: agent.name }];
    assert.deepEqual(json.held_agents, held, 'nobody is activated silently');
    const { held_agents } = await by.done('POST', `${base}/${id}/finalize`);
    assert.deepEqual(held_agents, held);
    await by.done('POST', `${base}/${id}/finalize`, { activate_agents: [agent.id] });
    assert.equal((await by.done('GET', `/v1/agents/${agent.id}`)).is_active, true);
  });

  it('activates the agents it is told to with it', async () => {
    const by = await accounts.organization();
    const id = await ledger(by);
    const agent = await breakAccount(by, id, 'clerk');
    const body = { api_key: keys.ada, activate_agents: 'all' };
    assert.deepEqual((await by.done('POST', `${base}/${id}/reconnect`, body)).held_agents, []);
    assert.equal((await by.done('GET', `/v1/agents/${agent.id}`)).is_active, true);
  });

  it('activates nobody else’s agents, whoever is named', async () => {
    const [mine, theirs] = [await accounts.organization(), await accounts.organization()];
    const agents = new Map<Organization, { id: string; agent: Json }>();
    for (const by of [mine, theirs]) {
      const id = await ledger(by);
      agents.set(by, { id, agent: await breakAccount(by, id, 'clerk') });
    }
    const { id } = agents.get(mine)!;
    const { agent } = agents.get(theirs)!;
    const body = { api_key: keys.ada, activate_agents: [agent.id, absent] };
    const { held_agents: held } = await mine.done('POST', `${base}/${id}/reconnect`, body);
    assert.deepEqual(
      held.map(({ handle }: Json) => handle),
      ['clerk'],
    );
    assert.equal((await theirs.done('GET', `/v1/agents/${agent.id}`)).is_active, false);
  });

  it('tries a key before it is stored, and wants a yes to another account', async () => {
    const id = await ledger();
    const ask = (body: object) => org.ask('POST', `${base}/${id}/reconnect`, body);
    const bad = await ask({ api_key: 'a-key-nobody-has' });
    assert.equal(bad.status, 422);
    assert.deepEqual(entries(bad.json), [['credential_refused', 'body']]);
    assert.ok(!bad.text.includes('nobody-has'));
    assert.equal((await read(id)).status, 'active');
    const another = await ask({ api_key: keys.grace });
    assert.equal(another.status, 409);
    assert.match(another.json.detail, /ada@example\.com/);
    assert.equal((await ask({ api_key: keys.grace, accept_other_account: true })).status, 200);
  });

  it('answers authorize_url for OAuth, and the connection is good again after consent', async () => {
    const { connection_id: id, authorize_url: first } = await org.done(
      'POST',
      `${base}/custom-mcp`,
      customMcp(),
    );
    await followLink(accounts, first);
    const { json, status } = await org.ask('POST', `${base}/${id}/reconnect`);
    assert.equal(status, 200);
    assert.equal(json.id, id);
    assert.ok(json.authorize_url.startsWith(`${accounts.world.url}/connect/`));
    await followLink(accounts, json.authorize_url);
    assert.equal((await read(id)).status, 'active');
    const early = await org.ask('POST', `${base}/${id}/reconnect`, { activate_agents: 'all' });
    assert.deepEqual(entries(early.json), [['value_error', 'body', 'activate_agents']]);
  });

  it('refuses fields of another way to sign in, missing ones and unknown ones at their places', async () => {
    const id = await ledger();
    for (const [body, places] of [
      [{}, [['missing', 'body', 'api_key']]],
      [
        { token: 'x' },
        [
          ['missing', 'body', 'api_key'],
          ['extra_forbidden', 'body', 'token'],
        ],
      ],
      [{ api_key: [keys.ada] }, [['string_type', 'body', 'api_key']]],
      [{ api_key: 'x', credential: {} }, [['extra_forbidden', 'body', 'credential']]],
      [{ api_key: 'x', activate_agents: 'some' }, [['literal_error', 'body', 'activate_agents']]],
    ] as const) {
      const { status, json, text } = await org.ask('POST', `${base}/${id}/reconnect`, body);
      assert.equal(status, 422, text);
      assert.deepEqual(entries(json), places);
      assert.ok(!text.includes(keys.ada));
    }
  });
});

describe('the rest of the contract', () => {
  it('imports a document with the OAuth it declares, and refuses one that declares none', async () => {
    const flow = {
      authorizationUrl: `${accounts.server.url}/authorize`,
      tokenUrl: `${accounts.server.url}/token`,
      scopes: { read: 'Reads.' },
    };
    const documentOf = (flows: object | null) => ({
      openapi: '3.1.0',
      info: { title: 'Things', version: '1' },
      servers: [{ url: `${accounts.server.url}/api` }],
      ...(flows
        ? { components: { securitySchemes: { o: { type: 'oauth2', flows } } }, security: [{ o: [] }] }
        : {}),
      paths: { '/things': { get: { operationId: 'things', responses: { 200: { description: 'ok' } } } } },
    });
    const client = { client_id: 'toolcrib', client_secret: 'toolcrib-secret' };
    const add = (flows: object | null, auth: object) =>
      org.ask('POST', `${base}/openapi`, { nickname: 'Things', document: documentOf(flows), auth });
    const code = await add({ authorizationCode: flow }, { type: 'oauth2', client });
    assert.deepEqual([code.status, code.json.status], [201, 'pending_oauth']);
    const { authorize_url: url } = await org.done('POST', `${base}/${code.json.connection_id}/reconnect`);
    await followLink(accounts, url);
    assert.equal((await read(code.json.connection_id)).status, 'active');
    const machine = await add({ clientCredentials: flow }, { type: 'oauth2', client });
    assert.deepEqual([machine.status, machine.json.status], [201, 'active']);
    const none = await add(null, { type: 'oauth2', client });
    assert.equal(none.status, 422);
    assert.deepEqual(entries(none.json), [['value_error', 'body', 'auth', 'type']]);
  });

  it('says when the organization’s account was last refreshed', async () => {
    const by = await accounts.organization();
    const { connection_id: id, authorize_url: url } = await by.done(
      'POST',
      `${base}/custom-mcp`,
      customMcp(),
    );
    await followLink(accounts, url);
    assert.equal((await read(id, by)).last_refreshed_at, null);
    accounts.server.expireAll();
    await by.done('POST', `${base}/${id}/sync`);
    const { last_refreshed_at: at } = await read(id, by);
    assert.ok(Math.abs(new Date(at).getTime() - Date.now()) < 60_000, at);
    const [listed] = await by.done('GET', base);
    assert.equal(listed.last_refreshed_at, at);
  });

  it('knows no other organization’s connection: the same 404 on every route', async () => {
    const foreign = await ledger(other);
    for (const route of ['finalize', 'reconnect']) {
      const [one, two] = await Promise.all(
        [foreign, absent].map((id) => org.ask('POST', `${base}/${id}/${route}`, {})),
      );
      assert.equal(one!.status, 404);
      assert.equal(one!.text, two!.text);
      const unreadable = await org.ask('POST', `${base}/x/${route}`, {});
      assert.deepEqual(entries(unreadable.json), [['uuid_parsing', 'path', 'connection_id']]);
    }
  });

  it('wants tools:write, and agents:write to activate agents', async () => {
    const id = await ledger();
    const reader = await org.keyOf(['tools:read', 'credentials:write']);
    const writer = await org.keyOf(['tools:write', 'tools:read']);
    const ask = async (key: string, path: string, body: object): Promise<number> =>
      (await accounts.world.ask('POST', path, { key, body })).status;
    for (const [path, body] of [
      [base, { integration_key: 'ledger', nickname: 'x' }],
      [`${base}/custom-mcp/discover`, { server_url: accounts.mcp.url }],
      [`${base}/${id}/finalize`, {}],
      [`${base}/${id}/reconnect`, { api_key: keys.ada }],
    ] as const) {
      assert.equal(await ask(reader, path, body), 403, path);
      assert.ok((await ask(writer, path, body)) < 300, path);
    }
    for (const route of ['finalize', 'reconnect']) {
      const body = { ...(route === 'reconnect' ? { api_key: keys.ada } : {}), activate_agents: 'all' };
      assert.equal(await ask(writer, `${base}/${id}/${route}`, body), 403);
    }
  });
});

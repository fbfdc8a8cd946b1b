import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseId } from '../../src/kernel/index.ts';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import type { Json } from '../world.ts';
import {
  appOf,
  breakAccount,
  followLink,
  openAccountDesk,
  type Accounts,
  type Organization,
} from './account-desk.ts';
import { addConnector, keyConnector, keys } from './connect-desk.ts';

let accounts: Accounts;
let org: Organization;
let other: Organization;
before(async () => {
  accounts = await openAccountDesk();
  org = await accounts.organization();
  other = await accounts.organization();
});
after(() => accounts.close());

const absent = '00000000-0000-8000-8000-000000000000';
const client = { client_id: 'toolcrib', client_secret: 'toolcrib-secret' };
const read = (id: string, by = org): Promise<Json> => by.done('GET', `/v1/connections/${id}`);
const catalog = (connector: string, more: object = {}, by = org): Promise<Json> =>
  by.done('POST', '/v1/connections', { kind: 'catalog', connector, ...more });
const connect = async (id: string, by = org): Promise<string> =>
  (await by.done('POST', `/v1/connections/${id}/connect`)).connect_url;
/** A connection with the organization's account, of Ada at `ledger`. */
const ledger = async (by = org): Promise<string> =>
  (await catalog('ledger', { credential: { api_key: keys.ada } }, by)).id;
const without = (text: string): string => text.replace(/"request_id":"[^"]*"/g, '');

describe('POST /v1/connections with OAuth', () => {
  it('makes a catalog connection that waits for consent, with a client of its own', async () => {
    const made = await catalog('harbour', { method: 'oauth2', client });
    assert.deepEqual([made.auth, made.status], ['oauth2', 'pending']);
    await followLink(accounts, await connect(made.id));
    assert.equal((await read(made.id)).status, 'connected');
  });

  it('signs in as a client at once', async () => {
    const made = await catalog('robot', { method: 'oauth2_client_credentials', client });
    assert.equal(made.status, 'connected');
    const wrong = { client_id: 'toolcrib', client_secret: 'not-the-secret' };
    const refused = await catalog('robot', { method: 'oauth2_client_credentials', client: wrong });
    assert.equal(refused.status, 'pending');
    assert.ok(refused.status_reason);
    assert.ok(!JSON.stringify(refused).includes('not-the-secret'));
  });

  it('asks an MCP server how to sign in, and reads its tools after consent', async () => {
    const body = { kind: 'mcp', nickname: 'quay', server_url: accounts.mcp.url, auth: { type: 'oauth' } };
    const made = await org.done('POST', '/v1/connections', body);
    assert.deepEqual(
      [made.auth, made.status, made.tools_status, made.tools.total],
      ['mcp_oauth', 'pending', 'pending', 0],
    );
    await followLink(accounts, await connect(made.id));
    const after = await read(made.id);
    assert.deepEqual([after.status, after.tools_status, after.tools.total], ['connected', 'synced', 1]);
  });

  it('takes what the server does not say: client, addresses, scopes', async () => {
    const auth = {
      type: 'oauth',
      client,
      authorize_url: `${accounts.server.url}/authorize`,
      token_url: `${accounts.server.url}/token`,
      scopes: ['tools:all'],
    };
    const body = { kind: 'mcp', nickname: 'quay', server_url: accounts.mcp.url, auth };
    const { id } = await org.done('POST', '/v1/connections', body);
    await followLink(accounts, await connect(id));
    assert.equal(accounts.server.authorizations.at(-1)!.get('scope'), 'tools:all');
    assert.equal((await read(id)).status, 'connected');
  });

  it('takes a document’s OAuth as it declares it', async () => {
    const flow = { tokenUrl: `${accounts.server.url}/token`, scopes: { read: 'Reads.' } };
    const schemes = { o: { type: 'oauth2', flows: { clientCredentials: flow } } };
    const document = {
      openapi: '3.1.0',
      info: { title: 'Things', version: '1' },
      servers: [{ url: `${accounts.server.url}/api` }],
      components: { securitySchemes: schemes },
      security: [{ o: [] }],
      paths: { '/things': { get: { operationId: 'things', responses: { 200: { description: 'ok' } } } } },
    };
    const body = (type: string) => ({
      kind: 'openapi',
      nickname: 'things',
      document,
      auth: { type, client },
    });
    const made = await org.done('POST', '/v1/connections', body('oauth2_client_credentials'));
    assert.equal(made.status, 'connected');
    const undeclared = await org.ask('POST', '/v1/connections', body('oauth2'));
    assert.deepEqual([undeclared.status, undeclared.json.error.param], [422, '/auth/type']);
  });

  it('refuses what belongs to another way to sign in, at its place, and repeats no secret', async () => {
    const mcp = { kind: 'mcp', nickname: 'x', server_url: accounts.mcp.url };
    for (const [body, param] of [
      [{ ...mcp, auth: { type: 'oauth', token: 'a-secret' } }, '/auth/token'],
      [{ ...mcp, auth: { type: 'bearer', token: 'a-secret', client } }, '/auth/client'],
      [{ ...mcp, auth: { type: 'oauth', client: { client_secret: 'a-secret' } } }, '/auth/client/client_id'],
      [{ ...mcp, auth: { type: 'oauth', token_url: 'https://example.com/t' } }, '/auth/authorize_url'],
      [{ ...mcp, auth: { type: 'sso' } }, '/auth/type'],
      [{ kind: 'mcp', nickname: 'x', stdio_server: 'nothing', auth: { type: 'oauth' } }, '/stdio_server'],
      [{ kind: 'catalog', connector: 'ledger', client }, '/client'],
      [{ kind: 'catalog', connector: 'ledger', method: 'oauth2' }, '/method'],
    ] as const) {
      const { status, json, text } = await org.ask('POST', '/v1/connections', body);
      assert.equal(status, 422, text);
      assert.equal(json.error.param, param, text);
      assert.ok(!text.includes('a-secret') && !text.includes('toolcrib-secret'), text);
    }
  });
});

describe('POST /v1/connections/{id}/connect', () => {
  it('answers the page’s address and when it runs out; the page takes the key and the account is the organization’s', async () => {
    const { id, slug } = await catalog('ledger');
    const { status, json } = await org.ask('POST', `/v1/connections/${id}/connect`);
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(json.data), ['connect_url', 'expires_at']);
    assert.ok(json.data.connect_url.startsWith(`${accounts.world.url}/connect/`));
    await followLink(accounts, json.data.connect_url);
    assert.equal((await read(id)).status, 'connected');
    const listed = await org.done('GET', '/v1/credentials');
    const credential = listed.find((each: Json) => each.connection.slug === slug);
    assert.deepEqual([credential.owner.type, credential.account.label], ['organization', 'ada@example.com']);
  });

  it('takes a callback address that is registered, and a state only with one', async () => {
    const { id } = await catalog('ledger');
    for (const [body, param] of [
      [{ callback_url: 'https://elsewhere.example/' }, '/callback_url'],
      [{ state: 'x' }, '/state'],
      [{ scopes: [] }, '/scopes'],
    ] as const) {
      const { status, json } = await org.ask('POST', `/v1/connections/${id}/connect`, body);
      assert.deepEqual([status, json.error.param], [422, param]);
    }
  });

  it('is 409 where there is nothing to sign in with', async () => {
    const { id } = await catalog('plain');
    const { status, json } = await org.ask('POST', `/v1/connections/${id}/connect`);
    assert.deepEqual([status, json.error.code], [409, 'nothing_to_connect']);
  });
});

describe('POST /v1/connections/{id}/reconnect', () => {
  it('takes a new key in place, names held agents, and activates those it is told to', async () => {
    const by = await accounts.organization();
    const id = await ledger(by);
    const { slug } = await read(id, by);
    const agent = await breakAccount(by, id, 'clerk');
    const path = `/v1/connections/${id}/reconnect`;
    const first = await by.done('POST', path, { credential: { api_key: keys.ada } });
    assert.deepEqual([first.id, first.slug, first.status], [id, slug, 'connected']);
    assert.deepEqual([first.connect_url, first.expires_at], [null, null]);
    assert.deepEqual(first.held_agents, [{ id: parseId(agent.id), handle: 'clerk', name: agent.name }]);
    const body = { credential: { api_key: keys.ada }, activate_agents: [agent.id] };
    assert.deepEqual((await by.done('POST', path, body)).held_agents, []);
    assert.equal((await by.done('GET', `/v1/agents/${agent.id}`)).is_active, true);
  });

  it('wants a yes to another account', async () => {
    const { id } = await catalog('ledger');
    await followLink(accounts, await connect(id));
    const path = `/v1/connections/${id}/reconnect`;
    const credential = { api_key: keys.grace };
    const { status, json } = await org.ask('POST', path, { credential });
    assert.deepEqual([status, json.error.code], [409, 'other_account']);
    assert.deepEqual(json.error.details, { connected: 'ada@example.com', given: 'grace@example.com' });
    await org.done('POST', path, { credential, accept_other_account: true });
  });

  it('answers connect_url for OAuth', async () => {
    const made = await catalog('harbour', { method: 'oauth2', client });
    const again = await org.done('POST', `/v1/connections/${made.id}/reconnect`, {});
    assert.ok(again.connect_url.startsWith(`${accounts.world.url}/connect/`));
    assert.match(again.expires_at, /Z$/);
    await followLink(accounts, again.connect_url);
    assert.equal((await read(made.id)).status, 'connected');
  });

  it('signs in anew as a client, and says why where the service refuses', async () => {
    const made = await catalog('robot', { method: 'oauth2_client_credentials', client });
    const path = `/v1/connections/${made.id}/reconnect`;
    assert.equal((await org.done('POST', path)).status, 'connected');
    accounts.server.next('token', { kind: 'error', error: 'invalid_client', status: 401 });
    const refused = await org.ask('POST', path);
    assert.deepEqual([refused.status, refused.json.error.code], [502, 'oauth_exchange']);
    assert.equal((await read(made.id)).status, 'connected', 'what it had is not taken away');
  });
});

describe('POST /v1/connections/{id}/test', () => {
  let odd: Fake;
  let answer: (path: string) => [number, object];
  before(async () => {
    odd = await httpService((seen, response) => {
      const [status, body] = answer(seen.url);
      sendJson(response, body, status);
    });
    addConnector(accounts.world, keyConnector('odd', odd.url));
    addConnector(accounts.world, keyConnector('mute', odd.url, { identity: null }));
  });
  after(() => odd.close());
  const tried = async (id: string, by = org): Promise<Json> => {
    const { status, json, text } = await by.ask('POST', `/v1/connections/${id}/test`);
    assert.equal(status, 200, text);
    assert.deepEqual(Object.keys(json.data), ['ok', 'message', 'account', 'latency_ms']);
    assert.ok(Number.isInteger(json.data.latency_ms));
    return json.data;
  };

  it('asks the service whose account it is', async () => {
    const result = await tried(await ledger());
    assert.deepEqual([result.ok, result.account], [true, { id: '1', label: 'ada@example.com' }]);
    assert.equal(result.message, 'The service knows it as ada@example.com.');
  });

  it('lists an MCP server’s tools', async () => {
    const body = { kind: 'mcp', nickname: 'quay', server_url: accounts.mcp.url, auth: { type: 'oauth' } };
    const { id } = await org.done('POST', '/v1/connections', body);
    assert.deepEqual((await tried(id)).ok, false, 'nobody has consented');
    await followLink(accounts, await connect(id));
    const { ok, message, account } = await tried(id);
    assert.deepEqual([ok, message, account], [true, 'It lists 1 tool.', null]);
  });

  it('answers 200 with ok false where the service refuses, and the failure is marked as in a call', async () => {
    const id = await ledger();
    const { slug } = await read(id);
    await org.done('PUT', '/v1/credentials', { connection: slug, fields: { api_key: 'a-key-nobody-has' } });
    const { ok, message } = await tried(id);
    assert.equal(ok, false);
    assert.match(message, /401/);
    assert.equal((await read(id)).status, 'auth_failed');
  });

  it('refreshes a token that has run out first', async () => {
    const { id } = await catalog('harbour', { method: 'oauth2', client });
    await followLink(accounts, await connect(id));
    accounts.server.expireAll();
    const { ok, account } = await tried(id);
    assert.deepEqual([ok, account?.id], [true, 'account-1']);
  });

  it('flips nothing for 403, 429 and 5xx, nor for an answer that names nobody', async () => {
    answer = () => [200, {}];
    const { id } = await catalog('odd', { credential: { api_key: 'k' } });
    for (const [status, body] of [
      [403, {}],
      [429, {}],
      [500, {}],
      [200, {}],
    ] as const) {
      answer = () => [status, body];
      const { ok, message } = await tried(id);
      assert.equal(ok, false);
      assert.match(message, status === 200 ? /nobody in particular/ : new RegExp(String(status)));
      assert.equal((await read(id)).status, 'connected');
    }
  });

  it('says what it could not try where the connector names no way to ask', async () => {
    answer = () => [404, {}];
    const { id } = await catalog('mute', { credential: { api_key: 'k' } });
    const { ok, message } = await tried(id);
    assert.equal(ok, true);
    assert.match(message, /^The service answers\. .* was not tried\.$/);
    const { ok: plain, message: said } = await tried((await catalog('plain')).id);
    assert.deepEqual([plain, said], [true, 'The service answers.']);
  });

  it('is in the audit, whoever asked and whatever came of it', async () => {
    const by = await accounts.organization();
    const id = await ledger(by);
    await tried(id, by);
    const [row] = await by.done('GET', '/v1/audit?action=connection.tested');
    assert.deepEqual([row.outcome, row.target.id, row.changes.account], ['allowed', id, 'ada@example.com']);
  });
});

describe('POST /v1/users/{id}/link', () => {
  it('makes a link for the owner that the packs say', async () => {
    const by = await accounts.organization();
    const { slug } = await catalog('ledger', {}, by);
    await by.done('POST', '/v1/packs', { name: 'p', entries: [{ slug, auth_scope: 'INDIVIDUAL' }] });
    const user = await by.done('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'Ada' });
    const path = `/v1/users/${user.id}/link`;
    const { status, json } = await by.ask('POST', path, { connection: slug });
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(json.data), ['connect_url', 'expires_at', 'auth_scope']);
    assert.equal(json.data.auth_scope, 'INDIVIDUAL');
    await followLink(accounts, json.data.connect_url);
    const [credential] = await by.done('GET', '/v1/credentials');
    assert.deepEqual(credential.owner, { type: 'user', id: user.id });
    for (const [body, param] of [
      [{}, '/connection'],
      [{ connection: 'nothing' }, '/connection'],
      [{ connection: slug, pack_id: absent }, '/pack_id'],
      [{ connection: slug, connector: 'x' }, '/connector'],
    ] as const) {
      const refused = await by.ask('POST', path, body);
      assert.deepEqual([refused.status, refused.json.error.param], [422, param]);
    }
  });
});

describe('what is shown', () => {
  it('GET /v1/catalog/{slug} has the sign-in methods in order, and the exact redirect address for an own app', async () => {
    const by = await accounts.organization();
    const [method] = (await by.done('GET', '/v1/catalog/harbour')).sign_in;
    assert.deepEqual(
      [method.type, method.fields, method.needs_app, method.has_app, method.redirect_uri],
      ['oauth2', [], true, false, `${accounts.world.url}/connect/callback`],
    );
    assert.deepEqual(method.scopes, ['read', 'write']);
    assert.equal(method.scope_meanings.read, 'Read what you can read');
    await by.done('POST', '/api/v1/application-credentials/', appOf('harbour'));
    assert.equal((await by.done('GET', '/v1/catalog/harbour')).sign_in[0].has_app, true);
    const listed = await by.done('GET', '/v1/catalog?limit=100');
    const key = listed.find((one: Json) => one.slug === 'ledger').sign_in[0];
    assert.deepEqual(
      [key.type, key.fields, key.needs_app, key.has_app, key.redirect_uri],
      ['api_key', ['api_key'], false, null, null],
    );
  });

  it('GET /v1/credentials says how each account stands, and no part of a value', async () => {
    const by = await accounts.organization();
    const { id, slug } = await catalog('harbour', { method: 'oauth2', client }, by);
    await followLink(accounts, await connect(id, by));
    const { text, json } = await by.ask('GET', '/v1/credentials');
    const [credential] = json.data;
    const { id: _id, created_at: _at, owner: _owner, expires_at: expires, ...rest } = credential;
    assert.deepEqual(rest, {
      connection: { id, slug },
      fields: ['access_token', 'refresh_token'],
      hint: 'account-1@example.com',
      status: 'connected',
      status_reason: null,
      account: { id: 'account-1', label: 'account-1@example.com' },
      scopes: ['read', 'write'],
      refreshed_at: null,
    });
    assert.ok(new Date(expires).getTime() > Date.now());
    const token = accounts.server.api.at(-1)!.bearer!;
    assert.ok(!text.includes(token.slice(-6)) && !text.includes(token.slice(3, 9)));
  });
});

describe('who may', () => {
  it('knows no other organization’s connection: the same 404 on every route', async () => {
    const foreign = await ledger(other);
    for (const route of ['connect', 'reconnect', 'test']) {
      const [one, two] = await Promise.all(
        [foreign, absent].map((id) => org.ask('POST', `/v1/connections/${id}/${route}`)),
      );
      assert.equal(one!.status, 404);
      assert.equal(without(one!.text), without(two!.text));
    }
  });

  it('wants credentials:write for a link, tools:write for the rest, and no key of a part of the organization', async () => {
    const id = await ledger();
    const user = await org.done('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'Ada' });
    const ask = async (key: string, route: string, body?: object): Promise<number> =>
      (await accounts.world.ask('POST', `/v1/connections/${id}/${route}`, { key, body })).status;
    const part = await org.keyOf(['tools:write'], { user_ids: [user.id] });
    const tools = await org.keyOf(['tools:write']);
    const credentials = await org.keyOf(['credentials:write']);
    const bound = await org.keyOf(['credentials:write'], { user_ids: [user.id] });
    const runtime = await org.keyOf(['runtime:all']);
    const given = { credential: { api_key: keys.ada } };
    assert.deepEqual([await ask(credentials, 'connect'), await ask(tools, 'connect')], [201, 403]);
    assert.equal(await ask(bound, 'connect'), 403);
    assert.equal(await ask(part, 'reconnect', given), 403);
    assert.deepEqual(
      [await ask(tools, 'reconnect', given), await ask(credentials, 'reconnect', given)],
      [200, 403],
    );
    assert.deepEqual([await ask(tools, 'test'), await ask(credentials, 'test')], [200, 403]);
    for (const route of ['connect', 'reconnect', 'test']) assert.equal(await ask(runtime, route), 403);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { newId, parseId } from '../../src/kernel/index.ts';
import { keyUses } from '../../src/main/key-uses.ts';
import { rotateKeys } from '../../src/vault/index.ts';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { createVisitor } from '../visitor.ts';
import type { Answer, Json } from '../world.ts';
import { followLink, openAccountDesk, type Accounts, type Organization } from './account-desk.ts';
import { addConnector, keyConnector, keys, oauthConnector } from './connect-desk.ts';

type Home = Organization & { slug: string; secrets: string };

describe('a tool instance signs in', () => {
  let accounts: Accounts;
  let basic: Fake;
  let elsewhere: Fake;
  before(async () => {
    accounts = await openAccountDesk();
    const { world, server, service } = accounts;
    basic = await httpService(({ headers }, response) => {
      const good = `Basic ${Buffer.from('ada:pass-of-ada').toString('base64')}`;
      sendJson(response, { seen: headers.authorization ?? null }, headers.authorization === good ? 200 : 401);
    });
    elsewhere = await httpService((_seen, response) => sendJson(response, { id: 1, email: 'x' }));
    const oauth2 = {
      type: 'oauth2',
      authorization_url: `${server.url}/authorize`,
      token_url: `${server.url}/token`,
      scopes: ['read', 'write'],
      pkce: true,
      client_auth: 'client_secret_basic',
      rotation: true,
      margin_seconds: 60,
    };
    const apiKey = { type: 'api_key', in: 'header', name: 'X-Api-Key' };
    const auth = [apiKey, { ...apiKey, name: 'X-Other-Key' }, { type: 'basic' }, oauth2, { type: 'none' }];
    addConnector(world, keyConnector('doors', service.url, { auth, identity: null }));
    addConnector(world, keyConnector('gate', basic.url, { auth: [{ type: 'basic' }], identity: null }));
    addConnector(world, oauthConnector('pier', server.url, { auth: [{ ...oauth2, scopes: ['read'] }] }));
    const region = { name: 'base', display_name: 'Address', type: 'url', required: true };
    const port = { name: 'port', display_name: 'Port', type: 'integer', required: true };
    const roving = {
      config: [port],
      identity: null,
      auth: [
        { type: 'oauth2_client_credentials', token_url: 'http://127.0.0.1:{port}/token', scopes: ['read'] },
        {
          ...oauth2,
          authorization_url: 'http://127.0.0.1:{port}/authorize',
          token_url: 'http://127.0.0.1:{port}/token',
        },
      ],
    };
    addConnector(world, keyConnector('roving', 'http://127.0.0.1:{port}', roving));
    addConnector(world, keyConnector('movable', '{base}', { config: [region], identity: null }));
  });
  after(async () => {
    await accounts.close();
    await Promise.all([basic.close(), elsewhere.close()]);
  });

  const home = async (): Promise<Home> => {
    const org = await accounts.organization();
    const { slug } = await org.done('GET', `/v1/orgs/${org.id}`);
    return { ...org, slug, secrets: `/v1/orgs/${slug}/vault/secrets` };
  };
  const keep = async (org: Home, value: string, workspace_id?: string): Promise<string> =>
    (await org.done('POST', org.secrets, { name: 'A secret', value, workspace_id })).vault_id;
  const make = async (org: Home, connector: string, more: object = {}): Promise<string> => {
    const made = await org.done('POST', '/v1/connections', { kind: 'catalog', connector, ...more });
    return parseId(made.id)!;
  };
  const instances = (org: { slug: string }, workspace = 'default'): string =>
    `/v1/orgs/${org.slug}/workspaces/${workspace}/tool-instances`;
  const put = (org: Home, id: string, body: object, by: { key?: string; workspace?: string } = {}) =>
    accounts.world.ask('PUT', `${instances(org, by.workspace)}/${id}`, { key: by.key ?? org.key, body });
  const read = (org: Home, id: string): Promise<Json> => org.done('GET', `${instances(org)}/${id}`);
  const refused = (answer: Answer, ...locs: (string | number)[][]): void => {
    assert.equal(answer.status, 422, answer.text);
    const said = answer.json.detail.map(({ loc }: Json) => loc);
    assert.deepEqual(
      said,
      locs.map((loc) => ['body', ...loc]),
    );
  };
  /** What the service answers a call of the instance's `me`, as the organization. */
  const call = async (org: Home, id: string): Promise<Json> => {
    const { slug } = await org.done('GET', `/v1/connections/${id}`);
    const entries = [{ slug, auth_scope: 'ORGANIZATION' }];
    const pack = await org.done('POST', '/v1/packs', { name: `pack ${newId()}`, entries });
    return org.done('POST', '/v1/calls', { pack: pack.id, tool: `${slug}__me`, arguments: {} });
  };

  test('with a referenced secret: its call has the value, and nothing that can be read has it', async () => {
    const org = await home();
    const id = await make(org, 'ledger');
    const fresh = await read(org, id);
    const account = {
      auth_mode: 'vault',
      auth_config: { method: 'api_key', in: 'header', name: 'X-Api-Key' },
      credential_refs: {},
      credential_fields: ['api_key'],
      has_credentials: false,
      connection_status: 'not_connected',
      connection_credentials: null,
    };
    for (const [field, value] of Object.entries(account)) assert.deepEqual(fresh[field], value, field);
    const vaultId = await keep(org, keys.ada);
    const after = await put(org, id, { credential_refs: { api_key: vaultId } });
    assert.deepEqual(after.json.credential_refs, { api_key: vaultId }, after.text);
    assert.equal(after.json.has_credentials, true);
    assert.equal(after.json.connection_status, 'connected');
    const called = await call(org, id);
    assert.equal(called.isError, false, JSON.stringify(called));
    assert.equal(called.structuredContent.email, 'ada@example.com');
    for (const path of ['/v1/audit?limit=100', '/v1/credentials', `/v1/connections/${id}`, org.secrets]) {
      assert.ok(!(await org.ask('GET', path)).text.includes(keys.ada), path);
    }
    const tried = await org.done('POST', `/v1/connections/${id}/test`);
    assert.equal(tried.ok ?? tried.success, true, JSON.stringify(tried));
  });

  test('the same reference again, and an instance as it was read, change nothing', async () => {
    const org = await home();
    const id = await make(org, 'ledger');
    const vaultId = await keep(org, keys.ada);
    await put(org, id, { credential_refs: { api_key: vaultId } });
    const credential = (await org.done('GET', '/v1/credentials'))[0];
    const { updated_at } = await org.done('GET', `/v1/connections/${id}`);
    const { auth_mode, auth_config, credential_refs, connection_credentials } = await read(org, id);
    const same = await put(org, id, { auth_mode, auth_config, credential_refs, connection_credentials });
    assert.equal(same.status, 200, same.text);
    await put(org, id, {});
    assert.deepEqual((await org.done('GET', '/v1/credentials'))[0], credential);
    assert.equal((await org.done('GET', `/v1/connections/${id}`)).updated_at, updated_at);
  });

  test('with some of its fields it keeps them, is not connected, and signs nothing', async () => {
    const org = await home();
    const id = await make(org, 'gate');
    const [user, password] = [await keep(org, 'ada'), await keep(org, 'pass-of-ada')];
    const half = await put(org, id, { credential_refs: { username: user } });
    assert.deepEqual(half.json.credential_refs, { username: user });
    assert.deepEqual([half.json.has_credentials, half.json.connection_status], [false, 'not_connected']);
    const before = basic.requests.length;
    await call(org, id);
    await org.done('POST', `/v1/connections/${id}/test`);
    assert.equal(basic.requests.length, before);
    const whole = await put(org, id, { credential_refs: { username: user, password } });
    assert.deepEqual([whole.json.has_credentials, whole.json.connection_status], [true, 'connected']);
    assert.equal((await call(org, id)).isError, false);
    const none = await put(org, id, { credential_refs: {} });
    assert.deepEqual([none.json.has_credentials, none.json.connection_status], [false, 'not_connected']);
    assert.deepEqual(none.json.credential_refs, {});
    assert.deepEqual(await org.done('GET', '/v1/credentials'), []);
  });

  test('references are refused at their field: unknown fields, and secrets that are absent, foreign or another workspace’s', async () => {
    const [org, other] = [await home(), await home()];
    const west = await org.done('POST', `/v1/orgs/${org.slug}/workspaces`, { slug: 'west', name: 'West' });
    const id = await make(org, 'ledger');
    const good = await keep(org, keys.ada);
    const at = ['credential_refs', 'api_key'];
    refused(await put(org, id, { credential_refs: { api_key: newId() } }), at);
    refused(await put(org, id, { credential_refs: { api_key: 'not an id' } }), at);
    refused(await put(org, id, { credential_refs: { api_key: await keep(other, 'x') } }), at);
    refused(await put(org, id, { credential_refs: { api_key: await keep(org, 'x', west.id) } }), at);
    refused(await put(org, id, { credential_refs: { token: good } }), ['credential_refs', 'token']);
    refused(
      await put(org, id, { credential_refs: { token: good, api_key: newId() } }),
      ['credential_refs', 'token'],
      at,
    );
    assert.equal((await read(org, id)).has_credentials, false);
    const western = await make(org, 'ledger', { workspace: 'west' });
    const [own, anywhere] = [await keep(org, keys.ada, 'west'), good];
    for (const ref of [own, anywhere]) {
      const after = await put(org, western, { credential_refs: { api_key: ref } }, { workspace: 'west' });
      assert.equal(after.json.connection_status, 'connected', after.text);
    }
  });

  test('a secret that was put where its reference belongs is not said again', async () => {
    const org = await home();
    const id = await make(org, 'ledger');
    const pasted = `pasted-secret-${'x'.repeat(100)}`;
    const bodies = [
      { credential_refs: { api_key: pasted } },
      { credential_refs: { api_key: { value: pasted } } },
      { credential_refs: pasted },
      { name: '', credential_refs: { api_key: pasted } },
      { connection_credentials: { client_secret_vault_id: pasted } },
      { connection_credentials: { client_id: 'x', client_secret_vault_id: pasted } },
    ];
    for (const body of bodies) {
      const answers = [await put(org, id, body), await org.ask('POST', instances(org), body)];
      for (const { status, text } of answers) {
        assert.equal(status, 422, text);
        assert.ok(!text.includes('pasted-secret'), text);
      }
    }
  });

  test('a secret in use is not deleted: 409 names its users; when it is used no more it goes', async () => {
    const org = await home();
    const id = await make(org, 'ledger', { nickname: 'Books' });
    const robot = await make(org, 'harbour', { nickname: 'Quay' });
    const vaultId = await keep(org, keys.ada);
    await put(org, id, { credential_refs: { api_key: vaultId } });
    await put(org, robot, {
      connection_credentials: { client_id: 'toolcrib', client_secret_vault_id: vaultId },
    });
    const answer = await org.ask('DELETE', `${org.secrets}/${vaultId}`);
    assert.equal(answer.status, 409, answer.text);
    assert.equal(answer.json.error, 'VAULT_SECRET_IN_USE');
    const users = answer.json.details.used_by.toSorted((one: Json, next: Json) =>
      one.name < next.name ? -1 : 1,
    );
    assert.deepEqual(users, [
      { type: 'tool_instance', id, name: 'Books' },
      { type: 'tool_instance', id: robot, name: 'Quay' },
    ]);
    assert.equal((await call(org, id)).isError, false);
    await put(org, robot, { connection_credentials: null });
    assert.equal((await org.ask('DELETE', `${org.secrets}/${vaultId}`)).status, 409);
    await put(org, id, { credential_refs: null });
    assert.equal((await org.ask('DELETE', `${org.secrets}/${vaultId}`)).status, 204);
  });

  test('a secret that is referred to and deleted at the same moment is one or the other', async () => {
    const org = await home();
    const ids = await Promise.all(Array.from({ length: 6 }, () => make(org, 'ledger')));
    const kept = await Promise.all(ids.map(() => keep(org, keys.ada)));
    const outcomes = await Promise.all(
      ids.map((id, index) =>
        Promise.all([
          put(org, id, { credential_refs: { api_key: kept[index] } }),
          org.ask('DELETE', `${org.secrets}/${kept[index]}`),
        ]),
      ),
    );
    for (const [referred, deleted] of outcomes) {
      const said = `${referred.status} and ${deleted.status}`;
      assert.ok(['200 and 409', '422 and 204'].includes(said), said);
    }
  });

  test('a credential put by another contract is there without references, and they take its place', async () => {
    const org = await home();
    const id = await make(org, 'ledger', { credential: { api_key: keys.grace } });
    const { has_credentials, credential_refs } = await read(org, id);
    assert.deepEqual([has_credentials, credential_refs], [true, {}]);
    assert.equal((await put(org, id, { credential_refs: {} })).json.has_credentials, true);
    const vaultId = await keep(org, keys.ada);
    await put(org, id, { credential_refs: { api_key: vaultId } });
    assert.equal((await call(org, id)).structuredContent.email, 'ada@example.com');
    const { slug } = await org.done('GET', `/v1/connections/${id}`);
    await org.done('PUT', '/v1/credentials', { connection: slug, fields: { api_key: keys.grace } });
    assert.deepEqual((await read(org, id)).credential_refs, {});
    assert.equal((await org.ask('DELETE', `${org.secrets}/${vaultId}`)).status, 204);
  });

  test('by the method that auth_mode and auth_config name; another one begins without a credential', async () => {
    const org = await home();
    const id = await make(org, 'doors');
    const vaultId = await keep(org, keys.ada);
    await put(org, id, { credential_refs: { api_key: vaultId } });
    const other = await put(org, id, { auth_config: { method: 'api_key', name: 'X-Other-Key' } });
    assert.deepEqual(other.json.auth_config, { method: 'api_key', in: 'header', name: 'X-Other-Key' });
    assert.deepEqual([other.json.has_credentials, other.json.connection_status], [false, 'not_connected']);
    const both = {
      auth_config: { method: 'basic' },
      credential_refs: { username: vaultId, password: vaultId },
    };
    const hand = await put(org, id, both);
    assert.deepEqual(hand.json.credential_fields, ['username', 'password']);
    assert.equal(hand.json.connection_status, 'connected');
    const oauth = await put(org, id, { auth_mode: 'connection' });
    assert.deepEqual([oauth.json.auth_mode, oauth.json.auth_config.method], ['connection', 'oauth2']);
    assert.deepEqual([oauth.json.credential_fields, oauth.json.credential_refs], [[], {}]);
    assert.equal(oauth.json.connection_status, 'not_connected');
    refused(await put(org, id, { credential_refs: { access_token: vaultId } }), [
      'credential_refs',
      'access_token',
    ]);
    const none = await put(org, id, { auth_mode: 'none' });
    assert.deepEqual([none.json.auth_mode, none.json.connection_status], ['none', null]);
    assert.equal((await org.done('GET', `/v1/connections/${id}`)).status, 'connected');
    const usual = await put(org, id, { auth_mode: null });
    assert.deepEqual(usual.json.auth_config, { method: 'api_key', in: 'header', name: 'X-Api-Key' });
    assert.equal(usual.json.connection_status, 'not_connected');
  });

  test('a method that the connector has not, or that does not go with the mode, is refused in its place', async () => {
    const org = await home();
    const [doors, ledger] = [await make(org, 'doors'), await make(org, 'ledger')];
    refused(await put(org, doors, { auth_config: { method: 'bearer' } }), ['auth_config', 'method']);
    refused(await put(org, doors, { auth_config: { method: 7 } }), ['auth_config', 'method']);
    refused(await put(org, doors, { auth_mode: 'connection', auth_config: { method: 'basic' } }), [
      'auth_config',
      'method',
    ]);
    refused(await put(org, doors, { auth_config: { method: 'api_key', name: 'X-Third' } }), [
      'auth_config',
      'name',
    ]);
    refused(await put(org, doors, { auth_config: { method: 'basic', zz: 1 } }), ['auth_config', 'zz']);
    refused(await put(org, ledger, { auth_mode: 'connection' }), ['auth_mode']);
    refused(await put(org, ledger, { auth_mode: 'none' }), ['auth_mode']);
  });

  test('with an OAuth app of its own, asking for its own scopes, and sends people on to its callback', async () => {
    const org = await home();
    const back = 'https://app.example.com/back';
    await org.done('PATCH', `/v1/orgs/${org.slug}`, { callback_urls: [back] });
    const id = await make(org, 'pier', { method: 'oauth2' });
    assert.equal((await read(org, id)).connection_credentials, null);
    const vaultId = await keep(org, 'toolcrib-secret');
    const own = {
      client_id: 'toolcrib',
      client_secret_vault_id: vaultId,
      callback_url: back,
      scopes_override: ['berths:read', 'berths:write'],
    };
    const after = await put(org, id, { connection_credentials: own });
    assert.deepEqual(after.json.connection_credentials, own, after.text);
    assert.equal(after.json.connection_status, 'not_connected');
    const { connect_url } = await org.done('POST', `/v1/connections/${id}/connect`);
    assert.equal((await read(org, id)).connection_status, 'pending');
    const seen = accounts.server.authorizations.length;
    const page = await followLink(accounts, connect_url);
    const asked = accounts.server.authorizations.slice(seen);
    assert.equal(asked.at(-1)?.get('scope'), 'berths:read berths:write');
    assert.equal(asked.at(-1)?.get('client_id'), 'toolcrib');
    assert.match(`${page.text} ${JSON.stringify(page.headers)}`, /app\.example\.com\/back\?status=success/);
    const connected = await read(org, id);
    assert.deepEqual(
      [connected.connection_status, connected.has_credentials, connected.credential_refs],
      ['connected', true, {}],
    );
    const fewer = { ...own, scopes_override: null, callback_url: null };
    assert.deepEqual(
      (await put(org, id, { connection_credentials: fewer })).json.connection_credentials,
      fewer,
    );
    const again = await org.done('POST', `/v1/connections/${id}/connect`);
    await followLink(accounts, again.connect_url);
    assert.equal(accounts.server.authorizations.at(-1)?.get('scope'), 'read');
    const cleared = await put(org, id, { connection_credentials: null });
    assert.equal(cleared.json.connection_credentials, null);
    const { pathname } = new URL((await org.done('POST', `/v1/connections/${id}/connect`)).connect_url);
    assert.match((await createVisitor(accounts.world.url).open(pathname)).text, /OAuth app/);
  });

  test('is expired when its token has run out and cannot be had anew, and error when a fresh one is refused', async () => {
    const org = await home();
    const id = await make(org, 'pier', { method: 'oauth2' });
    const vaultId = await keep(org, 'toolcrib-secret');
    const own = { client_id: 'toolcrib', client_secret_vault_id: vaultId };
    await put(org, id, { connection_credentials: own });
    const { connect_url } = await org.done('POST', `/v1/connections/${id}/connect`);
    await followLink(accounts, connect_url);
    const status = async (): Promise<string> => {
      const { connection_status: one } = await read(org, id);
      const listed: Json[] = (await org.done('GET', instances(org))).instances;
      assert.deepEqual(
        listed.map(({ connection_status: shown }) => shown),
        [one],
      );
      return one;
    };
    assert.equal((await call(org, id)).isError, false);
    assert.equal(await status(), 'connected');
    const { server } = accounts;
    server.expireAll();
    server.next('token', { kind: 'status', status: 503 });
    assert.equal((await call(org, id)).isError, true);
    assert.equal(await status(), 'expired');
    const again = await org.done('POST', `/v1/connections/${id}/connect`);
    await followLink(accounts, again.connect_url);
    assert.equal(await status(), 'connected');
    server.always('api', { kind: 'status', status: 401 });
    try {
      assert.equal((await call(org, id)).isError, true);
    } finally {
      server.always('api', null);
    }
    assert.equal(await status(), 'error');
  });

  test('as a client, its token is had at once with the secret that is referenced', async () => {
    const org = await home();
    const id = await make(org, 'robot');
    const wrong = await keep(org, 'not-the-secret');
    const client = { client_id: 'toolcrib', client_secret_vault_id: wrong };
    const refusedBy = await put(org, id, { connection_credentials: client });
    assert.deepEqual(
      [refusedBy.json.connection_status, refusedBy.json.has_credentials],
      ['not_connected', false],
    );
    const right = await keep(org, 'toolcrib-secret');
    const good = await put(org, id, { connection_credentials: { ...client, client_secret_vault_id: right } });
    assert.deepEqual(
      [good.json.connection_status, good.json.has_credentials],
      ['connected', true],
      good.text,
    );
    assert.equal((await org.ask('DELETE', `${org.secrets}/${wrong}`)).status, 204);
  });

  test('an OAuth app is refused in its place: a foreign secret, an address that is not ours, what is no scope', async () => {
    const [org, other] = [await home(), await home()];
    const id = await make(org, 'pier', { method: 'oauth2' });
    const at = 'connection_credentials';
    const answer = await put(org, id, {
      connection_credentials: {
        client_id: 'toolcrib',
        client_secret_vault_id: await keep(other, 'x'),
        callback_url: 'https://elsewhere.example/',
        scopes_override: ['read', 'two words', 'a"quote'],
      },
    });
    refused(
      answer,
      [at, 'client_secret_vault_id'],
      [at, 'callback_url'],
      [at, 'scopes_override', 1],
      [at, 'scopes_override', 2],
    );
    const ours = `${new URL((await org.done('POST', `/v1/connections/${id}/connect`)).connect_url).origin}/connect/callback`;
    const known = await put(org, id, {
      connection_credentials: { client_id: 'toolcrib', callback_url: ours },
    });
    assert.equal(known.json.connection_credentials.callback_url, ours, known.text);
    const ledger = await make(org, 'ledger');
    refused(await put(org, ledger, { connection_credentials: { client_id: 'x' } }), [at]);
  });

  test('is made with its references in one request, or not at all', async () => {
    const [org, other] = [await home(), await home()];
    const [user, password] = [await keep(org, 'ada'), await keep(org, 'pass-of-ada')];
    const body = { tool_id: 'gate', name: 'Gate', auth_mode: 'vault', auth_config: { method: 'basic' } };
    const made = await org.done('POST', instances(org), {
      ...body,
      credential_refs: { username: user, password },
    });
    assert.deepEqual(
      [made.has_credentials, made.connection_status, made.credential_refs],
      [true, 'connected', { username: user, password }],
    );
    assert.equal((await call(org, parseId(made.instance_id)!)).isError, false);
    const foreign = await keep(other, 'x');
    const answer = await org.ask('POST', instances(org), {
      ...body,
      credential_refs: { username: user, password: foreign },
    });
    refused(answer, ['credential_refs', 'password']);
    assert.equal((await org.done('GET', instances(org))).total, 1);
  });

  test('as before when the keys of the vault were rotated, with references old and new', async () => {
    const org = await home();
    const [before, later] = [await make(org, 'ledger'), await make(org, 'ledger')];
    const vaultId = await keep(org, keys.ada);
    await put(org, before, { credential_refs: { api_key: vaultId } });
    const { values, unreadable } = await rotateKeys(accounts.world.crib, keyUses, () => undefined);
    assert.ok(values >= 2, `${values} sealed anew`);
    assert.deepEqual(unreadable, []);
    await put(org, later, { credential_refs: { api_key: vaultId } });
    for (const id of [before, later]) {
      assert.equal((await call(org, id)).structuredContent.email, 'ada@example.com');
    }
    assert.deepEqual((await read(org, before)).credential_refs, { api_key: vaultId });
  });

  test('a connection that moves to another origin needs a new credential in the same request', async () => {
    const org = await home();
    const id = await make(org, 'movable', { config: { base: accounts.service.url } });
    const vaultId = await keep(org, keys.ada);
    await put(org, id, { credential_refs: { api_key: vaultId } });
    refused(await put(org, id, { configuration: { base: elsewhere.url } }), ['configuration']);
    refused(await put(org, id, { auth_mode: 'vault', configuration: { base: elsewhere.url } }), [
      'configuration',
    ]);
    await put(org, id, { configuration: { base: `${accounts.service.url}/deeper` } });
    assert.equal((await read(org, id)).has_credentials, true);
    const user = await org.done('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'u' });
    const { slug } = await org.done('GET', `/v1/connections/${id}`);
    const owner = { type: 'user', id: user.id };
    await org.done('PUT', '/v1/credentials', { connection: slug, owner, fields: { api_key: keys.grace } });
    const moved = await put(org, id, {
      credential_refs: { api_key: vaultId },
      configuration: { base: elsewhere.url },
    });
    assert.deepEqual([moved.status, moved.json.has_credentials], [200, true], moved.text);
    await call(org, id);
    assert.deepEqual(
      elsewhere.requests.map(({ headers }) => headers['x-api-key']),
      [keys.ada],
    );
    const left: Json[] = await org.done('GET', '/v1/credentials');
    assert.deepEqual(
      left.map((credential) => credential.owner.type),
      ['organization'],
      'the user’s was given for the old origin',
    );
  });

  test('the secret of an OAuth app goes to the server it was given for, wherever the instance is moved', async () => {
    const org = await home();
    const token = { access_token: 'x', token_type: 'bearer', expires_in: 3600 };
    const servers = await Promise.all(
      [1, 2].map(() => httpService((_seen, reply) => sendJson(reply, token))),
    );
    const [first, second] = servers as [Fake, Fake];
    try {
      const [here, there] = servers.map(({ url }) => ({ port: Number(new URL(url).port) }));
      const client = { client_id: 'ours', client_secret: 'secret-given-by-hand' };
      const own = { client_id: 'ours' };
      const robot = await make(org, 'roving', { config: here, client });
      assert.equal(first.requests.length, 1, 'signs in as a client at once');
      refused(await put(org, robot, { configuration: there }), ['configuration']);
      refused(await put(org, robot, { configuration: there, connection_credentials: own }), [
        'connection_credentials',
        'client_secret_vault_id',
      ]);
      const waiting = await make(org, 'roving', { config: here, method: 'oauth2', client });
      const key = await org.keyOf(['tools:write', 'tools:read']);
      assert.equal((await put(org, waiting, { configuration: there }, { key })).status, 200);
      const { connect_url } = await org.done('POST', `/v1/connections/${waiting}/connect`);
      const visitor = createVisitor(accounts.world.url);
      const { pathname } = new URL(connect_url);
      await visitor.open(pathname);
      const page = await visitor.post(pathname, { step: 'begin' });
      assert.doesNotMatch(page.text, /http-equiv="refresh"/, 'nobody is sent there');
      assert.equal(second.requests.length, 0);
      const vaultId = await keep(org, 'secret-for-there');
      const named = { connection_credentials: { ...own, client_secret_vault_id: vaultId } };
      assert.equal((await put(org, robot, { configuration: there, ...named })).status, 200);
      const sent = second.requests.map(({ headers }) => String(headers.authorization).slice('Basic '.length));
      assert.deepEqual(
        sent.map((pair) => Buffer.from(pair, 'base64').toString()),
        ['ours:secret-for-there'],
      );
      assert.equal(first.requests.length, 1);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  });

  test('the secret of an OAuth app that no server has named yet does not move to another address', async () => {
    const operator = await accounts.operator();
    const { slug } = await operator.done('GET', `/v1/orgs/${operator.id}`);
    const org: Home = { ...operator, slug, secrets: `/v1/orgs/${slug}/vault/secrets` };
    const made = await org.ask('POST', instances(org), {
      tool_id: 'custom_mcp',
      name: 'Server',
      configuration: { server_url: accounts.mcp.url },
      connection_credentials: {
        client_id: 'ours',
        client_secret_vault_id: await keep(org, 'for-one-server'),
      },
    });
    assert.equal(made.status, 201, made.text);
    const id = parseId(made.json.instance_id)!;
    const configuration = { server_url: elsewhere.url };
    const key = await org.keyOf(['tools:write', 'tools:read']);
    const kept = { connection_credentials: made.json.connection_credentials };
    refused(await put(org, id, { configuration }, { key }), ['configuration']);
    refused(await put(org, id, { configuration, ...kept }, { key }), ['configuration']);
    const without = { configuration, connection_credentials: null };
    assert.equal((await put(org, id, without, { key })).status, 403);
    assert.equal((await put(org, id, without)).status, 200);
  });

  test('what touches secrets needs credentials:write, and no key of some packs or users', async () => {
    const org = await home();
    const id = await make(org, 'ledger');
    const vaultId = await keep(org, keys.ada);
    const key = await org.keyOf(['tools:write', 'tools:read']);
    assert.equal((await put(org, id, { credential_refs: { api_key: vaultId } }, { key })).status, 403);
    assert.equal((await put(org, id, { credential_refs: { api_key: newId() } }, { key })).status, 403);
    assert.equal(
      (await put(org, id, { credential_refs: {}, connection_credentials: null }, { key })).status,
      200,
    );
    const both = await org.keyOf(['tools:write', 'tools:read', 'credentials:write']);
    assert.equal((await put(org, id, { credential_refs: { api_key: vaultId } }, { key: both })).status, 200);
    assert.equal((await put(org, id, { credential_refs: {} }, { key })).status, 403);
    assert.equal((await read(org, id)).has_credentials, true);
  });
});

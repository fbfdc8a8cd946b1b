import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createVisitor } from '../visitor.ts';
import type { Json } from '../world.ts';
import { appOf, followLink, openAccountDesk, type Accounts, type Organization } from './account-desk.ts';
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

const absent = '00000000-0000-8000-8000-000000000000';
const without = (text: string): string => text.replace(/"(request_id|timestamp)":"[^"]*"/g, '');
const refusal = (json: Json): unknown[] => [json.error.type, json.error.code, json.error.param];

let users = 0;
const newUser = async (company?: string, by = org): Promise<string> => {
  const shared_credential_group = company === undefined ? null : { origin_company_id: company };
  const name = `user ${(users += 1)}`;
  const body = { origin_user_id: name, origin_user_name: name, shared_credential_group };
  return (await by.done('POST', '/api/v1/registered-users/', body)).id;
};
const linkPath = (user: string): string => `/api/v1/registered-users/${user}/link-token/`;
const connectedTo = async (user: string): Promise<Json> =>
  (await org.done('GET', `/api/v1/registered-users/${user}/`)).authenticated_connectors;
const packOf = async (connectors: object[], by = org): Promise<string> =>
  (await by.done('POST', '/api/v1/tool-packs/', { name: 'Desk', connectors })).id;

describe('POST /registered-users/{id}/link-token/', () => {
  it('answers 201 with a token and the page it opens, and the page connects the user', async () => {
    const user = await newUser();
    const { status, json } = await org.ask('POST', linkPath(user), { connector: 'ledger' });
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(json), ['link_token', 'magic_link_url']);
    assert.equal(json.magic_link_url, `${accounts.world.url}/connect/${json.link_token}`);
    assert.match((await followLink(accounts, json.magic_link_url)).text, /ada@example\.com/);
    assert.deepEqual(await connectedTo(user), ['ledger']);
  });

  it('is for whom the packs say: the user, the company, the organization', async () => {
    const by = await accounts.organization();
    for (const [scope, type] of [
      ['INDIVIDUAL', 'user'],
      ['SHARED', 'company'],
      ['ORGANIZATION', 'organization'],
    ]) {
      const connection = await by.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
      await packOf([{ slug: connection.slug, auth_scope: scope }], by);
      const user = await newUser('harbour-bakery', by);
      const { magic_link_url: url } = await by.done('POST', linkPath(user), { connector: connection.slug });
      await followLink(accounts, url);
      const [credential] = await by.done('GET', '/v1/credentials');
      assert.deepEqual([credential.connection.slug, credential.owner.type], [connection.slug, type]);
    }
  });

  it('needs tool_pack_id where packs give the connector different scopes, and takes that pack’s', async () => {
    const { slug } = await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    const first = await packOf([{ slug, auth_scope: 'INDIVIDUAL' }]);
    await packOf([{ slug, auth_scope: 'ORGANIZATION' }]);
    const user = await newUser();
    const unsaid = await org.ask('POST', linkPath(user), { connector: slug });
    assert.equal(unsaid.status, 400);
    assert.deepEqual(refusal(unsaid.json), ['validation_error', 'invalid_request', '/tool_pack_id']);
    const said = await org.ask('POST', linkPath(user), { connector: slug, tool_pack_id: first });
    assert.equal(said.status, 201, said.text);
    await followLink(accounts, said.json.magic_link_url);
    assert.deepEqual(await connectedTo(user), [slug]);
  });

  it('refuses a user without a company for a shared connector: invalid_company_for_shared_scope', async () => {
    const { slug } = await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    await packOf([{ slug, auth_scope: 'SHARED' }]);
    const { status, json } = await org.ask('POST', linkPath(await newUser()), { connector: slug });
    assert.equal(status, 400);
    assert.equal(json.error.code, 'invalid_company_for_shared_scope');
  });

  it('is refused once the entry’s scope has changed', async () => {
    const { slug } = await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    const pack = await packOf([{ slug, auth_scope: 'INDIVIDUAL' }]);
    const body = { connector: slug, tool_pack_id: pack };
    const { magic_link_url: url } = await org.done('POST', linkPath(await newUser()), body);
    await org.done('PATCH', `/api/v1/tool-packs/${pack}/connectors/`, [{ slug, auth_scope: 'ORGANIZATION' }]);
    const page = await createVisitor(accounts.world.url).open(new URL(url).pathname);
    assert.equal(page.status, 404);
  });

  it('takes a callback address that is registered letter for letter, and a state only with one', async () => {
    const by = await accounts.organization();
    const address = 'https://app.example.com/done?x=1';
    await by.done('PATCH', `/v1/orgs/${by.id}`, { callback_urls: [address] });
    const user = await newUser(undefined, by);
    const ask = (more: object) => by.ask('POST', linkPath(user), { connector: 'ledger', ...more });
    for (const [more, param] of [
      [{ callback_url: `${address}&y=2` }, '/callback_url'],
      [{ callback_url: address.replace('https', 'http') }, '/callback_url'],
      [{ callback_url: 'javascript:alert(1)' }, '/callback_url'],
      [{ state: 's' }, '/state'],
    ] as const) {
      const { status, json } = await ask(more);
      assert.equal(status, 400);
      assert.equal(json.error.param, param);
    }
    const { json } = await ask({ callback_url: address, state: 'a state' });
    const end = await followLink(accounts, json.magic_link_url);
    const back = new URL(/https:\/\/app\.example\.com[^"]*/.exec(end.text)![0].replaceAll('&amp;', '&'));
    assert.deepEqual(
      ['x', 'status', 'connector', 'state'].map((name) => back.searchParams.get(name)),
      ['1', 'success', 'ledger', 'a state'],
    );
  });

  it('refuses what it cannot read, at its place', async () => {
    const user = await newUser();
    const foreignPack = await packOf([{ slug: 'ledger' }], other);
    const places: [unknown, string][] = [
      [{}, '/connector'],
      [{ connector: 7 }, '/connector'],
      [{ connector: 'ledger', connectors: [] }, '/connectors'],
      [{ connector: 'ledger', tool_pack_id: 'x' }, '/tool_pack_id'],
      [{ connector: 'ledger', tool_pack_id: absent }, '/tool_pack_id'],
      [{ connector: 'ledger', tool_pack_id: foreignPack }, '/tool_pack_id'],
      [{ connector: 'nothing' }, '/connector'],
      [{ connector: 'plain' }, '/connector'],
    ];
    for (const [body, param] of places) {
      const { status, json, text } = await org.ask('POST', linkPath(user), body);
      assert.equal(status, 400, text);
      assert.equal(json.error.param, param, text);
    }
    const [a, b] = await Promise.all(
      [absent, foreignPack].map((id) =>
        org.ask('POST', linkPath(user), { connector: 'ledger', tool_pack_id: id }),
      ),
    );
    assert.equal(a!.text, b!.text, 'a foreign pack is as one that never was');
  });

  it('knows no other organization’s user', async () => {
    const foreign = await newUser(undefined, other);
    const [one, two] = await Promise.all(
      [foreign, absent].map((id) => org.ask('POST', linkPath(id), { connector: 'ledger' })),
    );
    assert.deepEqual([one!.status, two!.status], [404, 404]);
    assert.equal(without(one!.text), without(two!.text));
  });

  it('wants credentials:write, and of a key bound to users one of them and their own account', async () => {
    const user = await newUser();
    const { slug } = await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    await packOf([{ slug, auth_scope: 'ORGANIZATION' }]);
    const ask = async (key: string, at = user, connector = 'ledger'): Promise<number> =>
      (await accounts.world.ask('POST', linkPath(at), { key, body: { connector } })).status;
    assert.equal(await ask(await org.keyOf(['packs:write', 'runtime:all'])), 403);
    const bound = await org.keyOf(['credentials:write'], { user_ids: [user] });
    assert.equal(await ask(bound), 201);
    assert.equal(await ask(bound, await newUser()), 404);
    assert.equal(await ask(bound, user, slug), 403, 'the organization’s account is not for a user’s key');
  });

  it('answers the same link to the same Idempotency-Key, and 409 to another body', async () => {
    const path = linkPath(await newUser());
    const headers = { 'idempotency-key': 'link-once' };
    const [one, two] = [
      await org.ask('POST', path, { connector: 'ledger' }, headers),
      await org.ask('POST', path, { connector: 'ledger' }, headers),
    ];
    assert.equal(one.status, 201);
    assert.equal(two.json.link_token, one.json.link_token);
    const third = await org.ask('POST', path, { connector: 'harbour' }, headers);
    assert.equal(third.json.error.code, 'idempotency_key_reused');
  });
});

describe('/application-credentials/', () => {
  const base = '/api/v1/application-credentials/';

  it('shows the app and the redirect address to register, and never the secret', async () => {
    const by = await accounts.organization();
    const made = await by.ask('POST', base, appOf('harbour', { external_id: 'mine' }));
    assert.equal(made.status, 201, made.text);
    const { id, created_at, updated_at, ...rest } = made.json;
    assert.deepEqual(rest, {
      connector_slug: 'harbour',
      client_id: 'toolcrib',
      has_client_secret: true,
      external_id: 'mine',
      redirect_uri: `${accounts.world.url}/connect/callback`,
    });
    assert.match(created_at, /Z$/);
    assert.equal(updated_at, created_at);
    const read = await by.ask('GET', `${base}${id}/`);
    assert.deepEqual(read.json, made.json);
    const listed = await by.ask('GET', base);
    assert.deepEqual(listed.json, { count: 1, next: null, previous: null, results: [made.json] });
    assert.equal((await by.done('GET', `${base}?connector_slug=other`)).count, 0);
    for (const { text } of [made, read, listed]) assert.ok(!text.includes('toolcrib-secret'));
  });

  it('serves the connector: a user’s link leads over the organization’s own app', async () => {
    const by = await accounts.organization();
    await by.done('POST', base, appOf('harbour'));
    const user = await newUser(undefined, by);
    const { magic_link_url: url } = await by.done('POST', linkPath(user), { connector: 'harbour' });
    await followLink(accounts, url);
    assert.equal(accounts.server.authorizations.at(-1)!.get('client_id'), 'toolcrib');
    const { authenticated_connectors: connected } = await by.done('GET', `/api/v1/registered-users/${user}/`);
    assert.deepEqual(connected, ['harbour']);
  });

  it('changes by the patch law: absent leaves, null clears', async () => {
    const by = await accounts.organization();
    const { id } = await by.done('POST', base, appOf('harbour', { external_id: 'mine' }));
    const patch = (body: object) => by.done('PATCH', `${base}${id}/`, body);
    const untouched = await patch({});
    assert.deepEqual([untouched.has_client_secret, untouched.external_id], [true, 'mine']);
    assert.equal((await patch({ external_id: null })).external_id, null);
    assert.equal((await patch({ client_secret: null })).has_client_secret, false);
    const changed = await patch({ client_id: 'another', client_secret: 'another-secret' });
    assert.deepEqual([changed.client_id, changed.has_client_secret], ['another', true]);
  });

  it('deletes once', async () => {
    const by = await accounts.organization();
    const { id } = await by.done('POST', base, appOf('harbour'));
    assert.equal((await by.ask('DELETE', `${base}${id}/`)).status, 204);
    assert.equal((await by.ask('DELETE', `${base}${id}/`)).status, 404);
    assert.equal((await by.ask('GET', `${base}${id}/`)).status, 404);
  });

  it('refuses what it cannot read at its place, and a second app of the same name with 409', async () => {
    const by = await accounts.organization();
    const { id } = await by.done('POST', base, appOf('harbour'));
    for (const [method, path, body, param] of [
      ['POST', base, {}, '/connector_slug'],
      ['POST', base, appOf('ledger'), '/connector_slug'],
      ['POST', base, appOf('nothing'), '/connector_slug'],
      ['POST', base, appOf('harbour', { secret: 'x' }), '/secret'],
      ['POST', base, appOf('harbour', { client_secret: ['a-secret-in-a-list'] }), '/client_secret'],
      ['POST', base, appOf('harbour', { client_id: '' }), '/client_id'],
      ['PATCH', `${base}${id}/`, { connector_slug: 'robot' }, '/connector_slug'],
      ['PATCH', `${base}${id}/`, { client_id: null }, '/client_id'],
    ] as const) {
      const { status, json, text } = await by.ask(method, path, body);
      assert.equal(status, 400, text);
      assert.equal(json.error.param, param, text);
      assert.ok(!text.includes('a-secret'), text);
    }
    const twice = await by.ask('POST', base, appOf('harbour'));
    assert.deepEqual([twice.status, twice.json.error.code], [409, 'oauth_client_taken']);
  });

  it('is the organization’s own: another’s is the same 404, and a key of a part of it may not', async () => {
    const foreign = await other.done('POST', base, appOf('harbour'));
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { client_id: 'x' }],
      ['DELETE', undefined],
    ] as const) {
      const [one, two] = await Promise.all(
        [foreign.id, absent].map((id: string) => org.ask(method, `${base}${id}/`, body)),
      );
      assert.equal(one!.status, 404);
      assert.equal(without(one!.text), without(two!.text));
    }
    assert.equal((await org.done('GET', base)).results.length, 0);
    const asks = async (key: string): Promise<number> =>
      (await accounts.world.ask('GET', base, { key })).status;
    assert.equal(await asks(await org.keyOf(['tools:write', 'packs:write'])), 403);
    assert.equal(await asks(await org.keyOf(['credentials:write'])), 200);
    assert.equal(await asks(await org.keyOf(['credentials:write'], { user_ids: [await newUser()] })), 403);
  });
});

describe('DELETE /credentials/registered-users/{id}/connectors/{slug}/', () => {
  it('disconnects the user, and revokes the tokens at the service', async () => {
    const by = await accounts.organization();
    await by.done('POST', '/api/v1/application-credentials/', appOf('harbour'));
    const user = await newUser(undefined, by);
    const { magic_link_url: url } = await by.done('POST', linkPath(user), { connector: 'harbour' });
    await followLink(accounts, url);
    const before = accounts.server.counts.revoke;
    const path = `/api/v1/credentials/registered-users/${user}/connectors/harbour/`;
    assert.equal((await by.ask('DELETE', path)).status, 204);
    await accounts.server.arrived('revoke', before + 1);
    assert.equal((await by.ask('DELETE', path)).status, 404);
  });

  it('shreds a key that cannot be revoked', async () => {
    const user = await newUser();
    const { magic_link_url: url } = await org.done('POST', linkPath(user), { connector: 'ledger' });
    await followLink(accounts, url, { key: keys.grace });
    assert.deepEqual(await connectedTo(user), ['ledger']);
    const path = `/api/v1/credentials/registered-users/${user}/connectors/ledger/`;
    assert.equal((await org.ask('DELETE', path)).status, 204);
    assert.deepEqual(await connectedTo(user), []);
  });
});

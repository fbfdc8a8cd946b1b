import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';
import { eventsOf, modern, type Answered } from './mcp-counter.ts';
import {
  openAccounts,
  openScopes,
  type Accounts,
  type Desk,
  type Owner,
  type Person,
  type Told,
} from './scopes-desk.ts';

let world: World;
let accounts: Accounts;
let desk: Desk;
let ada: Person;
before(async () => {
  world = await startWorld();
  accounts = await openAccounts();
});
after(async () => {
  await world.close();
  await accounts.close();
});
beforeEach(async () => {
  desk = await openScopes(world, accounts);
  ada = await desk.person('ada', 'acme');
});

const own = ({ id }: Person): Owner => ({ type: 'user', id });
const acme: Owner = { type: 'company', id: 'acme' };
const organization: Owner = { type: 'organization', id: null };
const all = ['mail__send', 'authenticate_mail', 'notes__keep', 'authenticate_notes'];
const tools = ['mail__send', 'notes__keep'];
const linkForm = (): RegExp => new RegExp(`^${world.url}/connect/[\\w-]{43}$`);

const send = (pack: string, person: Person, tool = 'mail__send', args: object = {}): Promise<Told> =>
  desk.call('mcp/2026-07-28', pack, person, tool, args);
const refusal = async (pack: string, person: Person): Promise<Told['said']> => {
  const from = accounts.seen.length;
  const { isError, said } = await send(pack, person);
  assert.equal(isError, true, JSON.stringify(said));
  assert.equal(accounts.seen.length, from);
  return said;
};
const linkOf = async (pack: string, person: Person): Promise<string> =>
  (await send(pack, person, 'authenticate_mail')).said['magic_link_url'];
/** What the audit says of links, newest first. */
const issued = async (): Promise<Json[]> =>
  (await desk.ask('GET', '/v1/audit?limit=100')).json.data
    .filter(({ action }: Json) => action === 'link.issued')
    .map(({ changes }: Json) => changes);

describe('authenticate_<slug>', () => {
  it('stands beside the tools while the credential is missing, takes no arguments and only reads', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const response = await fetch(
      world.url + desk.address(pack, ada),
      modern('tools/list', {}, { key: desk.key }),
    );
    const { result } = (await response.json()) as Answered;
    const listed = result!['tools'] as Json[];
    assert.deepEqual(
      listed.map(({ name }) => name),
      all,
    );
    const { description, inputSchema, annotations } = listed.find(({ name }) => name === 'authenticate_mail');
    assert.match(description, /mail is not connected for this user/);
    assert.deepEqual(inputSchema, { type: 'object', properties: {}, additionalProperties: false });
    assert.equal(annotations.readOnlyHint, true);
    assert.equal(annotations.destructiveHint, false);
  });

  it('answers magic_link_url in text and structuredContent, and is no error, in every protocol', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    for (const protocol of ['rest', 'mcp/2026-07-28', 'mcp/2025-11-25', 'mcp/2025-03-26'] as const) {
      const { isError, said } = await desk.call(protocol, pack, ada, 'authenticate_mail', {});
      assert.equal(isError, false);
      assert.match(said['magic_link_url'], linkForm());
      assert.ok(new Date(said['expires_at']) > new Date());
    }
  });

  it('is gone when the credential is there, and comes again when it goes', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const take = await desk.give(own(ada), 'account of ada');
    assert.deepEqual(await desk.list(pack, ada), tools);
    await take();
    assert.deepEqual(await desk.list(pack, ada), all);
  });

  it('?authenticated_only=true hides it and the tools', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    assert.deepEqual(await desk.list(pack, ada, '?authenticated_only=true'), []);
    const response = await fetch(
      `${world.url}${desk.address(pack, ada)}?authenticated_only=true`,
      modern('tools/call', { name: 'authenticate_mail' }, { key: desk.key }),
    );
    assert.equal(((await response.json()) as Answered).error?.code, -32602);
  });

  it('SHARED: the link is for the account of the user’s company', async () => {
    const pack = await desk.pack('SHARED');
    assert.deepEqual(await desk.list(pack, ada), all);
    const step = await desk.follow(await linkOf(pack, ada), 'account of acme');
    assert.equal(step.kind, 'done');
    const bob = await desk.person('bob', 'acme');
    assert.deepEqual((await send(pack, bob)).said, { account: 'account of acme' });
    const [link] = await issued();
    assert.match(link.owner, /^company:/);
    assert.equal(link.auth_scope, 'SHARED');
  });

  it('SHARED: a user without a company has none, and no link', async () => {
    const pack = await desk.pack('SHARED');
    const dan = await desk.person('dan');
    assert.deepEqual(await desk.list(pack, dan), tools);
    const said = await refusal(pack, dan);
    assert.equal(said['error'], 'invalid_company_for_shared_scope');
    assert.equal(said['magic_link_url'], undefined);
    assert.deepEqual(await issued(), []);
  });

  it('ORGANIZATION: there is none and no link: the administrator is to be asked', async () => {
    const pack = await desk.pack('ORGANIZATION');
    for (const person of [ada, null]) assert.deepEqual(await desk.list(pack, person), tools);
    const said = await refusal(pack, ada);
    assert.equal(said['error'], 'reauth_required');
    assert.match(said['message'], /Ask the administrator/);
    assert.equal(said['magic_link_url'], undefined);
    assert.deepEqual(await issued(), []);
  });

  it('without a user there is none', async () => {
    for (const scope of ['INDIVIDUAL', 'SHARED'] as const) {
      assert.deepEqual(await desk.list(await desk.pack(scope), null), []);
    }
  });

  it('refuses arguments, naming the first', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const { isError, said } = await send(pack, ada, 'authenticate_mail', { user: 'bob' });
    assert.equal(isError, true);
    assert.match(said['message'], /no arguments: user is not one/);
    assert.deepEqual(await issued(), []);
  });

  it('under plain names a tool of the service’s own by that name is the tool, and its refusal has the link', async () => {
    const clash = { names: 'plain', connectors: [{ slug: 'clash' }] };
    for (const [operationId, expected] of [
      ['look', ['look', 'authenticate_clash']],
      ['authenticate_clash', ['authenticate_clash']],
    ] as const) {
      const other = await openScopes(world, accounts);
      const document = {
        openapi: '3.1.0',
        info: { title: 'Clash', version: '1' },
        servers: [{ url: new URL((accounts.connections[0] as Json).document_url).origin }],
        paths: { '/clash': { get: { operationId, responses: { 200: { description: 'Done.' } } } } },
      };
      const body = { kind: 'openapi', nickname: 'clash', document, auth: { type: 'bearer' } };
      assert.equal((await other.ask('POST', '/v1/connections', { body })).status, 201);
      const user = await other.person('ada');
      const pack = await other.pack('INDIVIDUAL', clash);
      assert.deepEqual(await other.list(pack, user), expected);
      const { isError, said } = await other.call('rest', pack, user, 'authenticate_clash', {});
      assert.match(said['magic_link_url'], linkForm());
      assert.equal(isError, operationId === 'authenticate_clash');
    }
  });

  it('its calls are rows as every call’s are: ok, run as nobody; refused calls are denied', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    await send(pack, ada, 'authenticate_mail');
    await refusal(pack, ada);
    await world.crib.gateway.drain();
    const { data } = (await desk.ask('GET', '/v1/calls')).json;
    const rows = data.map(({ tool, outcome, reason, ran_as }: Json) => [tool, outcome, reason, ran_as]);
    assert.deepEqual(rows, [
      ['mail__send', 'denied', 'reauth_required', null],
      ['authenticate_mail', 'ok', null, 'none'],
    ]);
  });

  it('is told to who listens: the list changes when the credential is set and when it goes', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const leaving = new AbortController();
    const listen = { notifications: { toolsListChanged: true } };
    const options = { key: desk.key, signal: leaving.signal };
    const response = await fetch(
      world.url + desk.address(pack, ada),
      modern('subscriptions/listen', listen, options),
    );
    const events = eventsOf(response);
    const next = async (): Promise<string | undefined> => ((await events.next()).value as Answered).method;
    assert.equal(await next(), 'notifications/subscriptions/acknowledged');
    const take = await desk.give(own(ada), 'account of ada');
    assert.equal(await next(), 'notifications/tools/list_changed');
    await take();
    assert.equal(await next(), 'notifications/tools/list_changed');
    leaving.abort();
  });
});

describe('a link in a refusal', () => {
  it('is finished by a person, and the next call runs as them', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const said = await refusal(pack, ada);
    assert.deepEqual(Object.keys(said), ['error', 'error_reason', 'message', 'magic_link_url']);
    assert.match(said['message'], /mail is not connected/);
    const step = await desk.follow(said['magic_link_url'], 'account of ada');
    assert.equal(step.kind, 'done');
    assert.deepEqual((await send(pack, ada)).said, { account: 'account of ada' });
    assert.deepEqual(await desk.list(pack, ada), ['mail__send', 'notes__keep', 'authenticate_notes']);
  });

  it('is one for each user, connection and pack: an agent that insists is told the same again', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const links = await Promise.all(Array.from({ length: 50 }, () => linkOf(pack, ada)));
    assert.equal(new Set([...links, (await refusal(pack, ada))['magic_link_url']]).size, 1);
    const bob = await desk.person('bob', 'acme');
    assert.notEqual(await linkOf(pack, bob), await linkOf(pack, ada));
    assert.notEqual(await linkOf(await desk.pack('INDIVIDUAL'), ada), await linkOf(pack, ada));
    const notes = await send(pack, ada, 'authenticate_notes');
    assert.notEqual(notes.said['magic_link_url'], await linkOf(pack, ada));
  });

  it('is not told again once somebody has opened it, and never after it was used', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const first = await linkOf(pack, ada);
    await world.crib.connectFlow.open(first.slice(first.lastIndexOf('/') + 1), 'a-browser-of-somebody');
    const [second, same] = await Promise.all([linkOf(pack, ada), linkOf(pack, ada)]);
    assert.notEqual(second, first);
    assert.equal(same, second);
    await desk.follow(second, 'account of ada');
    const take = await desk.give(own(ada), 'another account of ada');
    await take();
    const third = await linkOf(pack, ada);
    assert.ok(![first, second].includes(third));
    assert.equal((await desk.follow(third, 'account of ada')).kind, 'done');
  });

  it('is kept nowhere: neither with the call nor in the log', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const link = await linkOf(pack, ada);
    await refusal(pack, ada);
    await world.crib.gateway.drain();
    const token = link.slice(link.lastIndexOf('/') + 1);
    const seen = await Promise.all([
      desk.ask('GET', '/v1/calls'),
      desk.ask('GET', '/v1/audit'),
      desk.ask('GET', '/api/v1/logs/tool-calls/'),
    ]);
    for (const { text } of seen) assert.ok(!text.includes(token));
    assert.ok(!world.logged.join().includes(token));
    const views = await desk.views();
    assert.equal(views.length, 2);
    for (const view of views) assert.match(view, /"magic_link_url":"\*\*\*"/);
  });

  it('says that a sign-in has run out or was revoked, where there was one', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    await desk.give(own(ada), 'account of ada');
    await desk.fail(own(ada), 'auth_failed');
    assert.deepEqual(await desk.list(pack, ada), all);
    const said = await refusal(pack, ada);
    assert.equal(said['error'], 'reauth_required');
    assert.match(said['message'], /has run out or was revoked/);
    await desk.follow(said['magic_link_url'], 'account of ada');
    assert.deepEqual((await send(pack, ada)).said, { account: 'account of ada' });
  });

  it('ORGANIZATION: one the service refused has no link either', async () => {
    const pack = await desk.pack('ORGANIZATION');
    await desk.give(organization, 'account of all');
    await desk.fail(organization, 'token_expired');
    const said = await refusal(pack, ada);
    assert.match(said['message'], /has run out or was revoked. Ask the administrator/);
    assert.equal(said['magic_link_url'], undefined);
  });
});

describe('whose credential, over time', () => {
  it('a link keeps the scope it was made under: after a change of the entry’s scope it is refused', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const link = await linkOf(pack, ada);
    const body = [{ slug: 'mail', auth_scope: 'SHARED' }];
    assert.equal((await desk.ask('PATCH', `/api/v1/tool-packs/${pack}/connectors/`, { body })).status, 200);
    await assert.rejects(desk.follow(link, 'account of ada'), { kind: 'not_found' });
    assert.equal((await refusal(pack, ada))['error'], 'reauth_required');
    await desk.follow(await linkOf(pack, ada), 'account of acme');
    assert.deepEqual((await send(pack, ada)).said, { account: 'account of acme' });
  });

  it('a user who leaves the company cannot finish the link they had for it', async () => {
    const pack = await desk.pack('SHARED');
    const link = await linkOf(pack, ada);
    await desk.ask('PATCH', `/api/v1/registered-users/${ada.id}/`, {
      body: { shared_credential_group: { origin_company_id: 'beta' } },
    });
    await assert.rejects(desk.follow(link, 'account of acme'), { kind: 'not_found' });
    await desk.give(acme, 'account of acme');
    assert.equal((await refusal(pack, ada))['error'], 'reauth_required');
  });

  it('a deleted user is nobody’s address, and one of the same name begins with nothing', async () => {
    const pack = await desk.pack('INDIVIDUAL');
    const link = await linkOf(pack, ada);
    await desk.give(own(ada), 'account of ada');
    assert.equal((await desk.ask('DELETE', `/api/v1/registered-users/${ada.id}/`)).status, 204);
    const from = accounts.seen.length;
    const response = await fetch(
      world.url + desk.address(pack, ada),
      modern('tools/call', { name: 'mail__send' }, { key: desk.key }),
    );
    assert.equal(response.status, 404);
    assert.equal(accounts.seen.length, from);
    await assert.rejects(desk.follow(link, 'account of ada'), { kind: 'not_found' });
    const again = await desk.person('ada', 'acme');
    assert.equal((await refusal(pack, again))['error'], 'reauth_required');
  });
});

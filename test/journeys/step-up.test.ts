import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { connectMcp, reconnect, type ConnectionsCtx, type FlowStep } from '../../src/connections/index.ts';
import { parseId } from '../../src/kernel/index.ts';
import { findCredentials, type Credential, type Owner } from '../../src/vault/index.ts';
import { startProtectedMcp, type ProtectedMcp } from '../fakes/protected-mcp.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { startWorld, type Json, type World } from '../world.ts';

// An MCP server that comes to want more of an account than it was granted.

let world: World;
let ctx: ConnectionsCtx;
let service: RotatingServer;
let mcp: ProtectedMcp;
let connectionId: string;
let users = 0;

before(async () => {
  world = await startWorld();
  ctx = world.crib.ctxFor({ principal: world.crib.founded.operator, requestId: 'req_test' });
  service = await startRotatingServer({ registration: true });
  mcp = await startProtectedMcp({
    issuers: [service.issuer],
    accepts: (bearer) => service.isGood(bearer),
    scopes: ['files:list'],
  });
  const auth = { type: 'mcp_oauth' as const };
  const wish = { nickname: 'files', serverUrl: mcp.url, auth, credential: null };
  connectionId = (await connectMcp(ctx, wish)).id;
  const { link } = await reconnect(ctx, connectionId, {});
  assert.equal((await follow(link!.url)).kind, 'done');
  for (const scope of ['INDIVIDUAL', 'SHARED', 'ORGANIZATION']) {
    const entries = [{ slug: 'files', auth_scope: scope }];
    const { status, text } = await world.ask('POST', '/v1/packs', { body: { name: scope, entries } });
    assert.equal(status, 201, text);
  }
});
after(async () => {
  await world.close();
  await mcp.close();
  await service.close();
});

const tokenIn = (link: string): string => link.slice(link.lastIndexOf('/') + 1);

/** What a person does with a link: opens it, goes to the service, comes back, says yes. */
async function follow(link: string): Promise<FlowStep> {
  const { connectFlow } = world.crib;
  const [token, browser] = [tokenIn(link), randomBytes(32).toString('base64url')];
  await connectFlow.open(token, browser);
  const { redirectTo } = await connectFlow.begin(token, browser);
  const back = await service.authorize(redirectTo);
  const step = await connectFlow.takeAnswer(back, browser);
  return step.kind === 'confirm' ? connectFlow.confirm(token, browser, true) : step;
}

type Scope = 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION';
type Person = { id: string; owner(scope: Scope): Promise<Credential> };

async function person(): Promise<Person> {
  users += 1;
  const [name, company] = [`user-${users}`, `company-${users}`];
  const body = {
    origin_user_id: name,
    origin_user_name: name,
    shared_credential_group: { origin_company_id: company },
  };
  const made = await world.ask('POST', '/api/v1/registered-users/', { body });
  assert.ok(made.status < 300, made.text);
  const { id } = made.json;
  const { organizationId } = ctx.caller.principal;
  return {
    id,
    async owner(scope) {
      const found = await ctx.database.transaction({ organizationId }, (tx) =>
        findCredentials(tx, organizationId, { connectionId }),
      );
      const type = ({ INDIVIDUAL: 'user', SHARED: 'company', ORGANIZATION: 'organization' } as const)[scope];
      const isTheirs = (owner: Owner): boolean =>
        owner.type === type && (type !== 'user' || owner.id === parseId(id));
      const own = found.find(({ owner }) => isTheirs(owner));
      assert.ok(own, scope);
      return own;
    },
  };
}

const call = async (pack: Scope, user: Person | null): Promise<Json> => {
  const body = {
    pack: pack.toLowerCase(),
    tool: 'files__do_it',
    arguments: {},
    ...(user ? { user: user.id } : {}),
  };
  const { status, json, text } = await world.ask('POST', '/v1/calls', { body });
  assert.equal(status, 200, text);
  return json.isError ? json.structuredContent : null;
};

/** Connects somebody who is not yet. */
async function connectIn(pack: Scope): Promise<Person> {
  const user = await person();
  mcp.missing = null;
  const missing = await call(pack, user);
  assert.equal((await follow(missing.magic_link_url)).kind, 'done');
  assert.equal(await call(pack, user), null);
  return user;
}

/** The scopes of the last authorization. */
const asked = (): string[] => service.authorizations.at(-1)!.get('scope')!.split(' ');
const grantOnly = (scope: string): void =>
  service.next('token', { kind: 'change', change: (answer) => ({ ...answer, scope }) });
const status = async (): Promise<Json> =>
  (await world.ask('GET', `/v1/connectors/${connectionId}`)).json.data.status;

describe('a service that wants more than an account was granted', () => {
  for (const pack of ['INDIVIDUAL', 'SHARED'] as const) {
    it(`${pack}: the caller gets a link that asks for all it has and what is missing`, async () => {
      const user = await connectIn(pack);
      mcp.missing = ['files:write'];
      const said = await call(pack, user);
      assert.equal(said.error, 'reauth_required');
      assert.match(said.message, /more than this account was granted: files:write\. Give the user/);
      assert.deepEqual(
        [(await user.owner(pack)).status, await status()],
        ['connected', 'connected'],
        'it is as good as before',
      );
      const [token, browser] = [tokenIn(said.magic_link_url), randomBytes(32).toString('base64url')];
      const { scopes } = await world.crib.connectFlow.open(token, browser);
      assert.deepEqual(
        scopes.map(({ meaning }) => meaning),
        ['List files', 'Change files'],
        'and its page says so before',
      );
    });
  }

  it('is content once that is granted, and the next consent asks for it too', async () => {
    const user = await connectIn('INDIVIDUAL');
    mcp.missing = ['files:write'];
    const { magic_link_url: link } = await call('INDIVIDUAL', user);
    assert.equal((await follow(link)).kind, 'done');
    assert.deepEqual(asked(), ['files:list', 'files:write']);
    mcp.missing = null;
    assert.equal(await call('INDIVIDUAL', user), null);
    const { scopes, wantedScopes, stepUps } = await user.owner('INDIVIDUAL');
    assert.deepEqual([scopes, wantedScopes, stepUps], [asked(), asked(), 0]);
    service.revokeAccount(service.account);
    const { magic_link_url: again } = await call('INDIVIDUAL', user);
    assert.equal((await follow(again)).kind, 'done');
    assert.deepEqual(asked(), ['files:list', 'files:write'], 'nothing held is lost');
  });

  it('counts one step however often an agent insists', async () => {
    const user = await connectIn('INDIVIDUAL');
    mcp.missing = ['files:write'];
    const told = await Promise.all(Array.from({ length: 10 }, () => call('INDIVIDUAL', user)));
    told.push(await call('INDIVIDUAL', user));
    for (const { magic_link_url: link } of told) assert.match(link, /\/connect\//);
    assert.equal((await user.owner('INDIVIDUAL')).stepUps, 1);
    mcp.missing = ['files:write', 'files:list'];
    await call('INDIVIDUAL', user);
    assert.equal((await user.owner('INDIVIDUAL')).stepUps, 1, 'nothing new in it');
  });

  it('is believed three times without getting it, and then there is a sentence and no link', async () => {
    const user = await connectIn('INDIVIDUAL');
    mcp.missing = ['files:write'];
    for (let step = 1; step <= 3; step += 1) {
      const { magic_link_url: link } = await call('INDIVIDUAL', user);
      assert.equal((await user.owner('INDIVIDUAL')).stepUps, step);
      grantOnly('files:list');
      assert.equal((await follow(link)).kind, 'done');
    }
    const said = await call('INDIVIDUAL', user);
    assert.deepEqual(Object.keys(said).toSorted(), ['error', 'error_reason', 'message']);
    assert.match(said.message, /files:write\. Nobody is asked for it again/);
    assert.equal((await user.owner('INDIVIDUAL')).status, 'connected');
    mcp.missing = null;
    assert.equal(await call('INDIVIDUAL', user), null, 'the rest works on');
  });

  it('asks for nothing where it says that what it misses was granted', async () => {
    const user = await connectIn('INDIVIDUAL');
    mcp.missing = ['files:list'];
    const said = await call('INDIVIDUAL', user);
    assert.equal(said.magic_link_url, undefined);
    assert.equal((await user.owner('INDIVIDUAL')).wantedScopes, null);
  });

  it('keeps nobody out by a scope that its authorization server does not know', async () => {
    const user = await connectIn('INDIVIDUAL');
    mcp.missing = ['no:such'];
    const { magic_link_url: link } = await call('INDIVIDUAL', user);
    service.next('token', { kind: 'error', error: 'invalid_scope' });
    assert.equal((await follow(link)).kind, 'failed');
    service.revokeAccount(service.account);
    mcp.missing = null;
    const { magic_link_url: again } = await call('INDIVIDUAL', user);
    assert.equal((await follow(again)).kind, 'done');
    assert.deepEqual(asked(), ['files:list']);
  });

  it('ORGANIZATION: a sentence for the caller, and the reconnect asks for it', async () => {
    mcp.missing = null;
    const { link: first } = await reconnect(ctx, connectionId, {});
    assert.equal((await follow(first!.url)).kind, 'done');
    mcp.missing = ['files:write'];
    const said = await call('ORGANIZATION', null);
    assert.deepEqual(Object.keys(said).toSorted(), ['error', 'error_reason', 'message']);
    assert.match(said.message, /files:write\. Ask the administrator to connect it again/);
    assert.equal(await status(), 'connected');
    const { link } = await reconnect(ctx, connectionId, {});
    assert.equal((await follow(link!.url)).kind, 'done');
    assert.deepEqual(asked(), ['files:list', 'files:write']);
    mcp.missing = null;
    assert.equal(await call('ORGANIZATION', null), null);
  });

  it('says so of a listing too: its reason names what is missing, and the reconnect asks for it', async () => {
    mcp.missing = null;
    mcp.missingToList = ['files:admin'];
    const synced = await world.ask('POST', `/v1/connections/${connectionId}/sync`);
    assert.ok(synced.status >= 400, synced.text);
    assert.match(synced.text, /more than this account was granted: files:admin/);
    assert.equal(await status(), 'connected');
    mcp.missingToList = null;
    const { link } = await reconnect(ctx, connectionId, {});
    assert.equal((await follow(link!.url)).kind, 'done');
    assert.ok(asked().includes('files:admin'));
  });

  it('leaves one audit row for each step, and keeps the link nowhere', async () => {
    const user = await connectIn('INDIVIDUAL');
    mcp.missing = ['files:write'];
    const { magic_link_url: link } = await call('INDIVIDUAL', user);
    await call('INDIVIDUAL', user);
    const { id } = await user.owner('INDIVIDUAL');
    const { json } = await world.ask('GET', `/v1/audit?target_id=${id}`);
    const rows = json.data.filter(({ action }: Json) => action === 'credential.scopes_wanted');
    assert.deepEqual(
      rows.map(({ changes }: Json) => [changes.missing, changes.stepUps]),
      [[['files:write'], 1]],
    );
    const token = tokenIn(link);
    assert.equal(JSON.stringify(json).includes(token), false);
    assert.equal(world.logged.join('\n').includes(token), false);
    mcp.missing = null;
  });
});

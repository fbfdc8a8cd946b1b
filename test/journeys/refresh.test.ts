import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { findCompany } from '../../src/access/index.ts';
import {
  createCredentialKeeper,
  type ConnectionsCtx,
  type StatusChange,
} from '../../src/connections/index.ts';
import { createGateway, type FullGateway } from '../../src/gateway/create-gateway.ts';
import { createConfigWatch } from '../../src/journal/index.ts';
import { Fault, newId, parseId, type Tx } from '../../src/kernel/index.ts';
import { connectionHooksOf } from '../../src/main/connection-hooks.ts';
import { countAccounts } from '../../src/main/count-accounts.ts';
import {
  findCredentials,
  Plaintext,
  putCredential,
  removeCredentials,
  type Credential,
  type Owner,
} from '../../src/vault/index.ts';
import { httpService, sendJson } from '../fakes/http-service.ts';
import { startRotatingServer, type Behaviour, type RotatingServer } from '../fakes/rotating-server.ts';
import { until } from '../processes.ts';
import { serverOf, signIn, stockOAuth, type OAuthStock } from '../stock-oauth.ts';
import { startWorld, type Json, type World } from '../world.ts';

const second = 1_000;
const hour = 3_600 * second;

let world: World;
let ctx: ConnectionsCtx;
const time = { now: Date.now() };
const closing: (() => Promise<void>)[] = [];

before(async () => {
  world = await startWorld({ clock: { now: () => new Date(time.now) } });
  ctx = world.crib.ctxFor({ principal: world.crib.founded.operator, requestId: 'req_test' });
  countAccounts(world.crib, world.deps.metrics);
});
after(async () => {
  for (const close of closing) await close();
  await world.close();
});

const pass = (milliseconds: number): void => void (time.now += milliseconds);

/** A service of its own, connected, with the organization signed in. */
type Desk = OAuthStock & {
  service: RotatingServer;
  credentialId: string;
  token: string;
  /** Signs in anew: another credential in the place of the old one. */
  signIn(more?: Partial<Parameters<typeof signIn>[3]> & { refreshToken?: null }): Promise<string>;
  read(id?: string): Promise<Credential>;
  connector(): Promise<Json>;
  /** Calls as the organization and says how it went. */
  works(tool?: string): Promise<boolean>;
};

let desks = 0;

async function openDesk(
  more: Partial<Parameters<typeof signIn>[3]> & { refreshToken?: null } = {},
): Promise<Desk> {
  const service = await startRotatingServer();
  closing.push(() => service.close());
  desks += 1;
  const stock = await stockOAuth(world, world.adminKey, service, { name: `things${desks}` });
  const desk: Desk = {
    ...stock,
    service,
    credentialId: '',
    token: '',
    async signIn(others = {}) {
      const issued = service.issue();
      const had = { ...issued, ...('refreshToken' in others ? { refreshToken: others.refreshToken } : {}) };
      const { id } = await signIn(ctx, stock.connectionId, had, { server: serverOf(service), ...others });
      desk.token = issued.accessToken;
      desk.credentialId = id;
      return id;
    },
    async read(id = desk.credentialId) {
      const { organizationId } = ctx.caller.principal;
      const [found] = await ctx.database.transaction({ organizationId }, (tx) =>
        findCredentials(tx, organizationId, { credentialId: id }),
      );
      assert.ok(found);
      return found;
    },
    async connector() {
      const { json, status, text } = await world.ask('GET', `/v1/connectors/${stock.connectionId}`);
      assert.equal(status, 200, text);
      return json.data;
    },
    async works(tool) {
      const { status, json, text } = await stock.call(undefined, tool);
      assert.equal(status, 200, text);
      return !json['isError'];
    },
  };
  await desk.signIn(more);
  return desk;
}

/** The same, with a token that has run out. */
const openExpired = async (): Promise<Desk> => {
  const desk = await openDesk({ expiresAt: new Date(time.now + hour) });
  desk.service.expireAll();
  pass(hour);
  return desk;
};

const statusOf = ({ status, statusReason: reason }: Credential) => ({ status, reason });
const connected = { status: 'connected', reason: null };

describe('a token that has a refresh token behind it', () => {
  it('is refreshed a margin before it runs out, and keeps the old refresh token where none came', async () => {
    const desk = await openDesk({ expiresAt: new Date(time.now + hour) });
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, 0, 'not before its time');
    const { refreshDueAt } = await desk.read();
    const ahead = time.now + hour - refreshDueAt!.getTime();
    assert.ok(ahead >= 300 * second && ahead <= 600 * second, String(ahead));
    pass(hour - 300 * second);
    desk.service.next('token', {
      kind: 'change',
      change: (answer) => ({ ...answer, refresh_token: undefined }),
    });
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, 1);
    const refreshed = await desk.read();
    assert.equal(refreshed.version, 2);
    assert.deepEqual([...refreshed.fields].sort(), ['access_token', 'refresh_token']);
    assert.ok(refreshed.refreshDueAt!.getTime() > time.now);
    assert.equal(await desk.works(), true);
    assert.equal(desk.service.api.at(-1)!.bearer === desk.token, false, 'with the new token');
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, 1, 'once');
  });

  it('is refreshed by the call that finds it run out, and stays as good as new', async () => {
    const desk = await openExpired();
    assert.equal(await desk.works(), true);
    assert.equal(await desk.works(), true);
    assert.equal(desk.service.counts.token, 1);
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.equal((await desk.connector()).status, 'connected');
  });

  it('is refreshed and the call sent once more when the service refuses it before its time', async () => {
    const desk = await openDesk();
    desk.service.expireAll();
    assert.equal(await desk.works('write_thing'), true);
    assert.deepEqual(
      desk.service.api.map(({ method, status }) => [method, status]),
      [
        ['POST', 401],
        ['POST', 200],
      ],
      'a write too: a 401 says that nothing was done',
    );
    assert.equal(desk.service.counts.token, 1);
    assert.deepEqual(statusOf(await desk.read()), connected);
  });

  it('has failed when the service refuses a fresh one as well', async () => {
    const desk = await openDesk();
    desk.service.always('api', { kind: 'status', status: 401, body: '{}' });
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.api, 2, 'one retry');
    assert.equal(desk.service.counts.token, 1, 'one refresh');
    const { status, reason } = statusOf(await desk.read());
    assert.equal(status, 'auth_failed');
    assert.match(reason!, /answered 401/);
    const { status: shown, status_reason: why } = await desk.connector();
    assert.deepEqual([shown, why], ['auth_failed', reason]);
    desk.service.always('api', null);
    assert.equal(await desk.works(), false, 'nothing is tried any more');
    assert.equal(desk.service.counts.api, 2);
  });

  it('has failed at invalid_grant, is never tried again, and says so in our words', async () => {
    const desk = await openExpired();
    desk.service.revokeAccount('account-1');
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.token, 1);
    const { status, status_reason: reason } = await desk.connector();
    assert.equal(status, 'auth_failed');
    assert.match(reason, /no longer takes the refresh token \(invalid_grant\)/);
    pass(hour);
    assert.equal(await desk.works(), false);
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, 1);
    assert.equal(desk.service.counts.api, 0);
  });

  it('comes back by a reconnect, and its connection with it', async () => {
    const desk = await openExpired();
    desk.service.revokeAccount('account-1');
    assert.equal(await desk.works(), false);
    const failed = await desk.connector();
    pass(second);
    const body = { connection: desk.slug, owner: { type: 'organization' }, fields: { token: 'by-hand' } };
    const put = await world.ask('PUT', '/v1/credentials', { body });
    assert.ok(put.status < 300, put.text);
    const back = await desk.connector();
    assert.deepEqual([back.status, back.status_reason], ['connected', null]);
    assert.equal(back.id, failed.id);
    assert.ok(back.updated_at > failed.updated_at);
  });
});

describe('a refresh that may pass', () => {
  const passing: readonly (readonly [string, Behaviour])[] = [
    ['500', { kind: 'status', status: 500 }],
    ['429', { kind: 'status', status: 429 }],
    ['HTML', { kind: 'html' }],
    ['no token', { kind: 'change', change: () => ({ token_type: 'Bearer' }) }],
    ['a cut line', { kind: 'status', status: 502 }],
    ['invalid_client', { kind: 'error', error: 'invalid_client', status: 401 }],
  ];
  for (const [what, behaviour] of passing) {
    it(`is told from one that is final: ${what}`, async () => {
      const desk = await openExpired();
      desk.service.next('token', behaviour);
      // Nothing was rotated, or the answer was lost with the token: here the next answer is a good one.
      const rotated = behaviour.kind === 'change';
      assert.equal(await desk.works(), false);
      const { status, statusReason, failures, retryAt } = await desk.read();
      assert.deepEqual([status, failures], ['token_expired', 1]);
      assert.match(statusReason!, /^The token ran out, and refreshing it failed: /);
      assert.equal(retryAt!.getTime(), time.now + second);
      assert.equal((await desk.connector()).status, 'token_expired');
      if (rotated) return;
      pass(second);
      await world.crib.keeper.sweep();
      assert.deepEqual(statusOf(await desk.read()), connected);
      const { status: shown, status_reason: reason } = await desk.connector();
      assert.deepEqual([shown, reason], ['connected', null], 'and the connection is back with it');
      assert.equal(await desk.works(), true);
    });
  }

  it('is tried again after 1 second, doubling to 30, whoever asks meanwhile', async () => {
    const desk = await openExpired();
    desk.service.always('token', { kind: 'error', error: 'temporarily_unavailable' });
    assert.equal(await desk.works(), false);
    for (const [tries, rest] of [1, 2, 4, 8, 16, 30, 30].entries()) {
      assert.equal(desk.service.counts.token, tries + 1);
      pass(rest * second - 1);
      assert.equal(await desk.works(), false);
      await world.crib.keeper.sweep();
      assert.equal(desk.service.counts.token, tries + 1, `not before ${rest} s`);
      pass(1);
      assert.equal(await desk.works(), false);
    }
    assert.equal(desk.service.counts.api, 0, 'nothing was sent with a token that is out');
    desk.service.always('token', null);
    pass(30 * second);
    assert.equal(await desk.works(), true);
  });

  it('is tried more and more seldom where nobody asks, and at once by who does', async () => {
    const desk = await openExpired();
    desk.service.always('token', { kind: 'error', error: 'invalid_client', status: 401 });
    for (let failures = 0; failures < 8; failures += 1) {
      assert.equal(await desk.works(), false);
      pass(30 * second);
    }
    const asked = desk.service.counts.token;
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, asked, 'two minutes more');
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.token, asked + 1);
    pass((30 + 3 * 60) * second - 1);
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, asked + 1);
    desk.service.always('token', null);
    pass(1);
    await world.crib.keeper.sweep();
    assert.deepEqual(statusOf(await desk.read()), connected);
  });

  it('waits as long as the service asks', async () => {
    const desk = await openExpired();
    desk.service.next('token', { kind: 'status', status: 429, retryAfter: '90' });
    assert.equal(await desk.works(), false);
    pass(89 * second);
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.token, 1);
    pass(second);
    assert.equal(await desk.works(), true);
  });

  it('changes nothing while the token is good', async () => {
    const desk = await openDesk({ expiresAt: new Date(time.now + hour) });
    pass(hour - 200 * second);
    desk.service.next('token', { kind: 'status', status: 500 });
    await world.crib.keeper.sweep();
    assert.equal(desk.service.counts.token, 1);
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.equal((await desk.connector()).status, 'connected');
    assert.equal(await desk.works(), true);
  });

  it('is no refusal of the account when a token is refused meanwhile', async () => {
    const desk = await openDesk();
    desk.service.expireAll();
    desk.service.next('token', { kind: 'status', status: 503 });
    assert.equal(await desk.works(), false);
    assert.equal((await desk.read()).status, 'token_expired');
    pass(second);
    await world.crib.keeper.sweep();
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.equal(await desk.works(), true);
  });
});

describe('a token with nothing behind it', () => {
  it('is said to have run out when it has, without a call', async () => {
    const desk = await openDesk({ expiresAt: new Date(time.now + hour), refreshToken: null });
    await world.crib.keeper.sweep();
    assert.deepEqual(statusOf(await desk.read()), connected);
    pass(hour);
    await world.crib.keeper.sweep();
    const { status, status_reason: reason } = await desk.connector();
    assert.equal(status, 'token_expired');
    assert.match(reason, /nothing to refresh it with/);
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.api, 0);
  });

  it('is said to have run out by the call that finds it so', async () => {
    const desk = await openDesk({ expiresAt: new Date(time.now + hour), refreshToken: null });
    pass(hour);
    assert.equal(await desk.works(), false);
    assert.equal((await desk.connector()).status, 'token_expired');
    assert.equal(desk.service.counts.api, 0);
  });

  it('is had anew where the client is its own account', async () => {
    const desk = await openDesk({
      expiresAt: new Date(time.now + hour),
      refreshToken: null,
      grant: 'client_credentials',
    });
    pass(hour);
    assert.equal(await desk.works(), true);
    assert.deepEqual(
      desk.service.tokenRequests.map(({ grantType }) => grantType),
      ['client_credentials'],
    );
  });
});

describe('a key given by hand', () => {
  const answer = { status: 200 };
  const open = async (): Promise<{
    works(): Promise<boolean>;
    connector(): Promise<Json>;
    seen(): number;
  }> => {
    let seen = 0;
    const service = await httpService((_seen, response) => {
      seen += 1;
      sendJson(response, { ok: answer.status === 200 }, answer.status);
    });
    closing.push(() => service.close());
    desks += 1;
    const name = `keyed${desks}`;
    const stock = await stockOAuth(world, world.adminKey, service, { name });
    const body = { connection: name, owner: { type: 'organization' }, fields: { token: 'static' } };
    assert.ok((await world.ask('PUT', '/v1/credentials', { body })).status < 300);
    return {
      works: async () => !(await stock.call()).json['isError'],
      connector: async () => (await world.ask('GET', `/v1/connectors/${stock.connectionId}`)).json.data,
      seen: () => seen,
    };
  };

  it('has failed when the service answers 401 to it', async () => {
    answer.status = 200;
    const desk = await open();
    assert.equal(await desk.works(), true);
    answer.status = 401;
    assert.equal(await desk.works(), false);
    const { status, status_reason: reason } = await desk.connector();
    assert.equal(status, 'auth_failed');
    assert.match(reason, /answered 401/);
    assert.equal(desk.seen(), 2, 'no retry: nothing has changed');
  });

  for (const status of [403, 404, 429, 500, 503]) {
    it(`is as good as before when the service answers ${status}`, async () => {
      answer.status = status;
      const desk = await open();
      assert.equal(await desk.works(), false);
      const { status: shown, status_reason: reason } = await desk.connector();
      assert.deepEqual([shown, reason], ['connected', null]);
      answer.status = 200;
      assert.equal(await desk.works(), true);
    });
  }

  it('is as good as before when the service refuses another origin’s redirect', async () => {
    const elsewhere = await httpService((_seen, response) => sendJson(response, {}, 401));
    closing.push(() => elsewhere.close());
    const service = await httpService((_seen, response) => {
      response.writeHead(302, { location: `${elsewhere.url}/login` }).end();
    });
    closing.push(() => service.close());
    desks += 1;
    const name = `keyed${desks}`;
    const stock = await stockOAuth(world, world.adminKey, service, { name });
    const body = { connection: name, owner: { type: 'organization' }, fields: { token: 'static' } };
    assert.ok((await world.ask('PUT', '/v1/credentials', { body })).status < 300);
    assert.equal((await stock.call()).json['isError'], true);
    assert.equal(elsewhere.requests.length, 1);
    const { json } = await world.ask('GET', `/v1/connectors/${stock.connectionId}`);
    assert.equal(json.data.status, 'connected');
  });
});

describe('a new authorization', () => {
  it('wins over a refresh that is under way, whatever that brings', async () => {
    for (const brings of ['tokens', 'invalid_grant'] as const) {
      const desk = await openExpired();
      const old = desk.credentialId;
      const gate = Promise.withResolvers<void>();
      desk.service.next('token', {
        kind: 'hold',
        until: gate.promise,
        before: brings === 'invalid_grant',
      });
      const waiting = desk.works();
      await desk.service.arrived('token', 1);
      desk.service.account = 'account-2';
      const fresh = await desk.signIn();
      desk.service.revokeAccount('account-1');
      gate.resolve();
      assert.equal(await waiting, true, 'who waited for the old one goes on with the new one');
      assert.equal(desk.service.api.at(-1)!.bearer, desk.token);
      assert.notEqual(fresh, old);
      assert.deepEqual(statusOf(await desk.read(fresh)), connected);
      assert.equal((await desk.read(fresh)).version, 1);
      assert.equal((await desk.connector()).status, 'connected');
    }
  });

  it('keeps its tokens when those of the refresh it has overtaken come', async () => {
    const desk = await openDesk();
    const server = { ...serverOf(desk.service), revocationUrl: `${desk.service.url}/revoke` };
    await desk.signIn({ server, expiresAt: new Date(time.now + second) });
    pass(second);
    const gate = Promise.withResolvers<void>();
    desk.service.next('token', { kind: 'hold', until: gate.promise });
    const waiting = desk.works();
    await desk.service.arrived('token', 1);
    await desk.signIn({ server });
    gate.resolve();
    assert.equal(await waiting, true);
    assert.equal(await desk.works(), true);
    assert.equal(desk.service.counts.revoke, 0, 'a service may end all that one app holds of an account');
    assert.equal(desk.service.api.at(-1)!.bearer, desk.token);
  });

  it('is not failed by the late refusal of the token before it', async () => {
    const desk = await openDesk({ refreshToken: null });
    const gate = Promise.withResolvers<void>();
    desk.service.next('api', { kind: 'hold', until: gate.promise, before: true });
    desk.service.expireAll();
    const waiting = desk.works();
    await desk.service.arrived('api', 1);
    await desk.signIn();
    gate.resolve();
    assert.equal(await waiting, true, 'it has changed meanwhile: one retry');
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.equal((await desk.connector()).status, 'connected');
  });
});

describe('a call that meets its credential in the moment of its replacement', () => {
  /** What another replica has committed and this one has not heard of; nothing is remembered of the old one. */
  const unheard = async (work: (tx: Tx, organizationId: string) => Promise<unknown>): Promise<void> => {
    const { organizationId } = ctx.caller.principal;
    await ctx.database.transaction({ organizationId }, (tx) => work(tx, organizationId));
    ctx.vault.forget(organizationId);
  };
  const replace = async (desk: Desk): Promise<string> => {
    const { accessToken } = desk.service.issue();
    await unheard((tx, organizationId) =>
      putCredential(tx, ctx, organizationId, {
        connectionId: desk.connectionId,
        owner: { type: 'organization', id: organizationId },
        origin: desk.service.url,
        method: { type: 'mcp_oauth' },
        fields: { access_token: new Plaintext(accessToken) },
      }),
    );
    return accessToken;
  };

  it('runs with the new one', async () => {
    const desk = await openDesk();
    assert.equal(await desk.works(), true);
    for (let n = 1; n <= 3; n += 1) {
      const token = await replace(desk);
      assert.equal(await desk.works('write_thing'), true);
      assert.equal(desk.service.counts.api, 1 + n, 'nothing had left before');
      assert.equal(desk.service.api.at(-1)!.bearer, token);
    }
  });

  it('is refused like any other where nothing has taken its place', async () => {
    const desk = await openDesk();
    assert.equal(await desk.works(), true);
    await unheard((tx, organizationId) =>
      removeCredentials(tx, ctx.vault, organizationId, { credentialId: desk.credentialId }),
    );
    const { json } = await desk.call();
    assert.equal((json['structuredContent'] as Json).error, 'reauth_required');
    assert.equal(desk.service.counts.api, 1);
  });

  it('fails with credential_unreadable where it is the same as before and cannot be opened', async () => {
    const desk = await openDesk();
    assert.equal(await desk.works(), true);
    await unheard((tx, organizationId) =>
      sql`update secrets set ciphertext = set_byte(ciphertext, 20, 255 - get_byte(ciphertext, 20))
        where secret_id in (select (fields->>'access_token')::uuid from credentials
          where organization_id = ${organizationId} and credential_id = ${desk.credentialId})`.execute(
        tx.kysely,
      ),
    );
    const { json } = await desk.call();
    assert.equal(json['isError'], true);
    assert.match(JSON.stringify(json['content']), /cannot be read/);
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.equal(desk.service.counts.api, 1);
  });
});

describe('one user’s account', () => {
  it('fails for that user alone: no connection, no other user and no agent hears of it', async () => {
    const desk = await openDesk();
    const person = async (name: string): Promise<{ owner: Owner; id: string }> => {
      const { json, status, text } = await world.ask('POST', '/v1/users', {
        body: { origin_user_id: name, origin_user_name: name },
      });
      assert.equal(status, 201, text);
      return { owner: { type: 'user', id: parseId(json.data.id)! }, id: json.data.id };
    };
    const [ada, bob] = [await person('ada'), await person('bob')];
    const give = async (owner: Owner, account: string) => {
      const had = desk.service.issue({ account });
      return signIn(ctx, desk.connectionId, had, { server: serverOf(desk.service), owner });
    };
    const hers = await give(ada.owner, 'ada');
    const his = await give(bob.owner, 'bob');
    const name = `personal${desks}`;
    const entries = [{ slug: desk.slug, auth_scope: 'INDIVIDUAL' }];
    assert.equal((await world.ask('POST', '/v1/packs', { body: { name, entries } })).status, 201);
    const agent = await world.ask('POST', '/v1/agents', {
      body: {
        handle: `helper${desks}`,
        name: 'Helper',
        tools: [{ name: 'read_thing', connector_id: desk.connectionId }],
      },
    });
    assert.equal(agent.status, 201, agent.text);
    const worksFor = async ({ id }: { id: string }): Promise<boolean> => {
      const tool = `${desk.slug}__read_thing`;
      const body = { pack: name, tool, arguments: {}, user: id };
      return !(await world.ask('POST', '/v1/calls', { body })).json.isError;
    };
    assert.deepEqual([await worksFor(ada), await worksFor(bob)], [true, true]);
    const before = await desk.connector();

    desk.service.revokeAccount('ada');
    assert.deepEqual([await worksFor(ada), await worksFor(bob)], [false, true]);
    assert.equal((await desk.read(hers.id)).status, 'auth_failed');
    assert.deepEqual(statusOf(await desk.read(his.id)), connected);
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.deepEqual(await desk.connector(), before);
    const shown = await world.ask('GET', `/v1/agents/${agent.json.data.id}`);
    assert.equal(shown.json.data.is_active, true);
    const audit = await world.ask('GET', `/v1/audit?target_id=${hers.id}`);
    assert.equal(audit.json.data[0].action, 'credential.status_changed');
    assert.equal(await desk.works(), true, 'and the organization’s own goes on');
  });
});

describe('one company’s account', () => {
  it('fails for its users alone: no connection, no other company and no agent hears of it', async () => {
    const desk = await openDesk();
    const person = async (name: string, company: string): Promise<{ id: string; owner: Owner }> => {
      const { json, status, text } = await world.ask('POST', '/api/v1/registered-users/', {
        body: {
          origin_user_id: name,
          origin_user_name: name,
          shared_credential_group: { origin_company_id: company },
        },
      });
      assert.ok(status < 300, text);
      const { organizationId } = ctx.caller.principal;
      const found = await ctx.database.transaction({ organizationId }, (tx) =>
        findCompany(tx, organizationId, { originId: company }),
      );
      return { id: json.id, owner: { type: 'company', id: found!.company_id } };
    };
    const [eve, fay] = [await person('eve', 'acme'), await person('fay', 'acme')];
    const gil = await person('gil', 'beta');
    const give = (owner: Owner, account: string): Promise<Credential> => {
      const had = desk.service.issue({ account });
      return signIn(ctx, desk.connectionId, had, { server: serverOf(desk.service), owner });
    };
    const acme = await give(eve.owner, 'acme');
    const beta = await give(gil.owner, 'beta');
    const name = `shared${desks}`;
    const entries = [{ slug: desk.slug, auth_scope: 'SHARED' }];
    assert.equal((await world.ask('POST', '/v1/packs', { body: { name, entries } })).status, 201);
    const agent = await world.ask('POST', '/v1/agents', {
      body: {
        handle: `sharer${desks}`,
        name: 'Sharer',
        tools: [{ name: 'read_thing', connector_id: desk.connectionId }],
      },
    });
    assert.equal(agent.status, 201, agent.text);
    const callAs = async ({ id }: { id: string }): Promise<Json> => {
      const body = { pack: name, tool: `${desk.slug}__read_thing`, arguments: {}, user: id };
      return (await world.ask('POST', '/v1/calls', { body })).json;
    };
    const all = [eve, fay, gil];
    for (const user of all) assert.equal((await callAs(user)).isError, false);
    const before = await desk.connector();

    desk.service.revokeAccount('acme');
    const told = await Promise.all(all.map(callAs));
    assert.deepEqual(
      told.map(({ isError }) => isError),
      [true, true, false],
    );
    assert.equal(desk.service.counts.token, 1, 'one refresh for both');
    for (const { structuredContent: said } of told.slice(0, 2)) {
      assert.equal(said.error, 'reauth_required');
      assert.match(said.magic_link_url, /\/connect\//, 'with the link to the company’s account');
    }
    assert.equal((await desk.read(acme.id)).status, 'auth_failed');
    assert.deepEqual(statusOf(await desk.read(beta.id)), connected);
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.deepEqual(await desk.connector(), before);
    const shown = await world.ask('GET', `/v1/agents/${agent.json.data.id}`);
    assert.equal(shown.json.data.is_active, true);
    assert.equal(await desk.works(), true, 'and the organization’s own goes on');
  });
});

describe('a service that does not answer in time', () => {
  /** The same counter with less patience. */
  const hasty = (callTimeout: number): FullGateway => {
    const { crib } = world;
    const onError = (error: unknown): void => assert.fail(String(error));
    const watch = createConfigWatch({ ...crib, onError });
    const links = {
      issue: () => assert.fail('no link is needed'),
      isUnopened: () => assert.fail('no link is needed'),
    };
    const gateway = createGateway({
      ...crib,
      watch,
      calls: crib.callJournal,
      publicUrl: world.url,
      links,
      onError,
      callTimeout,
    });
    closing.push(async () => {
      await gateway.close();
      watch.close();
    });
    return gateway;
  };
  const callBy = async (gateway: FullGateway, desk: Desk): Promise<Json> => {
    const { result } = await gateway.call({
      caller: ctx.caller,
      address: { pack: desk.slug, userId: null },
      tool: `${desk.slug}__read_thing`,
      arguments: {},
      protocol: 'rest',
      signal: new AbortController().signal,
    });
    return result;
  };

  it('is no failure of the account', async () => {
    const desk = await openDesk();
    desk.service.next('api', { kind: 'hang' });
    const { isError, content } = await callBy(hasty(300), desk);
    assert.equal(isError, true, JSON.stringify(content));
    assert.equal(desk.service.counts.api, 1);
    assert.deepEqual(statusOf(await desk.read()), connected);
    const { status, status_reason: reason } = await desk.connector();
    assert.deepEqual([status, reason], ['connected', null]);
    assert.equal(await desk.works(), true);
  });

  it('with a token ends the call that waits for it in its time, and not the refresh', async () => {
    const desk = await openExpired();
    const gate = Promise.withResolvers<void>();
    desk.service.next('token', { kind: 'hold', until: gate.promise });
    const { isError, structuredContent: said } = await callBy(hasty(300), desk);
    assert.equal(isError, true);
    assert.equal(said.error, 'reauth_required');
    assert.match(said.message, /Try again shortly/);
    assert.equal(said.magic_link_url, undefined);
    gate.resolve();
    assert.equal(await desk.works(), true);
    assert.equal(desk.service.counts.token, 1);
    assert.deepEqual(statusOf(await desk.read()), connected);
  });
});

describe('an account that is deleted while its token is refreshed', () => {
  it('is refused to who waited, and the tokens that come too late are revoked', async () => {
    const desk = await openDesk();
    const server = { ...serverOf(desk.service), revocationUrl: `${desk.service.url}/revoke` };
    const id = await desk.signIn({ server, expiresAt: new Date(time.now + second) });
    pass(second);
    const gate = Promise.withResolvers<void>();
    desk.service.next('token', { kind: 'hold', until: gate.promise });
    const waiting = desk.works();
    await desk.service.arrived('token', 1);
    assert.equal((await world.ask('DELETE', `/v1/credentials/${id}`)).status, 204);
    assert.equal(desk.service.revocations.length, 2);
    gate.resolve();
    assert.equal(await waiting, false);
    await desk.service.arrived('revoke', 4);
    const revoked = new Set(desk.service.revocations.map((asked) => asked.get('token')));
    assert.equal(revoked.size, 4, 'both tokens of both');
    const said = async (): Promise<number> =>
      (await world.ask('GET', `/v1/audit?target_id=${id}`)).json.data.filter(
        ({ action }: Json) => action === 'credential.revoked_upstream',
      ).length;
    await until('a word of both in the audit', 10_000, async () => ((await said()) === 2 ? true : null));
  });
});

describe('a failure and what follows from it', () => {
  const keeperWith = (onFlip: ConnectionsCtx['connectionHooks']['onFlip'], told: StatusChange[]) => {
    const keeper = createCredentialKeeper({
      ...ctx,
      bus: world.crib.bus,
      connectionHooks: { ...connectionHooksOf(world.crib, null), onFlip },
      replicaId: newId<'replica'>(),
      onStatus: (change) => told.push(change),
      onRefreshed: () => undefined,
      onError: (error) => assert.fail(String(error)),
    });
    closing.push(() => keeper.close());
    return keeper;
  };

  it('are one transaction: when what follows fails, nothing has happened', async () => {
    const desk = await openDesk({ expiresAt: new Date(time.now + hour), refreshToken: null });
    pass(hour);
    const before = await desk.connector();
    const told: StatusChange[] = [];
    let failing = true;
    const keeper = keeperWith(async () => {
      if (failing) throw new Fault('internal', 'What follows has failed.');
    }, told);
    const ref = {
      organizationId: ctx.caller.principal.organizationId,
      credentialId: desk.credentialId,
      origin: desk.service.url,
      method: { type: 'mcp_oauth' as const },
      version: 1,
      expiresAt: new Date(time.now),
      isRefreshable: false,
    };
    await assert.rejects(async () => keeper.ready(ref), /What follows has failed/);
    assert.deepEqual(statusOf(await desk.read()), connected);
    assert.deepEqual(await desk.connector(), before);
    const audit = await world.ask('GET', `/v1/audit?target_id=${desk.credentialId}`);
    assert.deepEqual(
      audit.json.data.map(({ action }: Json) => action),
      ['credential.set'],
    );
    assert.deepEqual(told, [], 'nor is it told');
    failing = false;
    assert.equal((await keeper.ready(ref)).ok, false);
    assert.equal((await desk.connector()).status, 'token_expired');
    assert.deepEqual(
      told.map(({ from, to, owner }) => ({ from, to, owner })),
      [{ from: 'connected', to: 'token_expired', owner: 'organization' }],
    );
  });

  it('does not keep others waiting when the answer to a refresh cannot be stored, and says so', async () => {
    const desk = await openExpired();
    desk.service.next('token', { kind: 'status', status: 500 });
    assert.equal(await desk.works(), false);
    pass(second);
    const keeper = keeperWith(async () => {
      throw new Fault('internal', 'What follows has failed.');
    }, []);
    const ref = {
      organizationId: ctx.caller.principal.organizationId,
      credentialId: desk.credentialId,
      origin: desk.service.url,
      method: { type: 'mcp_oauth' as const },
      version: 1,
      expiresAt: new Date(time.now),
      isRefreshable: true,
    };
    await assert.rejects(async () => keeper.ready(ref), /What follows has failed/);
    const { status, statusReason: said, retryAt } = await desk.read();
    assert.equal(status, 'token_expired');
    assert.match(said!, /could not be stored here/);
    assert.ok(retryAt!.getTime() > time.now, 'and nobody asks again at once');
    const asked = desk.service.counts.token;
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.token, asked);
    pass(2 * second);
    assert.equal(await desk.works(), false);
    assert.equal(desk.service.counts.token, asked + 1, 'long before the lease of the first is over');
    const { status: shown, status_reason: reason } = await desk.connector();
    assert.equal(shown, 'auth_failed');
    assert.match(reason, /\(invalid_grant\).*could not be stored here/);
  });

  it('are told in the log by one line without a secret', async () => {
    const desk = await openExpired();
    desk.service.revokeAccount('account-1');
    const before = world.logged.length;
    assert.equal(await desk.works(), false);
    const lines = world.logged.slice(before).filter((line) => line.includes(desk.credentialId));
    assert.equal(lines.length, 1);
    const line = JSON.parse(lines[0]!) as Json;
    assert.deepEqual([line.from, line.to, line.connection], ['connected', 'auth_failed', desk.slug]);
    assert.equal(world.logged.join().includes(desk.token), false);
  });
});

describe('refreshes and failures', () => {
  it('are counted by how they ended, and by whose the account is, not by its id', async () => {
    const count = async (line: string): Promise<number> => {
      const text = await world.deps.metrics.registry.metrics();
      const found = text.split('\n').find((one) => one.startsWith(`${line} `));
      return Number(found?.slice(line.length) ?? 0);
    };
    const counters = [
      'toolcrib_token_refreshes_total{outcome="passing"}',
      'toolcrib_token_refreshes_total{outcome="refreshed"}',
      'toolcrib_token_refreshes_total{outcome="terminal"}',
      'toolcrib_account_status_changes_total{owner="organization",to="token_expired"}',
      'toolcrib_account_status_changes_total{owner="organization",to="connected"}',
      'toolcrib_account_status_changes_total{owner="organization",to="auth_failed"}',
    ];
    const all = (): Promise<number[]> => Promise.all(counters.map(count));
    const before = await all();
    const desk = await openExpired();
    desk.service.next('token', { kind: 'status', status: 500 });
    assert.equal(await desk.works(), false);
    pass(second);
    assert.equal(await desk.works(), true);
    desk.service.revokeAccount('account-1');
    pass(hour);
    assert.equal(await desk.works(), false);
    const after = await all();
    assert.deepEqual(
      after.map((now, index) => now - before[index]!),
      [1, 1, 1, 1, 1, 1],
    );
  });
});

describe('many tokens that run out together', () => {
  it('are refreshed once each, spread over the time before', async () => {
    const desk = await openDesk();
    const expiresAt = new Date(time.now + hour);
    const { organizationId } = ctx.caller.principal;
    const ids: string[] = [];
    for (let n = 0; n < 130; n += 1) {
      const { json } = await world.ask('POST', '/v1/users', {
        body: { origin_user_id: `many-${n}`, origin_user_name: `Many ${n}` },
      });
      const owner: Owner = { type: 'user', id: parseId(json.data.id)! };
      const had = desk.service.issue({ account: `many-${n}` });
      ids.push(
        (await signIn(ctx, desk.connectionId, had, { server: serverOf(desk.service), owner, expiresAt })).id,
      );
    }
    const due = await ctx.database.transaction({ organizationId }, async (tx) =>
      (await findCredentials(tx, organizationId, { connectionId: desk.connectionId })).flatMap(
        ({ id, refreshDueAt }) => (ids.includes(id) ? [refreshDueAt!.getTime()] : []),
      ),
    );
    assert.ok(Math.max(...due) - Math.min(...due) > 200 * second, 'over minutes, not at once');
    time.now = Math.max(...due);
    await world.crib.keeper.sweep();
    for (const id of ids) assert.equal((await desk.read(id)).version, 2);
    assert.equal(desk.service.reuses, 0);
    // The organization's own token was had at the same time, and may have been due with them.
    assert.ok(desk.service.counts.token - ids.length <= 1);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { createAgent, getAgent } from '../../src/agents/index.ts';
import { createKey } from '../../src/access/index.ts';
import {
  connectCatalog,
  connectionLink,
  connectMcp,
  createOAuthClient,
  deleteConnection,
  deleteCredential,
  deleteOAuthClient,
  discoverMcp,
  finalizeConnection,
  getConnection,
  getOAuthClient,
  listOAuthClients,
  reconnect,
  signInMethods,
  startConnect,
  sweepLinks,
  sweepRevocations,
  updateOAuthClient,
  type Connection,
  type FlowStep,
} from '../../src/connections/index.ts';
import { flipConnection } from '../../src/connections/flip-connection.ts';
import { createPack, makeUserLink } from '../../src/packs/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { newBrowser, openConsentDesk, type ConsentDesk } from '../consent-desk.ts';
import { isFault } from '../fakes/faults.ts';
import { startProtectedMcp, type ProtectedMcp } from '../fakes/protected-mcp.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { openRooms, type Rooms } from '../open-rooms.ts';

// Accounts connected over real authorization servers: MCP servers, catalog connectors, client credentials.

let time = Date.parse('2027-03-01T12:00:00Z');
const clock = { now: () => new Date(time) };

let rooms: Rooms;
let desk: ConsentDesk;
let server: RotatingServer;
before(async () => {
  rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' }, { clock });
  desk = await openConsentDesk(rooms);
  server = await startRotatingServer({ registration: true });
});
after(async () => {
  await rooms.close();
  await server.close();
});

const mcps: ProtectedMcp[] = [];
after(() => Promise.all(mcps.map((mcp) => mcp.close())));
async function startMcp(issuer: RotatingServer = server): Promise<ProtectedMcp> {
  const mcp = await startProtectedMcp({
    issuers: [issuer.issuer],
    accepts: (bearer) => issuer.isGood(bearer),
    scopes: ['tools:read'],
  });
  mcps.push(mcp);
  return mcp;
}

const reload = (connection: Connection): Promise<Connection> => getConnection(rooms.as(), connection.id);
const kindOf = (step: FlowStep): string => step.kind;
const system = <Row>(statement: ReturnType<typeof sql<Row>>): Promise<Row[]> =>
  rooms.crib.database.transaction('system', async (tx) => (await statement.execute(tx.kysely)).rows);
const secretCount = async (): Promise<number> =>
  Number((await system(sql<{ n: string }>`select count(*) as n from secrets`))[0]!.n);

describe('an MCP server', () => {
  const connect = (mcp: ProtectedMcp, nickname: string, oauth = {}): Promise<Connection> =>
    connectMcp(rooms.as(), {
      nickname,
      serverUrl: mcp.url,
      auth: { type: 'mcp_oauth' },
      credential: null,
      oauth,
    });

  it('says how to sign in to it, and nothing is created', async () => {
    const mcp = await startMcp();
    const found = await discoverMcp(rooms.as(), { serverUrl: mcp.url });
    assert.deepEqual(found, {
      supportsDcr: true,
      supportsCimd: false,
      authorizeUrl: `${server.url}/authorize`,
      tokenUrl: `${server.url}/token`,
      scopes: ['tools:read'],
    });
    assert.equal(server.counts.register, 0);
  });

  it('is pending until consent, then connected and asked for its tools', async () => {
    const mcp = await startMcp();
    const connection = await connect(mcp, 'Quay');
    assert.deepEqual([connection.status, connection.toolsStatus], ['pending', 'pending']);
    await assert.rejects(
      finalizeConnection(rooms.as(), connection.id),
      isFault('conflict', 'consent_pending'),
    );
    const { token } = await desk.link(connection);
    const browser = newBrowser();
    const view = await desk.flow.open(token, browser);
    assert.deepEqual(view.scopes, [{ scope: 'tools:read', meaning: 'Read tools' }]);
    assert.equal(kindOf(await desk.connectAccount(server, token, browser)), 'done');
    const after = await reload(connection);
    assert.deepEqual([after.status, after.toolsStatus], ['connected', 'synced']);
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await finalizeConnection(rooms.as(), connection.id)).connection.status, 'connected');
    }
    const asked = server.authorizations.at(-1)!;
    assert.equal(asked.get('resource'), mcp.url);
    assert.equal(server.tokenRequests.at(-1)!.params.get('resource'), mcp.url);
  });

  it('registers one client for a connection and an issuer, and another for another redirect address', async () => {
    const mcp = await startMcp();
    const connection = await connect(mcp, 'Registered');
    const clientOf = async (publicUrl?: string): Promise<string> => {
      const { token } = await desk.link(connection);
      const browser = newBrowser();
      const flow = publicUrl ? await moved(publicUrl) : desk.flow;
      return new URL((await flow.begin(token, browser)).redirectTo).searchParams.get('client_id')!;
    };
    const moved = async (publicUrl: string) => {
      const { createConnectFlow } = await import('../../src/connections/index.ts');
      return createConnectFlow({ ...rooms.as(), publicUrl });
    };
    const first = await clientOf();
    assert.equal(await clientOf(), first);
    const elsewhere = await clientOf('http://127.0.0.1:4999');
    assert.notEqual(elsewhere, first);
    assert.equal(await clientOf(), first);
  });

  it('registers again where the server has forgotten its client', async () => {
    const mcp = await startMcp();
    const connection = await connect(mcp, 'Forgotten');
    const { token } = await desk.link(connection);
    const browser = newBrowser();
    const registered = server.counts.register;
    const answer = await desk.consent(server, token, browser);
    server.next('token', { kind: 'error', error: 'invalid_client', status: 401 });
    assert.equal((await desk.flow.takeAnswer(answer, browser)).kind, 'failed');
    assert.equal(kindOf(await desk.connectAccount(server, token, browser)), 'done');
    assert.equal(server.counts.register, registered + 2);
  });

  it('uses the client it was given, with its secret, at the issuer it was given for', async () => {
    const closed = await startRotatingServer({ clients: { ours: 'our secret' } });
    const other = await startRotatingServer({ clients: { ours: 'our secret' } });
    const issuers = [closed.issuer];
    const mcp = await startProtectedMcp({ issuers, accepts: (bearer) => closed.isGood(bearer) });
    mcps.push(mcp);
    try {
      await assert.rejects(connect(mcp, 'Unknown'), isFault('invalid'));
      const client = { clientId: 'ours', clientSecret: new Plaintext('our secret') };
      const connection = await connect(mcp, 'Given', { client });
      const { token } = await desk.link(connection);
      assert.equal(kindOf(await desk.connectAccount(closed, token)), 'done');
      assert.equal(closed.counts.register, 0);
      issuers[0] = other.issuer;
      const second = await desk.link(connection);
      const browser = newBrowser();
      await desk.flow.open(second.token, browser);
      await assert.rejects(desk.flow.begin(second.token, browser), isFault('upstream', 'oauth_unsafe'));
      assert.equal(other.counts.token, 0);
    } finally {
      await closed.close();
      await other.close();
    }
  });

  it('that announces nothing takes addresses given by hand, both or neither', async () => {
    const silent = await startRotatingServer({ clients: { ours: null } });
    const mcp = await startProtectedMcp({
      issuers: null,
      metadata: 'none',
      accepts: (bearer) => silent.isGood(bearer),
      challenge: null,
    });
    mcps.push(mcp);
    try {
      await assert.rejects(connect(mcp, 'Silent'), isFault('upstream', 'oauth_undiscovered'));
      const client = { clientId: 'ours', clientSecret: null };
      const tokenUrl = `${silent.url}/token`;
      await assert.rejects(connect(mcp, 'Half', { client, tokenUrl }), isFault('invalid'));
      const authorizeUrl = `${silent.url}/authorize`;
      const connection = await connect(mcp, 'By hand', { client, authorizeUrl, tokenUrl });
      const { token } = await desk.link(connection);
      assert.equal(kindOf(await desk.connectAccount(silent, token)), 'done');
      assert.equal((await reload(connection)).toolsStatus, 'synced');
    } finally {
      await silent.close();
    }
  });

  it('is asked for its tools with the account that was just connected where the organization has none', async () => {
    const mcp = await startMcp();
    const connection = await connect(mcp, 'Of a user');
    const user = await desk.user();
    const owner = { type: 'user' as const, id: user.id };
    const { token } = await desk.link(connection, { owner, userId: user.id });
    await desk.connectAccount(server, token);
    const after = await reload(connection);
    assert.deepEqual([after.status, after.toolsStatus], ['pending', 'synced']);
  });

  it('whose connection is deleted: tokens revoked, client and secrets gone', async () => {
    const before = await secretCount();
    const mcp = await startMcp();
    const connection = await connect(mcp, 'Short-lived');
    await desk.connectAccount(server, (await desk.link(connection)).token);
    const pending = await desk.link(connection);
    const browser = newBrowser();
    await desk.flow.open(pending.token, browser);
    await desk.consent(server, pending.token, browser);
    const [credential] = await desk.credentials(connection);
    const revoked = server.revocations.length;
    await deleteConnection(rooms.as(), connection.id, { force: false });
    assert.ok(server.revocations.length > revoked);
    const [said] = await desk.audit('credential.revoked_upstream');
    assert.deepEqual(
      [said!.outcome, said!.changes['result'], said!.changes['connection_id']],
      ['allowed', 'revoked', connection.id],
    );
    assert.equal(credential!.identity, null);
    assert.equal(await secretCount(), before);
  });
});

describe('a catalog connector', () => {
  it('says that the organization’s own app is missing, with the address to register', async () => {
    const connector = await desk.connector(server, { app: false });
    const { connection, link } = await startConnect(rooms.as(), { connector, method: 'oauth2' });
    const browser = newBrowser();
    const view = await desk.flow.open(link!.token, browser);
    assert.equal(view.step, 'app_missing');
    assert.equal(view.redirectUri, `${rooms.as().publicUrl}/connect/callback`);
    await assert.rejects(desk.flow.begin(link!.token, browser), isFault('conflict', 'oauth_app_missing'));
    const clientSecret = new Plaintext('toolcrib-secret');
    await createOAuthClient(rooms.as(), { connectorSlug: connector, clientId: 'toolcrib', clientSecret });
    assert.equal(kindOf(await desk.connectAccount(server, link!.token, browser)), 'done');
    assert.equal((await reload(connection)).status, 'connected');
  });

  it('is connected with the organization’s app where it has one, and by hand where it has none', async () => {
    const without = await desk.connector(server, { app: false });
    const having = await desk.connector(server);
    assert.equal((await startConnect(rooms.as(), { connector: without })).connection.auth.type, 'bearer');
    assert.equal((await startConnect(rooms.as(), { connector: having })).connection.auth.type, 'oauth2');
  });

  it('stores when its tokens run out, when they are due, what was granted and whose they are', async () => {
    const connection = await desk.connection(await desk.connector(server));
    const { token } = await connectionLink(rooms.as(), connection.id);
    await desk.connectAccount(server, token);
    const [credential] = await desk.credentials(connection);
    assert.ok(credential!.expiresAt && credential!.refreshDueAt);
    assert.ok(credential!.refreshDueAt < credential!.expiresAt);
    assert.deepEqual(credential!.scopes, ['read', 'berths:write']);
    assert.deepEqual(credential!.identity, { id: 'account-1', label: 'account-1@example.com' });
    assert.deepEqual([...credential!.fields].sort(), ['access_token', 'refresh_token']);
  });

  it('has a token at once with client credentials, and says why where it has none', async () => {
    const connector = await desk.connector(server, { app: false });
    const wish = { connector, method: 'oauth2_client_credentials' as const, credential: null };
    const client = (secret: string) => ({ clientId: 'toolcrib', clientSecret: new Plaintext(secret) });
    const connection = await connectCatalog(rooms.as(), { ...wish, client: client('toolcrib-secret') });
    assert.equal(connection.status, 'connected');
    const [credential] = await desk.credentials(connection);
    assert.deepEqual([credential!.owner.type, credential!.fields], ['organization', ['access_token']]);
    assert.ok(credential!.refreshDueAt);
    const refused = await connectCatalog(rooms.as(), { ...wish, client: client('another') });
    assert.equal(refused.status, 'pending');
    assert.ok(refused.statusReason);
    assert.equal((await desk.credentials(refused)).length, 0);
    await assert.rejects(reconnect(rooms.as(), refused.id, {}), isFault('upstream'));
    const again = await reconnect(rooms.as(), connection.id, {});
    assert.equal(again.connection.status, 'connected');
    assert.notEqual((await desk.credentials(connection))[0]!.id, credential!.id);
  });

  it('lists its sign-in methods in order of effort, with the address to register where an app is needed', async () => {
    const file = {
      auth: [
        { type: 'bearer' as const },
        { type: 'mcp_oauth' as const },
        {
          type: 'oauth2' as const,
          authorization_url: 'https://a',
          token_url: 'https://t',
          scopes: ['read'],
          pkce: true,
          client_auth: 'none' as const,
          rotation: true,
          margin_seconds: 60,
        },
      ],
    };
    const methods = signInMethods(file, { publicUrl: 'https://crib.example.com', hasApp: false });
    assert.deepEqual(
      methods.map(({ type, needsApp, hasApp, redirectUri }) => [type, needsApp, hasApp, redirectUri]),
      [
        ['bearer', false, null, null],
        ['mcp_oauth', false, null, null],
        ['oauth2', true, false, 'https://crib.example.com/connect/callback'],
      ],
    );
  });
});

describe('the organization’s OAuth apps', () => {
  it('are one for each connector and external id, and their secret is never shown', async () => {
    const connectorSlug = await desk.connector(server);
    const [app] = (await listOAuthClients(rooms.as(), { connectorSlug }, { limit: 5, after: null })).rows;
    assert.equal(app!.hasSecret, true);
    assert.equal(JSON.stringify(app).includes('toolcrib-secret'), false);
    const wish = { connectorSlug, clientId: 'second' };
    await assert.rejects(createOAuthClient(rooms.as(), wish), isFault('conflict', 'oauth_client_taken'));
    const second = await createOAuthClient(rooms.as(), { ...wish, externalId: 'eu' });
    assert.deepEqual(await getOAuthClient(rooms.as(), second.id), second);
    await deleteOAuthClient(rooms.as(), second.id);
    await assert.rejects(getOAuthClient(rooms.as(), second.id), isFault('not_found'));
  });

  it('are refused for a connector that has no use for one, and for keys of a part of the organization', async () => {
    const wish = { connectorSlug: 'custom_mcp', clientId: 'x' };
    await assert.rejects(createOAuthClient(rooms.as(), wish), isFault('invalid'));
    const pack = await createPack(rooms.as(), { name: 'Bound to an app', entries: [] });
    const { text } = await createKey(rooms.as(), {
      scopes: ['credentials:write'],
      packIds: [pack.id],
      knownPacks: async () => true,
    });
    const bound = rooms.as(await rooms.enter(text));
    await assert.rejects(createOAuthClient(bound, wish), isFault('forbidden'));
    await assert.rejects(listOAuthClients(bound, {}, { limit: 5, after: null }), isFault('forbidden'));
  });

  it('with a new secret serve what was connected before; under a new client id they do not', async () => {
    const own = await startRotatingServer({ clients: { ours: 'first', theirs: 'third' } });
    try {
      const connectorSlug = await desk.connector(own, { app: false });
      const app = await createOAuthClient(rooms.as(), {
        connectorSlug,
        clientId: 'ours',
        clientSecret: new Plaintext('first'),
      });
      const connection = await desk.connection(connectorSlug);
      await desk.connectAccount(own, (await desk.link(connection)).token);
      const before = await secretCount();
      await updateOAuthClient(rooms.as(), app.id, { clientSecret: new Plaintext('second') });
      assert.equal(await secretCount(), before);
      const grantOf = async () => (await desk.credentials(connection))[0]!;
      const repointed = (await grantOf()).oauth as { client: { secretId: string } };
      const [stored] = await system(
        sql<{ secret_id: string }>`select secret_id from oauth_clients where oauth_client_id = ${app.id}`,
      );
      assert.equal(repointed.client.secretId, stored!.secret_id);
      await updateOAuthClient(rooms.as(), app.id, {
        clientId: 'theirs',
        clientSecret: new Plaintext('third'),
      });
      const ended = await grantOf();
      assert.deepEqual([ended.oauth, ended.refreshDueAt, ended.status], [null, null, 'connected']);
    } finally {
      await own.close();
    }
  });
});

describe('reconnecting', () => {
  const fail = (connection: Connection): Promise<Connection> =>
    rooms.crib.database.transaction({ organizationId: connection.organizationId }, (tx) =>
      flipConnection(tx, rooms.as(), connection, { status: 'auth_failed', reason: 'Revoked.' }),
    );

  it('in place keeps id and slug, tells whom the failure has held and activates on request', async () => {
    const connection = await connectCatalog(rooms.as(), {
      connector: await desk.connector(server, { app: false }),
      method: 'bearer',
      credential: { token: new Plaintext(server.issue().accessToken) },
    });
    const tools = [{ name: 'ships', connectionId: connection.id }];
    const handles = ['harbourOne', 'harbourTwo'];
    const agents = [];
    for (const handle of handles) agents.push((await createAgent(rooms.as(), { handle, tools })).agent);
    await fail(connection);
    assert.equal((await getAgent(rooms.as(), agents[0]!.id)).agent.isActive, false);
    const credential = (token = server.issue().accessToken) => ({ token: new Plaintext(token) });
    await assert.rejects(
      reconnect(rooms.as(), connection.id, { credential: credential('wrong') }),
      isFault('invalid'),
    );
    assert.equal((await reload(connection)).status, 'auth_failed');
    const first = await reconnect(rooms.as(), connection.id, { credential: credential() });
    assert.deepEqual([first.connection.id, first.connection.slug], [connection.id, connection.slug]);
    assert.equal(first.connection.status, 'connected');
    assert.deepEqual(first.held.map(({ handle }) => handle).sort(), handles);
    assert.deepEqual(first.activated, []);
    const ids = [agents[0]!.id];
    const second = await finalizeConnection(rooms.as(), connection.id, { activateAgents: ids });
    assert.deepEqual(
      second.activated.map(({ handle }) => handle),
      ['harbourOne'],
    );
    const third = await reconnect(rooms.as(), connection.id, {
      credential: credential(),
      activateAgents: 'all',
    });
    assert.deepEqual([third.activated.map(({ handle }) => handle), third.held], [['harbourTwo'], []]);
    assert.equal((await getAgent(rooms.as(), agents[1]!.id)).agent.isActive, true);
  });

  it('with another account is refused without a yes', async () => {
    const connector = await desk.connector(server, { app: false });
    const connection = await connectCatalog(rooms.as(), { connector, method: 'bearer', credential: null });
    const tokenOf = (account: string) => ({ token: new Plaintext(server.issue({ account }).accessToken) });
    await reconnect(rooms.as(), connection.id, { credential: tokenOf('ada') });
    const before = await secretCount();
    const wish = { credential: tokenOf('mallory') };
    await assert.rejects(reconnect(rooms.as(), connection.id, wish), isFault('conflict', 'other_account'));
    assert.equal(await secretCount(), before);
    assert.equal((await desk.credentials(connection))[0]!.identity!.id, 'ada');
    await reconnect(rooms.as(), connection.id, { credential: tokenOf('mallory'), acceptOtherAccount: true });
    assert.equal((await desk.credentials(connection))[0]!.identity!.id, 'mallory');
  });

  it('with OAuth answers a link, whose end tells whom the failure has held', async () => {
    const connection = await desk.connection(await desk.connector(server));
    await desk.connectAccount(server, (await desk.link(connection)).token);
    await createAgent(rooms.as(), {
      handle: 'harbourThree',
      tools: [{ name: 'ships', connectionId: connection.id }],
    });
    await fail(await reload(connection));
    const again = await reconnect(rooms.as(), connection.id, {});
    assert.deepEqual(
      again.held.map(({ handle }) => handle),
      ['harbourThree'],
    );
    const step = await desk.connectAccount(server, again.link!.token);
    assert.ok(step.kind === 'done');
    assert.deepEqual(
      step.held.map(({ handle }) => handle),
      ['harbourThree'],
    );
    assert.equal((await reload(connection)).status, 'connected');
  });

  it('revokes the old tokens of another account, and leaves those of the same one', async () => {
    const connection = await desk.connection(await desk.connector(server));
    const connectAs = async (account: string): Promise<void> => {
      server.account = account;
      await desk.connectAccount(server, (await desk.link(connection)).token);
    };
    await connectAs('first');
    const revoked = server.revocations.length;
    await connectAs('first');
    assert.equal(server.revocations.length, revoked);
    await connectAs('second');
    assert.ok(server.revocations.length > revoked);
    server.account = 'account-1';
  });
});

describe('what is left behind', () => {
  it('a credential that is deleted is revoked at the service, and the audit says what it answered', async () => {
    const connection = await desk.connection(await desk.connector(server));
    server.account = 'alone';
    await desk.connectAccount(server, (await desk.link(connection)).token);
    server.account = 'account-1';
    const before = await secretCount();
    server.next('revoke', { kind: 'status', status: 500 });
    const [credential] = await desk.credentials(connection);
    await deleteCredential(rooms.as(), { id: credential!.id });
    const [said] = await desk.audit('credential.revoked_upstream');
    assert.deepEqual([said!.outcome, said!.changes['result']], ['failed', 'refused']);
    assert.equal(await secretCount(), before - 2);
  });

  it('tokens that nobody said yes to go when their link has run out, and are revoked by the sweep', async () => {
    time += 30 * 60_000;
    await sweepLinks(rooms.crib); // what other tests have left behind
    time += 60_000;
    await sweepRevocations(rooms.crib);
    const connection = await desk.connection(await desk.connector(server));
    const { token } = await desk.link(connection);
    const browser = newBrowser();
    await desk.flow.open(token, browser);
    server.account = 'undecided';
    const before = await secretCount();
    assert.equal(
      (await desk.flow.takeAnswer(await desk.consent(server, token, browser), browser)).kind,
      'confirm',
    );
    server.account = 'account-1';
    assert.equal(await secretCount(), before + 2);
    const revoked = server.revocations.length;
    await sweepLinks(rooms.crib);
    assert.equal(await secretCount(), before + 2);
    time += 30 * 60_000;
    await sweepLinks(rooms.crib);
    time += 60_000;
    await sweepRevocations(rooms.crib);
    assert.ok(server.revocations.length > revoked);
    assert.equal(await secretCount(), before);
  });

  it('a link is kept for a day after it ran out', async () => {
    const connection = await desk.connection(await desk.connector(server));
    const { linkId } = await desk.link(connection);
    const isThere = async () =>
      (await system(sql`select 1 from links where link_id = ${linkId}`)).length === 1;
    time += 30 * 60_000;
    await sweepLinks(rooms.crib);
    assert.equal(await isThere(), true);
    time += 25 * 3_600_000;
    await sweepLinks(rooms.crib);
    assert.equal(await isThere(), false);
  });
});

describe('a link for a registered user', () => {
  it('is for the owner that the packs’ auth scope says; packs that differ have to be named', async () => {
    const connection = await desk.connection(await desk.connector(server));
    const { slug } = connection;
    const user = await desk.user('Acme');
    const entry = (authScope: 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION') => ({
      entries: [{ slug, tools: { kind: 'all' as const }, authScope }],
    });
    const wish = { userId: user.id, connectorSlug: slug };
    assert.equal((await makeUserLink(rooms.as(), wish)).authScope, 'INDIVIDUAL');
    const shared = await createPack(rooms.as(), { name: `S ${slug}`, ...entry('SHARED') });
    assert.equal((await makeUserLink(rooms.as(), wish)).authScope, 'SHARED');
    const all = await createPack(rooms.as(), { name: `O ${slug}`, ...entry('ORGANIZATION') });
    await assert.rejects(makeUserLink(rooms.as(), wish), isFault('invalid'));
    assert.equal((await makeUserLink(rooms.as(), { ...wish, packId: all.id })).authScope, 'ORGANIZATION');
    const { token } = await makeUserLink(rooms.as(), { ...wish, packId: shared.id });
    assert.equal((await desk.flow.open(token, newBrowser())).forWhom.label, 'Acme');
    const alone = await desk.user();
    await assert.rejects(
      makeUserLink(rooms.as(), { ...wish, userId: alone.id, packId: shared.id }),
      isFault('invalid', 'invalid_company_for_shared_scope'),
    );
  });
});

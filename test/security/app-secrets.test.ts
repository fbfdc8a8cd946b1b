import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  connectCatalog,
  connectMcp,
  createOAuthClient,
  issueLink,
  releaseConnector,
  updateOAuthClient,
  type Connection,
} from '../../src/connections/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { connectorOf, newBrowser, openConsentDesk, type ConsentDesk } from '../consent-desk.ts';
import { isFault } from '../fakes/faults.ts';
import { startProtectedMcp } from '../fakes/protected-mcp.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { openRooms, type Rooms } from '../open-rooms.ts';

// Whoever may make connections and connectors, and not see the organization's OAuth apps, tries to have the secret of
// one sent to a server of theirs.

let rooms: Rooms;
let desk: ConsentDesk;
let server: RotatingServer;
let thief: RotatingServer;
before(async () => {
  rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' });
  desk = await openConsentDesk(rooms);
  server = await startRotatingServer();
  // It takes whatever client comes.
  thief = await startRotatingServer();
});
after(async () => {
  await rooms.close();
  await server.close();
  await thief.close();
});

const app = (connectorSlug: string) =>
  createOAuthClient(rooms.as(), {
    connectorSlug,
    clientId: 'toolcrib',
    clientSecret: new Plaintext('toolcrib-secret'),
  });
const unsafe = isFault('upstream', 'oauth_unsafe');
const nothingStolen = (): void => {
  assert.equal(thief.counts.token, 0);
  assert.equal(thief.counts.authorize, 0);
};
async function begin(connection: Connection): Promise<string> {
  const { token } = await issueLink(rooms.as(), rooms.operator, {
    connectionId: connection.id,
    owner: { type: 'organization', id: rooms.operator.organizationId },
    userId: null,
    packId: null,
    authScope: null,
    callbackUrl: null,
    state: null,
  });
  const browser = newBrowser();
  await desk.flow.open(token, browser);
  return (await desk.flow.begin(token, browser)).redirectTo;
}

/** Its settings name a part of the host, and so where secrets go. */
function hosted(slug: string): object {
  const { port } = new URL(server.url);
  const home = `http://{where}.localhost:${port}`;
  return connectorOf(slug, server, {
    config: [{ name: 'where', display_name: 'Where', type: 'string', required: true, description: 'Where.' }],
    auth: [
      {
        type: 'oauth2',
        authorization_url: `${home}/authorize`,
        token_url: `${home}/token`,
        scopes: ['read'],
        pkce: true,
        client_auth: 'client_secret_basic',
        rotation: true,
        margin_seconds: 60,
      },
      { type: 'oauth2_client_credentials', token_url: `${home}/token`, scopes: ['read'] },
    ],
  });
}
const connectAt = (
  connector: string,
  where: string,
  method: 'oauth2' | 'oauth2_client_credentials' = 'oauth2',
  client?: { clientId: string; clientSecret: Plaintext },
): Promise<Connection> =>
  connectCatalog(rooms.as(), { connector, method, config: { where }, credential: null, client });

describe('the secret of an OAuth app', () => {
  it('goes to the host it was first used at, whatever the settings of other connections say', async () => {
    await releaseConnector(rooms.as(), hosted('hosted'));
    await app('hosted');
    assert.match(await begin(await connectAt('hosted', 'acme')), /^http:\/\/acme\.localhost:/);
    await assert.rejects(begin(await connectAt('hosted', 'thief')), unsafe);
    const asked = server.counts.token;
    const stolen = await connectAt('hosted', 'thief', 'oauth2_client_credentials');
    assert.deepEqual([stolen.status, server.counts.token], ['pending', asked]);
    assert.match(stolen.statusReason ?? '', /given for another server/);
    await begin(await connectAt('hosted', 'acme'));
  });

  it('elsewhere is given for one connection, and goes to that one’s host', async () => {
    const clientSecret = new Plaintext('toolcrib-secret');
    await releaseConnector(rooms.as(), hosted('lodged'));
    await app('lodged');
    await begin(await connectAt('lodged', 'acme'));
    const own = await connectAt('lodged', 'branch', 'oauth2', { clientId: 'branch', clientSecret });
    const page = new URL(await begin(own));
    assert.match(page.hostname, /^branch\./);
    assert.equal(page.searchParams.get('client_id'), 'branch');
  });

  it('goes to the host its connector named when it was given, not to one that a later version names', async () => {
    const slug = 'moved';
    await releaseConnector(rooms.as(), connectorOf(slug, server));
    const { id } = await app(slug);
    await releaseConnector(rooms.as(), connectorOf(slug, thief, { version: 2, changelog: 'Elsewhere.' }));
    const connection = await connectCatalog(rooms.as(), {
      connector: slug,
      method: 'oauth2',
      credential: null,
    });
    await assert.rejects(begin(connection), unsafe);
    nothingStolen();
    // Only who may give secrets may say that it is meant for the new one.
    await updateOAuthClient(rooms.as(), id, { clientSecret: new Plaintext('for-the-new-one') });
    assert.ok((await begin(connection)).startsWith(thief.url));
  });

  it('given anew for another host is not sent to the one before, whose accounts are good until they run out', async () => {
    const slug = 'rehosted';
    await releaseConnector(rooms.as(), connectorOf(slug, server));
    const { id } = await app(slug);
    const connect = () => connectCatalog(rooms.as(), { connector: slug, method: 'oauth2', credential: null });
    const account = async (connection: Connection) => (await desk.credentials(connection))[0]!;
    const before = await connect();
    await desk.connectAccount(server, (await desk.link(before)).token);
    await updateOAuthClient(rooms.as(), id, { clientSecret: new Plaintext('toolcrib-secret') });
    assert.ok((await account(before)).oauth, 'the same host: it goes on');
    const next = await startRotatingServer();
    try {
      await releaseConnector(rooms.as(), connectorOf(slug, next, { version: 2, changelog: 'Elsewhere.' }));
      await updateOAuthClient(rooms.as(), id, { clientSecret: new Plaintext('for-the-new-one') });
      const { oauth, refreshDueAt, status } = await account(before);
      assert.deepEqual([oauth, refreshDueAt, status], [null, null, 'connected']);
      await updateOAuthClient(rooms.as(), id, { clientSecret: new Plaintext('toolcrib-secret') });
      const after = await connect();
      await desk.connectAccount(next, (await desk.link(after)).token);
      await updateOAuthClient(rooms.as(), id, { clientSecret: new Plaintext('another-one') });
      assert.ok((await account(after)).oauth);
    } finally {
      await next.close();
    }
  });
});

describe('a code that was had with an OAuth app', () => {
  it('is not taken for the answer of a server that has sent the person on to its service', async () => {
    const honest = await startRotatingServer({ sendsIssuer: false });
    const liar = await startRotatingServer({ sendsIssuer: false, registration: true });
    const mcp = await startProtectedMcp({ issuers: [liar.issuer] });
    try {
      const connector = await desk.connector(honest);
      const own = new URL(await begin(await desk.connection(connector)));
      const lure = await connectMcp(rooms.as(), {
        nickname: 'Lure',
        serverUrl: mcp.url,
        auth: { type: 'mcp_oauth' },
        credential: null,
      });
      const { token } = await desk.link(lure);
      const browser = newBrowser();
      await desk.flow.open(token, browser);
      const asked = new URL((await desk.flow.begin(token, browser)).redirectTo);
      assert.equal(asked.origin, liar.url);
      // The liar's page: on to the honest service, as the organization's app, with the state of its own flow.
      own.searchParams.set('state', asked.searchParams.get('state')!);
      const back = await honest.authorize(own);
      assert.ok(back.searchParams.has('code'));
      await assert.rejects(desk.flow.takeAnswer(back, browser), isFault('not_found'));
      assert.equal(liar.counts.token, 0);
      assert.equal(honest.counts.token, 0);
      // Nor where the service would send people to the address of servers: no app is registered with that.
      assert.notEqual(asked.searchParams.get('redirect_uri'), own.searchParams.get('redirect_uri'));
    } finally {
      await Promise.all([honest.close(), liar.close(), mcp.close()]);
    }
  });
});

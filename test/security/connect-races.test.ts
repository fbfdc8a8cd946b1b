import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { reconnect, sweepRevocations, type Connection } from '../../src/connections/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { newBrowser, openConsentDesk, type ConsentDesk } from '../consent-desk.ts';
import { isFault } from '../fakes/faults.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { openRooms, type Rooms } from '../open-rooms.ts';

// What happens to a connect flow while the service is still thinking: other tabs, other tries, time running out.

let time = Date.parse('2027-03-01T12:00:00Z');
const clock = { now: () => new Date(time) };
const minutes = (count: number): void => void (time += count * 60_000);

let rooms: Rooms;
let desk: ConsentDesk;
let server: RotatingServer;
before(async () => {
  rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' }, { clock });
  desk = await openConsentDesk(rooms);
  server = await startRotatingServer();
});
after(async () => {
  await rooms.close();
  await server.close();
});

const dead = isFault('not_found');
type Opened = { connection: Connection; token: string; browser: string };

async function opened(method: 'bearer' | 'oauth2' = 'oauth2', earlier?: Connection): Promise<Opened> {
  const connection = earlier ?? (await desk.connection(await desk.connector(server), method));
  const { token } = await desk.link(connection);
  const browser = newBrowser();
  await desk.flow.open(token, browser);
  return { connection, token, browser };
}
const consent = ({ token, browser }: Opened) => desk.consent(server, token, browser);
const view = async ({ token, browser }: Opened): Promise<string> =>
  (await desk.flow.open(token, browser)).step;
const isStored = async ({ connection }: Opened): Promise<boolean> =>
  (await desk.credentials(connection)).length > 0;
const secretCount = (): Promise<number> =>
  rooms.crib.database.transaction('system', async (tx) => {
    const { rows } = await sql<{ n: string }>`select count(*) as n from secrets`.execute(tx.kysely);
    return Number(rows[0]!.n);
  });

/** The next request of this kind is held until `let` is called; `here` resolves when it has come. */
function holdNext(kind: 'api' | 'token'): { here: Promise<void>; let: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const here = server.arrived(kind, server.counts[kind] + 1);
  server.next(kind, { kind: 'hold', until: promise });
  return { here, let: resolve };
}

describe('while the service is asked whose account it is', () => {
  it('there is nothing to say yes to: no other tab stores the account without its name', async () => {
    for (const method of ['oauth2', 'bearer'] as const) {
      const at = await opened(method);
      const whoami = holdNext('api');
      const taking =
        method === 'oauth2'
          ? consent(at).then((answer) => desk.flow.takeAnswer(answer, at.browser))
          : desk.flow.submitFields(at.token, at.browser, {
              token: new Plaintext(server.issue().accessToken),
            });
      await whoami.here;
      assert.equal(await view(at), method === 'oauth2' ? 'consent' : 'fields');
      const early = await desk.flow.confirm(at.token, at.browser, true);
      assert.equal(early.kind, 'failed');
      assert.equal(await isStored(at), false);
      whoami.let();
      const step = await taking;
      assert.ok(step.kind === 'confirm');
      assert.equal(step.account?.id, 'account-1');
      assert.equal((await desk.flow.confirm(at.token, at.browser, true)).kind, 'done');
    }
  });

  it('another try takes the place of this one, whose tokens are revoked, and the old account is not said to be the new one', async () => {
    const { connection } = await opened();
    server.account = 'before';
    await desk.connectAccount(server, (await desk.link(connection)).token);
    server.account = 'first';
    const at = await opened('oauth2', connection);
    const answer = await consent(at);
    const whoami = holdNext('api');
    const first = desk.flow.takeAnswer(answer, at.browser);
    await whoami.here;
    server.account = 'second';
    const later = await consent(at);
    whoami.let();
    const overtaken = await first;
    assert.equal(overtaken.kind, 'failed');
    const step = await desk.flow.takeAnswer(later, at.browser);
    assert.ok(step.kind === 'confirm');
    assert.deepEqual([step.account?.id, step.previous?.id], ['second', 'before']);
    server.account = 'account-1';
  });
});

describe('while a code is exchanged', () => {
  // Of a service of its own: elsewhere another account of the same app could lose its tokens by a revocation.
  const whileHeld = async (meanwhile: (at: Opened) => unknown): Promise<void> => {
    const usual = server;
    server = await startRotatingServer();
    try {
      const at = await opened();
      const answer = await consent(at);
      const exchange = holdNext('token');
      const taking = assert.rejects(desk.flow.takeAnswer(answer, at.browser), dead);
      await exchange.here;
      await meanwhile(at);
      const before = await secretCount();
      exchange.let();
      await taking;
      assert.equal(server.revocations.length, 2, 'the refresh token and the access token');
      assert.equal(await secretCount(), before);
      assert.equal(await isStored(at), false);
    } finally {
      await server.close();
      server = usual;
    }
  };

  it('a link that runs out gets nothing, and what came for it is revoked and shredded', () =>
    whileHeld(() => minutes(30)));

  it('a try that another one takes the place of gets nothing, and what came for it is revoked and shredded', () =>
    whileHeld((at) => desk.flow.begin(at.token, at.browser)));

  it('a failure ends this try alone: the one begun meanwhile is still taken', async () => {
    const at = await opened();
    const answer = await consent(at);
    const { promise, resolve } = Promise.withResolvers<void>();
    const here = server.arrived('token', server.counts.token + 1);
    const change = () => ({ token_type: 'Bearer' }); // and no token
    // oxlint-disable-next-line no-thenable -- what the fake does next
    server.next('token', { kind: 'hold', until: promise, then: { kind: 'change', change } });
    const first = desk.flow.takeAnswer(answer, at.browser);
    await here;
    const later = await consent(at);
    resolve();
    assert.equal((await first).kind, 'failed');
    assert.equal((await desk.flow.takeAnswer(later, at.browser)).kind, 'confirm');
  });
});

describe('a yes and a no at the same moment', () => {
  it('end the same way for both: the account is stored and good, or it is not stored', async () => {
    for (let round = 0; round < 8; round += 1) {
      server.account = `both-${round}`;
      const at = await opened();
      await desk.flow.takeAnswer(await consent(at), at.browser);
      const said = (yes: boolean) =>
        desk.flow.confirm(at.token, at.browser, yes).then(
          ({ kind }) => kind,
          (error: Error) => (dead(error) ? 'dead' : Promise.reject(error)),
        );
      const kinds = await Promise.all(round % 2 ? [said(false), said(true)] : [said(true), said(false)]);
      const stored = await isStored(at);
      // Whoever comes when all is over finds no link.
      assert.ok(kinds.includes(stored ? 'done' : 'failed'), kinds.join());
      assert.ok(!kinds.includes(stored ? 'failed' : 'done'), kinds.join());
      const revoked = server.revocations.length;
      if (!stored) continue;
      const [credential] = await desk.credentials(at.connection);
      assert.deepEqual([...credential!.fields].sort(), ['access_token', 'refresh_token']);
      assert.equal(server.revocations.length, revoked);
    }
    server.account = 'account-1';
  });
});

describe('a reconnect with a key', () => {
  it('that is cut off leaves no sealed value behind: the sweep shreds it, and stores it never', async () => {
    const at = await opened('bearer');
    const before = await secretCount();
    const whoami = holdNext('api');
    const credential = { token: new Plaintext(server.issue().accessToken) };
    const reconnecting = reconnect(rooms.as(), at.connection.id, { credential });
    reconnecting.catch(() => undefined);
    await whoami.here;
    assert.equal(await secretCount(), before + 1);
    minutes(4);
    await sweepRevocations(rooms.crib);
    assert.equal(await secretCount(), before + 1, 'not while it may still be stored');
    minutes(1);
    await sweepRevocations(rooms.crib);
    assert.equal(await secretCount(), before);
    whoami.let();
    await assert.rejects(reconnecting, isFault('upstream', 'timeout'));
    assert.equal(await isStored(at), false);
  });

  it('that is stored is not shredded afterwards', async () => {
    const at = await opened('bearer');
    const credential = { token: new Plaintext(server.issue().accessToken) };
    await reconnect(rooms.as(), at.connection.id, { credential });
    const stored = await secretCount();
    minutes(10);
    await sweepRevocations(rooms.crib);
    assert.equal(await secretCount(), stored);
  });
});

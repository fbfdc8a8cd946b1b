import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { updateOrganization, updateUser } from '../../src/access/index.ts';
import { putCredential, type Connection, type FlowStep } from '../../src/connections/index.ts';
import { changeEntries, createPack, makeUserLink, updatePack } from '../../src/packs/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { callback, newBrowser, openConsentDesk, type ConsentDesk } from '../consent-desk.ts';
import { isFault } from '../fakes/faults.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { openRooms, type Rooms } from '../open-rooms.ts';

// Whoever follows a link, takes an answer or says yes: what a thief, a second browser or a lying server tries.

let time = Date.parse('2027-03-01T12:00:00Z');
const clock = { now: () => new Date(time) };
const minutes = (count: number): void => void (time += count * 60_000);

let rooms: Rooms;
let desk: ConsentDesk;
let server: RotatingServer;
let connector: string;
before(async () => {
  rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' }, { clock });
  desk = await openConsentDesk(rooms);
  server = await startRotatingServer();
  connector = await desk.connector(server);
});
after(async () => {
  await rooms.close();
  await server.close();
});

const dead = isFault('not_found');
const kindOf = (step: FlowStep): string => step.kind;

async function fresh(): Promise<{ connection: Connection; token: string; browser: string }> {
  const connection = await desk.connection(connector);
  const { token } = await desk.link(connection);
  const browser = newBrowser();
  await desk.flow.open(token, browser);
  return { connection, token, browser };
}

const isStored = async (connection: Connection): Promise<boolean> =>
  (await desk.credentials(connection)).length > 0;

describe('a link', () => {
  it('belongs to the first browser that opens it: to every other one it is not there', async () => {
    const { token, browser } = await fresh();
    const other = newBrowser();
    await assert.rejects(desk.flow.open(token, other), dead);
    await assert.rejects(desk.flow.begin(token, other), dead);
    await assert.rejects(desk.flow.submitFields(token, other, { token: new Plaintext('x') }), dead);
    await assert.rejects(desk.flow.confirm(token, other, true), dead);
    assert.equal((await desk.flow.open(token, browser)).step, 'consent');
  });

  it('is one sentence for unknown, foreign, used and run out', async () => {
    const { token, browser } = await fresh();
    const sentences = new Set<string>();
    const told = async (work: Promise<unknown>): Promise<void> => {
      await assert.rejects(work, (error: Error) => dead(error) && !!sentences.add(error.message));
    };
    await told(desk.flow.open('nothing-of-the-kind', browser));
    await told(desk.flow.open(token, newBrowser()));
    minutes(30);
    await told(desk.flow.open(token, browser));
    const second = await fresh();
    await desk.connectAccount(server, second.token, second.browser);
    await told(desk.flow.open(second.token, second.browser));
    assert.equal(sentences.size, 1);
  });

  it('is used up when the account is stored, and by nothing before', async () => {
    const { connection, token, browser } = await fresh();
    server.denies = true;
    const denied = await desk.flow.takeAnswer(await desk.consent(server, token, browser), browser);
    server.denies = false;
    assert.equal(denied.kind, 'failed');
    assert.equal(await isStored(connection), false);
    assert.equal(kindOf(await desk.connectAccount(server, token, browser)), 'done');
    assert.equal(await isStored(connection), true);
    await assert.rejects(desk.flow.begin(token, browser), dead);
  });

  it('keeps only hashes: neither its token nor the browser is in the database', async () => {
    const { token, browser } = await fresh();
    const { redirectTo } = await desk.flow.begin(token, browser);
    const state = new URL(redirectTo).searchParams.get('state')!;
    const rows = await rooms.crib.database.transaction('system', async (tx) => {
      const { sql } = await import('kysely');
      const read = sql<{ text: string }>`select links::text as text from links
        union all select authorizations::text from authorizations`;
      return (await read.execute(tx.kysely)).rows;
    });
    const written = rows.map(({ text }) => text).join('\n');
    for (const secret of [token, browser, state]) assert.equal(written.includes(secret), false);
  });

  it('is refused once the auth scope it was made under has changed', async () => {
    const connection = await desk.connection(connector);
    const { slug } = connection;
    const user = await desk.user();
    const entry = { slug, tools: { kind: 'all' as const }, authScope: 'INDIVIDUAL' as const };
    const pack = await createPack(rooms.as(), { name: `Scoped ${slug}`, entries: [entry] });
    const wish = { userId: user.id, connectorSlug: slug, packId: pack.id };
    const { token } = await makeUserLink(rooms.as(), wish);
    const browser = newBrowser();
    await desk.flow.open(token, browser);
    const answer = await desk.consent(server, token, browser);
    await updatePack(rooms.as(), pack.id, { entries: [{ ...entry, authScope: 'ORGANIZATION' }] });
    await assert.rejects(desk.flow.open(token, browser), dead);
    await assert.rejects(desk.flow.takeAnswer(answer, browser), dead);
    assert.equal(await isStored(connection), false);
    await changeEntries(rooms.as(), pack.id, [entry], 'merge');
    assert.equal((await desk.flow.open(token, browser)).forWhom.label, user.originUserName);
    await changeEntries(rooms.as(), pack.id, [{ slug, tools: { kind: 'remove' } }], 'merge');
    await assert.rejects(desk.flow.open(token, browser), dead);
  });

  it('to a company is refused once its user is in another one', async () => {
    const connection = await desk.connection(connector);
    const user = await desk.user('Acme');
    const entry = { slug: connection.slug, tools: { kind: 'all' as const }, authScope: 'SHARED' as const };
    const pack = await createPack(rooms.as(), { name: `Shared ${connection.slug}`, entries: [entry] });
    const wish = { userId: user.id, connectorSlug: connection.slug, packId: pack.id };
    const { token } = await makeUserLink(rooms.as(), wish);
    const browser = newBrowser();
    const view = await desk.flow.open(token, browser);
    assert.deepEqual(view.forWhom, { type: 'company', label: 'Acme' });
    await updateUser(rooms.as(), user.id, { group: { originCompanyId: 'Umbrella' } });
    await assert.rejects(desk.flow.begin(token, browser), dead);
  });

  it('goes back to a registered address only, letter for letter, with its state', async () => {
    const connection = await desk.connection(connector);
    for (const callbackUrl of [`${callback}&more=1`, callback.replace('https', 'http'), `${callback}#top`]) {
      await assert.rejects(desk.link(connection, { callbackUrl }), isFault('invalid'));
    }
    await assert.rejects(desk.link(connection, { state: 'mine' }), isFault('invalid'));
    const { token } = await desk.link(connection, { callbackUrl: callback, state: 'mine & yours' });
    const step = await desk.connectAccount(server, token);
    assert.ok(step.kind === 'done' && step.redirectTo);
    const back = new URL(step.redirectTo);
    assert.equal(back.origin + back.pathname, 'https://app.example.com/connected');
    assert.deepEqual(Object.fromEntries(back.searchParams), {
      from: 'toolcrib',
      status: 'success',
      connector: connection.slug,
      state: 'mine & yours',
    });
  });

  it('sends nobody to an address that was taken off the list meanwhile', async () => {
    const connection = await desk.connection(connector);
    const { token } = await desk.link(connection, { callbackUrl: callback });
    const { organizationId } = rooms.operator;
    await updateOrganization(rooms.as(), organizationId, { callbackUrls: [] });
    try {
      const step = await desk.connectAccount(server, token);
      assert.ok(step.kind === 'done');
      assert.equal(step.redirectTo, null);
    } finally {
      await updateOrganization(rooms.as(), organizationId, { callbackUrls: [callback] });
    }
  });
});

describe('a state', () => {
  it('is taken once: the second answer with it is nobody’s', async () => {
    const { token, browser } = await fresh();
    const answer = await desk.consent(server, token, browser);
    const before = server.counts.token;
    const both = await Promise.allSettled([
      desk.flow.takeAnswer(answer, browser),
      desk.flow.takeAnswer(answer, browser),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(server.counts.token, before + 1);
    await assert.rejects(desk.flow.takeAnswer(answer, browser), dead);
  });

  it('is burned by an answer in another browser, and the code is never traded', async () => {
    const { connection, token, browser } = await fresh();
    const answer = await desk.consent(server, token, browser);
    const before = server.counts.token;
    await assert.rejects(desk.flow.takeAnswer(answer, newBrowser()), dead);
    await assert.rejects(desk.flow.takeAnswer(answer, browser), dead);
    assert.equal(server.counts.token, before);
    assert.equal(await isStored(connection), false);
  });

  it('runs out after ten minutes', async () => {
    const { token, browser } = await fresh();
    const answer = await desk.consent(server, token, browser);
    const before = server.counts.token;
    minutes(10);
    await assert.rejects(desk.flow.takeAnswer(answer, browser), dead);
    assert.equal(server.counts.token, before);
    assert.equal(kindOf(await desk.connectAccount(server, token, browser)), 'done');
  });

  it('that nobody made, or none at all, is refused', async () => {
    const browser = newBrowser();
    for (const query of ['', 'code=x', 'code=x&state=', 'code=x&state=made-up']) {
      await assert.rejects(
        desk.flow.takeAnswer(new URL(`${rooms.as().publicUrl}/connect/callback?${query}`), browser),
        dead,
      );
    }
  });

  it('of an earlier try is dropped when the person begins again', async () => {
    const { token, browser } = await fresh();
    const earlier = await desk.consent(server, token, browser);
    const later = await desk.consent(server, token, browser);
    await assert.rejects(desk.flow.takeAnswer(earlier, browser), dead);
    assert.equal((await desk.flow.takeAnswer(later, browser)).kind, 'confirm');
  });
});

describe('an authorization', () => {
  it('carries an S256 challenge, and its verifier leaves with the code alone', async () => {
    const { token, browser } = await fresh();
    const { redirectTo } = await desk.flow.begin(token, browser);
    const asked = new URL(redirectTo).searchParams;
    assert.equal(asked.get('code_challenge_method'), 'S256');
    await desk.flow.takeAnswer(await server.authorize(redirectTo), browser);
    const verifier = server.tokenRequests.at(-1)!.params.get('code_verifier')!;
    assert.equal(createHash('sha256').update(verifier).digest('base64url'), asked.get('code_challenge'));
  });

  it('goes back to our own address and to none the page was told', async () => {
    const { token, browser } = await fresh();
    const { redirectTo } = await desk.flow.begin(token, browser);
    assert.equal(
      new URL(redirectTo).searchParams.get('redirect_uri'),
      `${rooms.as().publicUrl}/connect/callback`,
    );
  });

  it('answered by another issuer is refused before its code is traded', async () => {
    const liar = await startRotatingServer({ sendsIssuer: 'https://attacker.example' });
    try {
      const slug = await desk.connector(liar, {
        more: {
          auth: [
            {
              type: 'oauth2',
              authorization_url: `${liar.url}/authorize`,
              token_url: `${liar.url}/token`,
              issuer: liar.url,
              scopes: ['read'],
              pkce: true,
              client_auth: 'client_secret_basic',
              rotation: true,
              margin_seconds: 60,
            },
          ],
        },
      });
      const connection = await desk.connection(slug);
      const { token } = await desk.link(connection);
      const browser = newBrowser();
      await desk.flow.open(token, browser);
      const step = await desk.flow.takeAnswer(await desk.consent(liar, token, browser), browser);
      assert.equal(step.kind, 'failed');
      assert.equal(liar.counts.token, 0);
      assert.equal(await isStored(connection), false);
    } finally {
      await liar.close();
    }
  });

  it('gives tokens that go to the connection’s own origin and nowhere else', async () => {
    const { connection, token, browser } = await fresh();
    await desk.connectAccount(server, token, browser);
    const [credential] = await desk.credentials(connection);
    assert.equal(credential!.origin, new URL(connection.address).origin);
  });
});

describe('an account', () => {
  it('is shown before it is stored, and a no stores nothing and revokes nothing of anybody else', async () => {
    const { connection, token, browser } = await fresh();
    const step = await desk.flow.takeAnswer(await desk.consent(server, token, browser), browser);
    const account = { id: 'account-1', label: 'account-1@example.com' };
    assert.deepEqual({ ...step, token: '' }, { kind: 'confirm', account, previous: null, token: '' });
    assert.equal(await isStored(connection), false);
    const view = await desk.flow.open(token, browser);
    assert.deepEqual([view.step, view.pending], ['confirm', account]);
    const no = await desk.flow.confirm(token, browser, false);
    assert.equal(no.kind, 'failed');
    assert.equal(await isStored(connection), false);
    assert.equal((await desk.flow.open(token, browser)).step, 'consent');
  });

  it('that is the same again needs no second yes; another one needs it', async () => {
    const connection = await desk.connection(connector);
    await desk.connectAccount(server, (await desk.link(connection)).token);
    const again = async (): Promise<{ step: FlowStep; token: string; browser: string }> => {
      const { token } = await desk.link(connection);
      const browser = newBrowser();
      await desk.flow.open(token, browser);
      const step = await desk.flow.takeAnswer(await desk.consent(server, token, browser), browser);
      return { step, token, browser };
    };
    assert.equal((await again()).step.kind, 'done');
    server.account = 'mallory';
    try {
      const { step, token, browser } = await again();
      assert.ok(step.kind === 'confirm');
      assert.deepEqual([step.account?.id, step.previous?.id], ['mallory', 'account-1']);
      const [before] = await desk.credentials(connection);
      assert.equal(before!.identity?.id, 'account-1');
      assert.equal(kindOf(await desk.flow.confirm(token, browser, true)), 'done');
      assert.equal((await desk.credentials(connection))[0]!.identity?.id, 'mallory');
    } finally {
      server.account = 'account-1';
    }
  });

  it('is asked about again when another one was connected between the question and the yes', async () => {
    const connection = await desk.connection(connector);
    const { token } = await desk.link(connection);
    const browser = newBrowser();
    await desk.flow.open(token, browser);
    await desk.flow.takeAnswer(await desk.consent(server, token, browser), browser);
    server.account = 'account-2';
    try {
      await desk.connectAccount(server, (await desk.link(connection)).token);
    } finally {
      server.account = 'account-1';
    }
    const asked = await desk.flow.confirm(token, browser, true);
    assert.ok(asked.kind === 'confirm');
    assert.equal(asked.previous?.id, 'account-2');
    assert.equal(kindOf(await desk.flow.confirm(token, browser, true)), 'done');
  });

  it('that the service does not take is refused, and nothing is stored', async () => {
    const connection = await desk.connection(connector, 'bearer');
    const { token } = await desk.link(connection);
    const browser = newBrowser();
    await desk.flow.open(token, browser);
    const step = await desk.flow.submitFields(token, browser, { token: new Plaintext('mistyped') });
    assert.ok(step.kind === 'failed');
    assert.match(step.reason, /401/);
    assert.equal(await isStored(connection), false);
    const good = new Plaintext(server.issue().accessToken);
    assert.equal(kindOf(await desk.flow.submitFields(token, browser, { token: good })), 'confirm');
    assert.equal(kindOf(await desk.flow.confirm(token, browser, true)), 'done');
  });

  it('is stored once by two submits at the same moment', async () => {
    const { connection, token, browser } = await fresh();
    await desk.flow.takeAnswer(await desk.consent(server, token, browser), browser);
    const before = (await desk.audit('account.connected')).length;
    const steps = await Promise.all(
      [desk.flow.confirm(token, browser, true), desk.flow.confirm(token, browser, true)].map((step) =>
        step.catch((error: unknown) => error),
      ),
    );
    const done = steps.filter((step) => !(step instanceof Error) && kindOf(step as FlowStep) === 'done');
    assert.ok(done.length >= 1);
    assert.ok(steps.every((step) => !(step instanceof Error) || dead(step)));
    assert.equal((await desk.credentials(connection)).length, 1);
    assert.equal((await desk.audit('account.connected')).length, before + 1);
  });

  it('keeps what it was of a failed try: the old credential works on', async () => {
    const connection = await desk.connection(connector, 'bearer');
    const good = server.issue().accessToken;
    await putCredential(rooms.as(), {
      connection: { id: connection.id },
      owner: { type: 'organization', id: null },
      fields: { token: new Plaintext(good) },
    });
    const [before] = await desk.credentials(connection);
    const { token } = await desk.link(connection);
    const browser = newBrowser();
    await desk.flow.open(token, browser);
    await desk.flow.submitFields(token, browser, { token: new Plaintext('mistyped') });
    assert.deepEqual(await desk.credentials(connection), [before]);
  });
});

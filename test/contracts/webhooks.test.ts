import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { OAuthClient, OAuthServer } from '../../src/drivers/index.ts';
import { newId } from '../../src/kernel/index.ts';
import { Plaintext, putCredential } from '../../src/vault/index.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { appendEvent } from '../../src/journal/index.ts';
import { findConnection, updateConnectionRow } from '../../src/connections/index.ts';
import { systemChange } from '../../src/access/index.ts';
import { forgetNotices } from '../../src/notices/index.ts';
import { isSignedWith, startReceiver, type Receiver } from '../fakes/receiver.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';

const minute = 60_000;
const hour = 60 * minute;
const absent = '00000000-0000-8000-8000-000000000000';

let world: World;
let store: Shop;
let receiver: Receiver;
/** What the product's clock says: it stands still unless a test moves it. */
let at = Date.now();
let admin: { id: string; key: string };

before(async () => {
  store = await shop();
  world = await startWorld({ clock: { now: () => new Date(at) } });
});
after(async () => {
  await world.close();
  await store.close();
});
// Each test has an organization and an endpoint of its own.
beforeEach(async () => {
  at = Date.now();
  admin = await world.organization();
  receiver = await startReceiver();
});
afterEach(async () => {
  // What would be tried again would find another test's clock.
  for (const { id } of (await ask('GET', '/v1/webhooks?limit=100')).json.data) {
    await ask('DELETE', `/v1/webhooks/${id}`);
  }
  await receiver.close();
});

const ask = (method: string, path: string, body?: unknown, key = admin.key): Promise<Answer> =>
  world.fetchJson(method, path, body, key);
const make = async (more: object = {}): Promise<Json> => {
  const answer = await ask('POST', '/v1/webhooks', { url: receiver.url, events: ['call.denied'], ...more });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.data;
};
const readWebhook = async (id: string): Promise<Json> =>
  (await ask('GET', '/v1/webhooks?limit=100')).json.data.find((one: Json) => one.id === id);
const deliveries = async (id: string): Promise<Json[]> =>
  (await ask('GET', `/v1/webhooks/${id}/deliveries?limit=100`)).json.data;
/** A call that is refused: its tool is unknown. */
const deny = async (tool = 'no_such_tool'): Promise<void> => {
  const pack = await ask('POST', '/v1/packs', { name: `Pack ${tool}`, entries: [] });
  assert.equal(pack.status, 201, pack.text);
  const call = await ask('POST', '/v1/calls', { pack: pack.json.data.id, tool });
  assert.equal(call.status, 404, call.text);
};
const happen = (reason: string): Promise<void> =>
  world.crib.database.transaction({ organizationId: admin.id }, (tx) =>
    appendEvent(tx, world.crib.clock, admin.id, { type: 'call.denied', data: { reason } }),
  );
/** Lets time pass, and everything that is then due happen. */
const pass = async (milliseconds: number): Promise<void> => {
  at += milliseconds;
  await world.crib.deliverer.settle();
};

describe('webhooks', () => {
  test('are made with an address and events; the signing secret is shown once and never again', async () => {
    const made = await make({ description: 'Ours' });
    assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    const { secret, ...rest } = made;
    assert.deepEqual(rest, await readWebhook(made.id));
    assert.equal(rest.url, receiver.url + '/');
    assert.deepEqual(rest.events, ['call.denied']);
    assert.equal(rest.description, 'Ours');
    assert.equal(rest.is_active, true);
    await deny();
    await receiver.arrived(1);
    await world.crib.deliverer.settle();
    const seen = [
      await ask('PATCH', `/v1/webhooks/${made.id}`, { description: 'Mine' }),
      await ask('GET', '/v1/webhooks'),
      await ask('GET', `/v1/webhooks/${made.id}/deliveries`),
      await ask('POST', `/v1/webhooks/${made.id}/test`),
      await ask('GET', '/v1/audit?limit=100'),
    ];
    for (const { status, text } of seen) {
      assert.equal(status, 200, text);
      assert.ok(!text.includes(secret.slice(6)), text);
    }
    assert.ok(world.logged.every((line) => !line.includes(secret.slice(6))));
    assert.ok(!JSON.stringify(receiver.messages).includes(secret.slice(6)));
  });

  test('are refused at url for an address that may not be reached', async () => {
    for (const url of [
      'http://10.0.0.1/hook',
      'http://169.254.169.254/latest/meta-data',
      'http://[::1]:80/',
      'http://[::ffff:10.0.0.1]/',
      'http://0.0.0.0/',
      'http://2130706434/',
      'http://user:pass@127.0.0.1/',
      'http://127.0.0.1/?a=1&a=2',
      'ftp://127.0.0.1/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      '/relative',
      'no address',
    ]) {
      const { status, json, text } = await ask('POST', '/v1/webhooks', { url, events: ['call.denied'] });
      assert.equal(status, 422, `${url}: ${text}`);
      assert.equal(json.error.param, '/url', text);
      assert.ok(!text.includes('pass@'), text);
    }
    assert.deepEqual((await ask('GET', '/v1/webhooks')).json.data, []);
  });

  test('take the events that are told of now; others and unknown fields are refused', async () => {
    const refused: [object, string][] = [
      [{ events: ['call.denied', 'connection.upgraded'] }, '/events/1'],
      [{ events: ['webhook.test'] }, '/events/0'],
      [{ events: [] }, '/events'],
      [{ events: 'call.denied' }, '/events'],
      [{ secret: 'whsec_mine' }, '/secret'],
      [{ is_active: false }, '/is_active'],
      [{ description: 'x'.repeat(501) }, '/description'],
    ];
    for (const [body, param] of refused) {
      const answer = await ask('POST', '/v1/webhooks', {
        url: receiver.url,
        events: ['call.denied'],
        ...body,
      });
      assert.equal(answer.status, 422, answer.text);
      assert.equal(answer.json.error.param, param, answer.text);
    }
    const { id } = await make();
    for (const body of [{ url: receiver.url }, { events: ['x'] }, { events: null }, { is_active: 'no' }]) {
      assert.equal((await ask('PATCH', `/v1/webhooks/${id}`, body)).status, 422);
    }
  });

  test('take management:all of a key that is bound to nothing', async () => {
    const pack = await ask('POST', '/v1/packs', { name: 'Bounds', entries: [] });
    const { id } = await make();
    for (const wish of [
      { scopes: ['connectors:read', 'audit:read', 'tools:write'] },
      { scopes: ['management:all'], pack_ids: [pack.json.data.id] },
      { scopes: ['runtime:all'] },
    ]) {
      const made = await ask('POST', '/v1/keys', wish);
      const key = made.json.data.key;
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['POST', '', { url: receiver.url, events: ['call.denied'] }],
        ['PATCH', `/${id}`, { is_active: false }],
        ['DELETE', `/${id}`, undefined],
        ['POST', `/${id}/rotate-secret`, undefined],
        ['POST', `/${id}/test`, undefined],
        ['GET', `/${id}/deliveries`, undefined],
      ] as const) {
        assert.equal((await ask(method, `/v1/webhooks${path}`, body, key)).status, 403, `${method} ${path}`);
      }
    }
    const whole = await ask('POST', '/v1/keys', { scopes: ['management:all'] });
    assert.equal((await ask('GET', '/v1/webhooks', undefined, whole.json.data.key)).status, 200);
  });

  test('of another organization are as absent as one that never was', async () => {
    const { id } = await make();
    const other = await world.organization();
    const plain = ({ status, text }: Answer) => `${status} ${text.replace(/"request_id":"[^"]+"/, '')}`;
    for (const [method, path, body] of [
      ['PATCH', '', { is_active: false }],
      ['DELETE', '', undefined],
      ['POST', '/rotate-secret', undefined],
      ['POST', '/test', undefined],
      ['GET', '/deliveries', undefined],
    ] as const) {
      const foreign = await ask(method, `/v1/webhooks/${id}${path}`, body, other.key);
      const never = await ask(method, `/v1/webhooks/${absent}${path}`, body, other.key);
      assert.equal(foreign.status, 404);
      assert.equal(plain(foreign), plain(never));
    }
    assert.equal((await readWebhook(id)).is_active, true);
    assert.deepEqual(receiver.messages, []);
  });

  test('are twenty at most', async () => {
    for (let made = 0; made < 20; made += 1) await make();
    const { status, json } = await ask('POST', '/v1/webhooks', {
      url: receiver.url,
      events: ['call.denied'],
    });
    assert.equal(status, 409);
    assert.equal(json.error.code, 'webhook_limit');
  });

  test('keep the query values of their address sealed, show them as ***, and send them', async () => {
    const made = await make({ url: `${receiver.url}/hook?token=very-secret-7&b=x%20y` });
    assert.equal(made.url, `${receiver.url}/hook?token=***&b=***`);
    await deny();
    const { seen } = await receiver.arrived(1);
    assert.equal(seen.url, '/hook?token=very-secret-7&b=x%20y');
    for (const path of ['/v1/webhooks', '/v1/audit?limit=100', `/v1/webhooks/${made.id}/deliveries`]) {
      assert.ok(!(await ask('GET', path)).text.includes('very-secret-7'));
    }
  });
});

describe('a message', () => {
  test('is {type, timestamp, data} with the headers and signature of Standard Webhooks', async () => {
    const { secret } = await make();
    await deny('some_tool');
    const message = await receiver.arrived(1);
    assert.deepEqual(Object.keys(message.json), ['type', 'timestamp', 'data']);
    assert.equal(message.json.type, 'call.denied');
    assert.match(message.json.timestamp, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/);
    const { headers, method } = message.seen;
    assert.equal(method, 'POST');
    assert.equal(headers['content-type'], 'application/json');
    assert.match(String(headers['webhook-id']), /^evt_[0-9a-f]{24}$/);
    assert.match(String(headers['webhook-timestamp']), /^\d{10}$/);
    assert.match(String(headers['webhook-signature']), /^v1,[A-Za-z0-9+/]{43}=$/);
    assert.ok(isSignedWith(secret, message));
    assert.ok(!isSignedWith(`whsec_${Buffer.alloc(32).toString('base64')}`, message));
    assert.ok(!isSignedWith(secret, { ...message, text: message.text.replace('some_tool', 'another') }));
  });

  test('tells of a denied call: who tried what, and which rule said no', async () => {
    const { id } = await make();
    await deny('some_tool');
    const { json } = await receiver.arrived(1);
    const [call] = (await ask('GET', '/v1/calls?outcome=denied')).json.data;
    assert.deepEqual(json.data, {
      call_id: call.id,
      tool: 'some_tool',
      reason: 'unknown_tool',
      connection_id: null,
      pack_id: call.pack_id,
      principal: call.principal,
      registered_user_id: null,
    });
    const [delivery] = await settled(id);
    assert.equal(delivery.status, 'delivered');
    assert.equal(delivery.response_status, 204);
    assert.equal(delivery.attempts, 1);
    assert.deepEqual(delivery.event.data, json.data);
  });

  test('tells of a connection whose status moved, from the transaction that moved it', async () => {
    await make({ events: ['connection.status_changed'] });
    const connection = await connectShop();
    await flip(connection.id, 'x'.repeat(30));
    const { json } = await receiver.arrived(1);
    assert.deepEqual(json, {
      type: 'connection.status_changed',
      timestamp: json.timestamp,
      data: {
        connection_id: connection.id,
        connection_slug: connection.slug,
        connection_name: 'Shop',
        from: 'connected',
        to: 'auth_failed',
        reason: 'x'.repeat(30),
      },
    });
    // A change that is rolled back is told of by nobody.
    await assert.rejects(flip(connection.id, 'never', true));
    await world.crib.deliverer.settle();
    assert.equal(receiver.messages.length, 1);
  });

  test('tells of a refresh token that was used twice: a refresh was cut off, and the next was refused', async () => {
    const service = await startRotatingServer();
    try {
      await make({ events: ['credential.reused'] });
      const connection = await connectShop();
      const tokens = service.issue();
      const credentialId = await giveTokens(connection.id, service, tokens);
      // The process before was killed after its request: the service has rotated, and nobody kept what it answered.
      await useRefreshToken(service, tokens.refreshToken);
      await leaveOpen(credentialId);
      await world.crib.keeper.sweep();
      const { json } = await receiver.arrived(1);
      assert.equal(json.type, 'credential.reused');
      assert.deepEqual(json.data, {
        credential_id: credentialId,
        owner: { type: 'organization', id: admin.id },
        connection_id: connection.id,
        connection_slug: connection.slug,
        connection_name: 'Shop',
      });
      assert.equal(service.reuses, 1);
    } finally {
      await service.close();
    }
  });

  test('is under 20 kB however long a reason is', async () => {
    await make({ events: ['connection.status_changed', 'call.denied'] });
    const connection = await connectShop();
    await flip(connection.id, '€\u{1F980}\u0001"\\'.repeat(20_000));
    const { text, json } = await receiver.arrived(1);
    assert.ok(Buffer.byteLength(text) < 20_000, `${Buffer.byteLength(text)} bytes`);
    assert.equal(json.data.to, 'auth_failed');
    await deny('t'.repeat(100_000).slice(0, 200));
    const second = await receiver.arrived(2);
    assert.ok(Buffer.byteLength(second.text) < 20_000);
  });

  test('goes to every webhook that wants it, once, and to no other', async () => {
    const [one, two, other] = [await make(), await make(), await make({ events: ['agent.deactivated'] })];
    await deny();
    await receiver.arrived(2);
    await world.crib.deliverer.settle();
    assert.equal(receiver.messages.length, 2);
    assert.equal(new Set(receiver.messages.map((message) => message.id)).size, 1);
    for (const { id } of [one, two]) assert.equal((await deliveries(id)).length, 1);
    assert.deepEqual(await deliveries(other.id), []);
    const stranger = await world.organization();
    const theirs = await ask(
      'POST',
      '/v1/webhooks',
      { url: receiver.url, events: ['call.denied'] },
      stranger.key,
    );
    await deny('again');
    await receiver.arrived(4);
    const list = await ask('GET', `/v1/webhooks/${theirs.json.data.id}/deliveries`, undefined, stranger.key);
    assert.deepEqual(list.json.data, []);
    await ask('DELETE', `/v1/webhooks/${theirs.json.data.id}`, undefined, stranger.key);
  });

  test('is not made for events of before, nor after its webhook is gone', async () => {
    await deny('before');
    await world.crib.gateway.drain();
    await world.crib.deliverer.settle();
    const { id } = await make();
    await world.crib.deliverer.settle();
    assert.deepEqual(await deliveries(id), []);
    assert.equal((await ask('DELETE', `/v1/webhooks/${id}`)).status, 204);
    await deny('after');
    await world.crib.gateway.drain();
    await world.crib.deliverer.settle();
    assert.deepEqual(receiver.messages, []);
    assert.equal((await ask('GET', `/v1/webhooks/${id}/deliveries`)).status, 404);
  });
});

describe('a delivery', () => {
  test('is tried again with growing pauses for three days, with the same id and body, then it has failed', async () => {
    receiver.answer = 500;
    const { id, secret } = await make();
    await happen('first');
    const pauses: number[] = [];
    let last = at;
    for (;;) {
      const [delivery] = await settled(id);
      if (delivery.status !== 'pending') break;
      assert.equal(delivery.reason, 'The endpoint answered 500.');
      assert.equal(delivery.response_status, 500);
      const next = Date.parse(delivery.next_attempt_at);
      pauses.push((next - Date.parse(delivery.last_attempt_at)) / 1000);
      last = next;
      const told = receiver.messages.length;
      await pass(next - at - 1);
      assert.equal(receiver.messages.length, told, 'not before its time');
      await pass(1);
      assert.equal(receiver.messages.length, told + 1);
    }
    [5, 30, 120, 600, 3600].forEach((usual, index) => {
      assert.ok(pauses[index]! >= usual * 0.8 - 0.1 && pauses[index]! <= usual * 1.2 + 0.1, pauses.join());
    });
    assert.ok(
      pauses.slice(5, -1).every((pause) => pause >= 17_200 && pause <= 26_000),
      pauses.join(),
    );
    const [delivery] = await deliveries(id);
    assert.equal(delivery.status, 'failed');
    assert.equal(delivery.next_attempt_at, null);
    assert.ok(last - Date.parse(delivery.event.timestamp) === 72 * hour);
    assert.equal(delivery.attempts, receiver.messages.length);
    assert.equal(new Set(receiver.messages.map((message) => message.id + message.text)).size, 1);
    const stamps = receiver.messages.map((message) => Number(message.seen.headers['webhook-timestamp']));
    assert.ok(stamps.at(-1)! - stamps[0]! > 70 * 3600, 'each attempt has a timestamp of its own');
    assert.ok(isSignedWith(secret, receiver.messages[0]!));
    await pass(24 * hour);
    assert.equal(receiver.messages.length, delivery.attempts);
  });

  test('is done by the first 2xx', async () => {
    let tries = 0;
    receiver.answer = (response) => void response.writeHead((tries += 1) < 3 ? 503 : 200).end('thanks');
    const { id } = await make();
    await happen('x');
    await settled(id);
    await pass(minute);
    await pass(minute);
    await pass(24 * hour);
    const [delivery] = await deliveries(id);
    assert.deepEqual([delivery.status, delivery.attempts, delivery.reason], ['delivered', 3, null]);
    assert.equal(receiver.messages.length, 3);
  });

  test('waits as long as Retry-After asks, up to six hours', async () => {
    const asked = [
      ['1800', 1800],
      ['99999999', 6 * 3600],
      [() => new Date(at + 20 * minute).toUTCString(), 20 * 60],
      ['soon', 30],
      ['-5', 120],
    ] as const;
    const { id } = await make();
    for (const [header, seconds] of asked) {
      receiver.answer = (response) =>
        void response
          .writeHead(429, { 'retry-after': typeof header === 'function' ? header() : header })
          .end();
      await happen(String(seconds));
      const [delivery] = await settled(id);
      const pause = (Date.parse(delivery.next_attempt_at) - Date.parse(delivery.last_attempt_at)) / 1000;
      if (seconds >= 1200) assert.ok(Math.abs(pause - seconds) < 3, `${String(header)}: ${pause}`);
      else assert.ok(pause <= 6.1, `${String(header)}: ${pause}`);
      receiver.answer = 200;
      await pass(7 * hour);
    }
  });

  test('turns its webhook off on 410, which says why; what waits goes out when it is turned on again', async () => {
    receiver.answer = 410;
    const { id } = await make();
    await happen('first');
    await settled(id);
    const off = await readWebhook(id);
    assert.equal(off.is_active, false);
    assert.equal(off.disabled_reason, 'The endpoint answered 410: it is gone.');
    assert.match(off.disabled_at, /Z$/);
    const [first] = await deliveries(id);
    assert.deepEqual([first.status, first.response_status], ['failed', 410]);
    const audit = await ask('GET', '/v1/audit?action=webhook.disabled');
    assert.deepEqual(audit.json.data[0].actor, { type: 'system', id: null });
    receiver.answer = 200;
    await happen('while it is off');
    await pass(minute);
    assert.equal(receiver.messages.length, 1);
    const on = await ask('PATCH', `/v1/webhooks/${id}`, { is_active: true });
    assert.deepEqual(
      [on.json.data.is_active, on.json.data.disabled_reason, on.json.data.disabled_at],
      [true, null, null],
    );
    await happen('then');
    const { json } = await receiver.arrived(2);
    assert.equal(json.data.reason, 'then');
  });

  test('waits while its webhook is off, and has failed when its three days are over', async () => {
    receiver.answer = 500;
    const { id } = await make();
    await happen('waits');
    await settled(id);
    await ask('PATCH', `/v1/webhooks/${id}`, { is_active: false });
    assert.equal((await readWebhook(id)).disabled_reason, 'It was turned off.');
    await pass(hour);
    assert.equal(receiver.messages.length, 1);
    receiver.answer = 200;
    await ask('PATCH', `/v1/webhooks/${id}`, { is_active: null });
    await world.crib.deliverer.settle();
    assert.equal((await deliveries(id))[0].status, 'delivered');

    receiver.answer = 500;
    await happen('too long');
    await settled(id);
    await ask('PATCH', `/v1/webhooks/${id}`, { is_active: false });
    at += 73 * hour;
    await forgetNotices(world.crib);
    const [delivery] = await deliveries(id);
    assert.deepEqual(
      [delivery.status, delivery.reason],
      ['failed', 'The webhook was disabled until the time for it was up.'],
    );
  });

  test('follows no redirect', async () => {
    const elsewhere = await startReceiver();
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        receiver.answer = (response) => void response.writeHead(status, { location: elsewhere.url }).end();
        const { id } = await make();
        const { json } = await ask('POST', `/v1/webhooks/${id}/test`);
        assert.equal(json.data.status, 'failed');
        assert.equal(json.data.response_status, status);
        assert.equal(json.data.reason, `The endpoint answered ${status}; redirects are not followed.`);
      }
      assert.deepEqual(elsewhere.messages, []);
    } finally {
      await elsewhere.close();
    }
  });

  test('keeps nothing of what an endpoint says but its status', async () => {
    receiver.answer = (response) =>
      void response.writeHead(500, { 'x-note': 'endpoint-words' }).end('endpoint-words'.repeat(100_000));
    const { id } = await make();
    const answer = await ask('POST', `/v1/webhooks/${id}/test`);
    assert.equal(answer.json.data.response_status, 500);
    assert.ok(!answer.text.includes('endpoint-words'));
    receiver.answer = (response) => {
      response.writeHead(200);
      response.write('never ends');
    };
    assert.equal((await ask('POST', `/v1/webhooks/${id}/test`)).json.data.status, 'delivered');
    receiver.answer = (response) => response.socket?.destroy();
    const cut = await ask('POST', `/v1/webhooks/${id}/test`);
    assert.deepEqual(
      [cut.json.data.response_status, cut.json.data.reason],
      [null, 'The endpoint could not be reached.'],
    );
  });

  test('to a slow endpoint holds up nobody else', async () => {
    const slow = await startReceiver();
    const held: (() => void)[] = [];
    slow.answer = (response) => void held.push(() => response.writeHead(200).end());
    try {
      const hung = await make({ url: slow.url });
      const { id } = await make();
      for (let count = 0; count < 20; count += 1) await happen(`number ${count}`);
      await receiver.arrived(20);
      await slow.arrived(4);
      assert.equal(slow.messages.length, 4, 'and the slow one has a few at a time');
      assert.ok((await deliveries(hung.id)).every(({ status }) => status === 'pending'));
      slow.answer = 200;
      for (const release of held) release();
      await world.crib.deliverer.settle();
      assert.equal(slow.messages.length, 20);
      assert.ok((await deliveries(id)).every(({ status }) => status === 'delivered'));
    } finally {
      await slow.close();
    }
  });

  test('is listed by cursor, newest first, each once', async () => {
    const { id } = await make();
    const other = await make({ events: ['agent.deactivated'] });
    for (const reason of ['a', 'b', 'c', 'd', 'e']) await happen(reason);
    await settled(id);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { json } = await ask('GET', `/v1/webhooks/${id}/deliveries?limit=2${cursor}`);
      seen.push(...json.data.map((one: Json) => one.event.data.reason));
      if (!json.meta.next_cursor) break;
      cursor = `&cursor=${json.meta.next_cursor}`;
      const elsewhere = await ask('GET', `/v1/webhooks/${other.id}/deliveries?limit=2${cursor}`);
      assert.equal(elsewhere.status, 422, 'a cursor is bound to its list');
    }
    assert.deepEqual(seen.toSorted(), ['a', 'b', 'c', 'd', 'e']);
  });

  test('leaves with its event after a month', async () => {
    const { id } = await make();
    await happen('old');
    await settled(id);
    at += 29 * 24 * hour;
    await forgetNotices(world.crib);
    assert.equal((await deliveries(id)).length, 1);
    at += 2 * 24 * hour;
    await forgetNotices(world.crib);
    assert.deepEqual(await deliveries(id), []);
  });
});

describe('a test event', () => {
  test('goes out now by the same path, whatever the webhook hears of, and answers its delivery', async () => {
    const { id, secret } = await make({ events: ['agent.deactivated'] });
    const { status, json } = await ask('POST', `/v1/webhooks/${id}/test`);
    assert.equal(status, 200);
    assert.equal(json.data.status, 'delivered');
    assert.equal(json.data.event.type, 'webhook.test');
    const message = await receiver.arrived(1);
    assert.ok(isSignedWith(secret, message));
    assert.equal(message.id, json.data.event.id);
    assert.deepEqual(message.json, {
      type: 'webhook.test',
      timestamp: json.data.event.timestamp,
      data: { webhook_id: id, message: 'A test. Nothing has happened.' },
    });
    assert.deepEqual(await deliveries(id), [json.data]);
  });

  test('is tried once, also while the webhook is off', async () => {
    receiver.answer = 500;
    const { id } = await make();
    await ask('PATCH', `/v1/webhooks/${id}`, { is_active: false });
    const { json } = await ask('POST', `/v1/webhooks/${id}/test`);
    assert.deepEqual([json.data.status, json.data.attempts], ['failed', 1]);
    await pass(24 * hour);
    assert.equal(receiver.messages.length, 1);
    assert.equal((await readWebhook(id)).is_active, false);
  });
});

describe('a signing secret', () => {
  test('rotates with two valid at once for 24 hours, the new one shown once', async () => {
    const { id, secret: first } = await make();
    const rotated = await ask('POST', `/v1/webhooks/${id}/rotate-secret`);
    assert.equal(rotated.status, 200);
    const second = rotated.json.data.secret;
    assert.notEqual(second, first);
    assert.ok(rotated.json.data.previous_secret_until);
    await happen('x');
    const message = await receiver.arrived(1);
    assert.match(String(message.seen.headers['webhook-signature']), /^v1,\S+ v1,\S+$/);
    assert.ok(isSignedWith(first, message) && isSignedWith(second, message));
    assert.ok(!(await ask('GET', '/v1/webhooks')).text.includes(second.slice(6)));

    const again = await ask('POST', `/v1/webhooks/${id}/rotate-secret`);
    const third = again.json.data.secret;
    await happen('y');
    const next = await receiver.arrived(2);
    assert.ok(!isSignedWith(first, next), 'two, never three');
    assert.ok(isSignedWith(second, next) && isSignedWith(third, next));

    await pass(25 * hour);
    assert.equal((await readWebhook(id)).previous_secret_until, null);
    await happen('z');
    const late = await receiver.arrived(3);
    assert.match(String(late.seen.headers['webhook-signature']), /^v1,\S+$/);
    const held = await secretsHeld();
    await forgetNotices(world.crib);
    assert.equal(await secretsHeld(), held - 1, 'the one before is shredded');
    await ask('DELETE', `/v1/webhooks/${id}`);
    assert.equal(await secretsHeld(), held - 2);
  });

  test('that cannot be read costs deliveries, not the process', async () => {
    const { id } = await make();
    await happen('x');
    await settled(id);
    await world.crib.database.transaction('system', async (tx) => {
      await sql`update secrets set ciphertext = '\\x00' where secret_id =
        (select secret_id from webhooks where webhook_id = ${id})`.execute(tx.kysely);
    });
    world.crib.vault.forget(admin.id);
    const { json } = await ask('POST', `/v1/webhooks/${id}/test`);
    assert.deepEqual(
      [json.data.status, json.data.response_status, json.data.reason],
      ['failed', null, 'The signing secret or the address cannot be read. Make the webhook again.'],
    );
    assert.equal(receiver.messages.length, 1);
  });
});

/** The deliveries of a webhook when everything due has been tried. */
async function settled(id: string): Promise<Json[]> {
  await world.crib.deliverer.settle();
  return deliveries(id);
}

async function secretsHeld(): Promise<number> {
  return world.crib.database.transaction({ organizationId: admin.id }, async (tx) => {
    const { rows } = await sql<{ held: number }>`select count(*)::int as held from secrets`.execute(
      tx.kysely,
    );
    return rows[0]!.held;
  });
}

async function connectShop(): Promise<Json> {
  const auth = { type: 'api_key', api_key: 'shop-key-1' };
  const body = { kind: 'openapi', nickname: 'Shop', document: store.document, auth };
  return (await ask('POST', '/v1/connections', body)).json.data;
}

/** Moves a connection's status as a failed refresh does. */
async function flip(connectionId: string, reason: string, rollBack = false): Promise<void> {
  const { crib } = world;
  const { connectionHooks } = crib.ctxFor({ principal: crib.founded.operator, requestId: 'req_test' });
  await systemChange(crib, admin.id, 'connection.status_changed', async (tx) => {
    const before = (await findConnection(tx, admin.id, { id: connectionId }))!;
    const after = await updateConnectionRow(tx, admin.id, connectionId, {
      status: 'auth_failed',
      status_reason: reason,
    });
    await connectionHooks.onFlip(tx, crib.clock, { before, after });
    if (rollBack) throw new Error('rolled back');
    return { result: undefined, target: { type: 'connection', id: connectionId }, changes: { reason } };
  });
}

/** An account connected by OAuth, whose token has run out. */
async function giveTokens(
  connectionId: string,
  service: RotatingServer,
  tokens: { accessToken: string; refreshToken: string },
): Promise<string> {
  const { crib } = world;
  const { vault, clock } = crib;
  const server: OAuthServer = {
    issuer: service.issuer,
    authorizationUrl: `${service.url}/authorize`,
    tokenUrl: `${service.url}/token`,
    revocationUrl: null,
    registrationUrl: null,
    sendsIssuer: true,
    pkce: true,
    clientAuths: ['client_secret_basic'],
    takesMetadataDocument: false,
    scopes: [],
    resource: null,
    authorizationParams: {},
    tokenParams: {},
    tokenPaths: {},
    marginSeconds: 60,
  };
  return crib.database.transaction({ organizationId: admin.id }, async (tx) => {
    const secretId = await vault.keep(tx, admin.id, new Plaintext('toolcrib-secret'));
    const client: OAuthClient = { clientId: 'toolcrib', auth: 'client_secret_basic', secretId };
    const { id } = await putCredential(tx, { vault, clock }, admin.id, {
      connectionId,
      owner: { type: 'organization', id: admin.id },
      origin: service.url,
      method: { type: 'oauth2' },
      fields: {
        access_token: new Plaintext(tokens.accessToken),
        refresh_token: new Plaintext(tokens.refreshToken),
      },
      expiresAt: new Date(at - minute),
      refreshDueAt: new Date(at - 2 * minute),
      oauth: { grant: 'authorization_code', server, client },
    });
    return id;
  });
}

async function useRefreshToken(service: RotatingServer, refreshToken: string): Promise<void> {
  const { status } = await fetch(`${service.url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('toolcrib:toolcrib-secret').toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  assert.equal(status, 200);
}

/** A refresh begun by a process that is gone. */
async function leaveOpen(credentialId: string): Promise<void> {
  await world.crib.database.transaction({ organizationId: admin.id }, (tx) =>
    sql`insert into refresh_attempts
      (organization_id, attempt_id, credential_id, version, replica_id, started_at, lease_until)
      values (${admin.id}, ${newId()}, ${credentialId}, 1, ${newId()}, ${new Date(at - hour)}, ${new Date(at - minute)})`.execute(
      tx.kysely,
    ),
  );
}

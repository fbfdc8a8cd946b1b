import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { openRooms, type Rooms } from '../../test/open-rooms.ts';
import { startReceiver, type Receiver } from '../../test/fakes/receiver.ts';
import { createEgress, type Egress } from '../egress/index.ts';
import { appendEvent, takeEvents } from '../journal/index.ts';
import { createDeliverer, type Deliverer } from './deliverer.ts';
import type { Delivery } from './delivery.ts';
import { createWebhook } from './create-webhook.ts';
import { claimDeliveries } from './claim-store.ts';
import { spreadEvents } from './delivery-store.ts';
import { listDeliveries } from './list-webhooks.ts';
import { deleteWebhook } from './update-webhook.ts';

let rooms: Rooms;
let receiver: Receiver;
let webhookId: string;
before(async () => (rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' })));
after(() => rooms.close());
beforeEach(async () => {
  receiver = await startReceiver();
  const input = { url: receiver.url, events: ['call.denied'] as const, description: '' };
  const { webhook } = await createWebhook(rooms.as(), input);
  webhookId = webhook.id;
});
afterEach(async () => {
  await deleteWebhook(rooms.as(), webhookId);
  await receiver.close();
});

const errors: unknown[] = [];
function delivererOf(more: { timeout?: number; egress?: Egress } = {}): Deliverer {
  const { database, bus, clock, vault } = rooms.crib;
  const { egress } = rooms.as();
  const onError = (error: unknown): void => void errors.push(error);
  return createDeliverer({ database, bus, clock, egress, unsealer: vault.unsealer, onError, ...more });
}

async function happen(): Promise<void> {
  const { database, clock } = rooms.crib;
  const { organizationId } = rooms.operator;
  await database.transaction({ organizationId }, (tx) =>
    appendEvent(tx, clock, organizationId, { type: 'call.denied', data: {} }),
  );
}

async function onlyDelivery(): Promise<Delivery> {
  const { rows } = await listDeliveries(rooms.as(), webhookId, { limit: 10, after: null });
  assert.equal(rows.length, 1);
  return rows[0]!;
}

test('an endpoint that does not answer in its time has failed this once', async () => {
  receiver.answer = () => undefined;
  const deliverer = delivererOf({ timeout: 50 });
  await happen();
  await deliverer.settle();
  const { status, reason, responseStatus, attempts } = await onlyDelivery();
  assert.deepEqual(
    { status, reason, responseStatus, attempts },
    { status: 'pending', reason: 'The endpoint did not answer in time.', responseStatus: null, attempts: 1 },
  );
  await deliverer.close();
});

test('an address that may not be reached any more is refused at the socket', async () => {
  const egress = createEgress({ allow: [], ownPort: null });
  const deliverer = delivererOf({ egress });
  await happen();
  await deliverer.settle();
  const { reason, responseStatus } = await onlyDelivery();
  assert.deepEqual([reason, responseStatus], ['The endpoint could not be reached.', null]);
  assert.deepEqual(receiver.messages, []);
  await deliverer.close();
  await egress.close();
});

test('what is cut off by a stop is nobody’s until its lease is over, and then tried again', async () => {
  receiver.answer = () => undefined;
  const stopped = delivererOf();
  stopped.start();
  await happen();
  await receiver.arrived(1);
  await stopped.close();
  const cut = await onlyDelivery();
  assert.deepEqual([cut.status, cut.attempts, cut.reason], ['pending', 1, null]);
  assert.ok(cut.dueAt > rooms.crib.clock.now());

  const { database, bus, vault } = rooms.crib;
  const later = { now: () => new Date(Date.now() + 61_000) };
  const next = createDeliverer({
    database,
    bus,
    clock: later,
    egress: rooms.as().egress,
    unsealer: vault.unsealer,
    onError: (error) => void errors.push(error),
  });
  receiver.answer = 204;
  await next.settle();
  const done = await onlyDelivery();
  assert.deepEqual([done.status, done.attempts], ['delivered', 2]);
  assert.equal(receiver.messages[0]!.id, receiver.messages[1]!.id);
  await next.close();
});

test('several at work on one database send each delivery once', async () => {
  const several = [delivererOf(), delivererOf(), delivererOf()];
  for (let count = 0; count < 30; count += 1) await happen();
  await Promise.all(several.map((deliverer) => deliverer.settle()));
  assert.equal(receiver.messages.length, 30);
  assert.equal(new Set(receiver.messages.map((message) => message.id)).size, 30);
  for (const deliverer of several) await deliverer.close();
  assert.deepEqual(errors, []);
});

test('where there is not room for all, webhooks with the least under way come first', async () => {
  const input = { url: receiver.url, events: ['call.denied'] as const, description: '' };
  const { webhook: other } = await createWebhook(rooms.as(), input);
  for (let count = 0; count < 8; count += 1) await happen();
  const { database, clock } = rooms.crib;
  const claimed = await database.transaction('system', async (tx) => {
    const now = clock.now();
    await spreadEvents(tx, await takeEvents(tx, now, 100), now);
    const underWay = new Map([[webhookId, 1]]);
    return claimDeliveries(tx, now, { limit: 5, perWebhook: 4, underWay });
  });
  const of = (id: string): number => claimed.filter(({ webhook }) => webhook.id === id).length;
  assert.deepEqual([of(other.id), of(webhookId)], [4, 1]);
  await deleteWebhook(rooms.as(), other.id);
});

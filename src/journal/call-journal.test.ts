import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openRooms, type Rooms } from '../../test/open-rooms.ts';
import { getCall } from '../access/index.ts';
import { newId } from '../kernel/index.ts';
import { createCallJournal, type CallEnd, type CallStart } from './index.ts';

let rooms: Rooms;
before(async () => (rooms = await openRooms()));
after(() => rooms.close());

const startOf = (tool: string): CallStart => ({
  organizationId: rooms.operator.organizationId,
  callId: newId(),
  startedAt: new Date(),
  deadlineAt: new Date(Date.now() + 60_000),
  tool,
  toolId: null,
  connectionId: null,
  packId: null,
  principal: { type: 'key', id: rooms.operator.id },
  registeredUserId: null,
  ranAs: null,
  protocol: 'rest',
  traceId: '0'.repeat(32),
});
const endOf = ({ organizationId, callId }: CallStart, reason: string | null): CallEnd => ({
  organizationId,
  callId,
  endedAt: new Date(),
  outcome: 'ok',
  reason,
  gatewayUs: 1,
  upstreamUs: 1,
  bytesRaw: null,
  bytesServed: null,
  view: null,
});

test('a row that cannot be written costs the other rows of its batch nothing', async () => {
  const errors: unknown[] = [];
  const journal = createCallJournal({
    pool: rooms.crib.database.pool,
    onError: (error) => void errors.push(error),
  });
  const [good, bad, last] = [startOf('good'), startOf('bad\u0000'), startOf('last')];
  const started = await Promise.allSettled([good, bad, last].map((row) => journal.start(row)));
  assert.deepEqual(
    started.map((one) => one.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  journal.end(endOf(good, 'odd\u0000'));
  journal.end(endOf(last, null));
  await journal.drain();
  assert.equal(errors.length, 1);
  assert.equal((await getCall(rooms.as(), good.callId)).outcome, undefined);
  assert.equal((await getCall(rooms.as(), last.callId)).outcome, 'ok');
  await journal.close();
});

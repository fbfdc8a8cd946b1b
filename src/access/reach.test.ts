import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFault } from '../../test/fakes/faults.ts';
import { openRooms, type Rooms } from '../../test/open-rooms.ts';
import {
  createKey,
  createOrganization,
  createUser,
  getUser,
  revokeKey,
  updateUser,
  type Scope,
} from './index.ts';
import { verifyAudit } from '../journal/index.ts';

let rooms: Rooms;
before(async () => (rooms = await openRooms()));
after(() => rooms.close());

const knownPacks = async () => true;

test('a key bound to a user cannot move them to another company, whose credentials it would reach', async () => {
  const group = { originCompanyId: 'acme' };
  const ann = await createUser(rooms.as(), { originUserId: 'ann', originUserName: 'Ann', group });
  const scopes: Scope[] = ['packs:read', 'packs:write'];
  const { text } = await createKey(rooms.as(), { scopes, userIds: [ann.id], knownPacks });
  const bound = rooms.as(await rooms.enter(text));
  for (const elsewhere of [{ originCompanyId: 'rival' }, null, {}]) {
    await assert.rejects(updateUser(bound, ann.id, { group: elsewhere }), isFault('forbidden'));
  }
  assert.equal((await getUser(rooms.as(), ann.id)).company?.originId, 'acme');
  const renamed = await updateUser(bound, ann.id, { originUserName: 'Ann B.', group });
  assert.equal(renamed.originUserName, 'Ann B.');
  const moved = await updateUser(rooms.as(), ann.id, { group: { originCompanyId: 'rival' } });
  assert.equal(moved.company?.originId, 'rival');
});

test('a key that was revoked while its request was under way makes no key', async () => {
  const { key, text } = await createKey(rooms.as(), { scopes: ['keys:write'], knownPacks });
  const maker = rooms.as(await rooms.enter(text));
  await revokeKey(rooms.as(), key.id);
  await assert.rejects(createKey(maker, { knownPacks }), isFault('unauthenticated'));
});

test('revoking while keys are being made leaves none alive', async () => {
  const { key, text } = await createKey(rooms.as(), { scopes: ['keys:write'], knownPacks });
  const maker = rooms.as(await rooms.enter(text));
  const asked = Array.from({ length: 8 }, () => createKey(maker, { knownPacks }));
  const [made] = await Promise.all([Promise.allSettled(asked), revokeKey(rooms.as(), key.id)]);
  for (const one of made) {
    if (one.status === 'fulfilled')
      await assert.rejects(rooms.enter(one.value.text), isFault('unauthenticated'));
  }
});

test('an organization and the audit row that tells of it stand or fall together', async () => {
  const { vault } = rooms.crib;
  const prepareVault = vault.prepare.bind(vault);
  const seq = async () => (await verifyAudit(rooms.crib.database, rooms.operator.organizationId))[0]!;
  const was = await seq();
  await createOrganization({ ...rooms.as(), prepareVault }, { name: 'Lab' });
  const is = await seq();
  assert.equal(is.rows, was.rows + 1);
  assert.equal(is.bad, null);
  const again = createOrganization({ ...rooms.as(), prepareVault }, { name: 'Lab' });
  await assert.rejects(again, isFault('conflict'));
  assert.equal((await seq()).rows, is.rows);
});

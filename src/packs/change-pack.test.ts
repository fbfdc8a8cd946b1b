import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFault } from '../../test/fakes/faults.ts';
import { openRooms, type Rooms } from '../../test/open-rooms.ts';
import { createKey } from '../access/index.ts';
import { connectOpenapi, deleteConnection, type ConnectionsCtx } from '../connections/index.ts';
import { changeEntries, createPack, getPack, overridePackInputs, updatePack, type Pack } from './index.ts';

let rooms: Rooms;
before(async () => (rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' })));
after(() => rooms.close());

const field = (name: string) => ({ name, in: 'query', schema: { type: 'string' } });
const document = {
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  servers: [{ url: 'http://127.0.0.1:9' }],
  paths: {
    '/orders': {
      get: {
        operationId: 'list',
        parameters: [field('shop'), field('state')],
        responses: { 200: { description: 'Orders.' } },
      },
    },
  },
};
const orders = async (nickname: string) =>
  (await connectOpenapi(rooms.as(), { nickname, document, auth: null, credential: null })).connection;
const rule = (value: string) => ({ mode: 'pinned' as const, value });

async function boundTo(pack: Pack): Promise<ConnectionsCtx> {
  const { text } = await createKey(rooms.as(), {
    scopes: ['packs:read', 'packs:write', 'runtime:all'],
    packIds: [pack.id],
    knownPacks: async () => true,
  });
  return rooms.as(await rooms.enter(text));
}

test('a key bound to a pack that may call adds to its rules and takes none away', async () => {
  const { slug } = await orders('ruled');
  const pack = await createPack(rooms.as(), { name: 'Ruled', entries: [{ slug, tools: { kind: 'all' } }] });
  const wish = { connectorSlug: slug, toolName: 'list', rules: { shop: rule('ours') }, cleared: [] };
  await overridePackInputs(rooms.as(), pack.id, [wish]);
  const bound = await boundTo(pack);
  const widening: (() => Promise<Pack>)[] = [
    () => overridePackInputs(bound, pack.id, [{ ...wish, rules: { shop: rule('theirs') } }]),
    () => overridePackInputs(bound, pack.id, [{ ...wish, rules: {}, cleared: ['shop'] }]),
    () => overridePackInputs(bound, pack.id, [{ ...wish, rules: {}, clearAll: true }]),
    () => updatePack(bound, pack.id, { entries: [{ slug, tools: { kind: 'all' }, overrides: {} }] }),
  ];
  for (const widen of widening) await assert.rejects(widen(), isFault('forbidden'));
  const narrower = await overridePackInputs(bound, pack.id, [{ ...wish, rules: { state: rule('open') } }]);
  assert.deepEqual(Object.keys(narrower.entries[0]!.overrides['list']!.inputs!), ['shop', 'state']);
  assert.equal(
    (await changeEntries(bound, pack.id, [{ slug, tools: { kind: 'remove' } }], 'merge')).entries.length,
    0,
  );
});

test('a connection removed while packs are being given it leaves whole packs and no error but a sentence', async () => {
  const connection = await orders('fleeting');
  const { slug, id } = connection;
  const packs = await Promise.all(['a', 'b', 'c'].map((name) => createPack(rooms.as(), { name })));
  const given = packs.map((pack) =>
    changeEntries(rooms.as(), pack.id, [{ slug, tools: { kind: 'all' } }], 'merge'),
  );
  const outcomes = await Promise.allSettled([
    ...given,
    deleteConnection(rooms.as(), id, { force: true }),
    ...given,
  ]);
  for (const one of outcomes) {
    if (one.status === 'rejected') assert.ok(isFault('invalid')(one.reason), String(one.reason));
  }
  for (const pack of packs) {
    const { entries } = await getPack(rooms.as(), { id: pack.id });
    // The imported document is a connector still: who came later has been given a new connection of it.
    assert.ok(entries.every((entry) => entry.connection.id !== id));
  }
});

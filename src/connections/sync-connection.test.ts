import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFault } from '../../test/fakes/faults.ts';
import { httpService, sendJson, type Fake } from '../../test/fakes/http-service.ts';
import { scriptedMcp } from '../../test/fakes/scripted-mcp.ts';
import { openRooms, type Rooms } from '../../test/open-rooms.ts';
import { createKey } from '../access/index.ts';
import { listTools } from '../tools/index.ts';
import { connectMcp, connectOpenapi, getConnection, syncConnection } from './index.ts';

let rooms: Rooms;
let service: Fake;
/** What the service answers when it is asked for its document. */
let answered: { status: number; body: unknown } = { status: 200, body: {} };

const documentOf = (extra: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'Counter', version: '1' },
  servers: [{ url: service.url }],
  paths: {
    '/count': { get: { operationId: 'count', responses: { 200: { description: 'The count.' } }, ...extra } },
  },
});

before(async () => {
  service = await httpService((_seen, response) => sendJson(response, answered.body, answered.status));
  rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1' });
});
after(async () => {
  await rooms.close();
  await service.close();
});

const importCounter = async (nickname: string, local = false) => {
  answered = { status: 200, body: documentOf() };
  const input = {
    nickname,
    documentUrl: `${service.url}/openapi.json`,
    local,
    auth: null,
    credential: null,
  };
  return (await connectOpenapi(rooms.as(), input)).connection;
};

test('a document that cannot be read again is the service’s failure and shows in the connection', async () => {
  const { id } = await importCounter('fading');
  const broken: [number, unknown][] = [
    [503, {}],
    [200, { swagger: 'none' }],
  ];
  for (const [status, body] of broken) {
    answered = { status, body };
    await assert.rejects(syncConnection(rooms.as(), id), isFault('upstream', 'sync_failed'));
    const connection = await getConnection(rooms.as(), id);
    assert.equal(connection.toolsStatus, 'error');
    assert.ok(connection.statusReason);
  }
  answered = { status: 200, body: documentOf() };
  const { connection, sync } = await syncConnection(rooms.as(), id);
  assert.equal(connection.toolsStatus, 'synced');
  assert.equal(connection.statusReason, null);
  assert.equal(sync.unchanged, 1);
});

const onLaptop = {
  skip: process.env['TEST_DATABASE_URL'] ? 'local addresses need the embedded database' : false,
};

test(
  'a local document is read again by any key that may change tools, and from nowhere else',
  onLaptop,
  async () => {
    const { id } = await importCounter('local', true);
    const { text } = await createKey(rooms.as(), {
      scopes: ['tools:read', 'tools:write'],
      knownPacks: async () => true,
    });
    const other = rooms.as(await rooms.enter(text));
    answered = { status: 200, body: documentOf({ summary: 'Counts.' }) };
    assert.deepEqual((await syncConnection(other, id)).sync.changed, ['count']);
    const input = {
      nickname: 'mine',
      documentUrl: `${service.url}/openapi.json`,
      local: true,
      auth: null,
      credential: null,
    };
    await assert.rejects(connectOpenapi(other, input), isFault('forbidden'));
  },
);

test('a document that holds what cannot be stored is refused in a sentence', async () => {
  const odd = documentOf({
    parameters: [{ name: 'by', in: 'query', schema: { type: 'string', enum: ['a\u0000b', '\ud800'] } }],
  });
  answered = { status: 200, body: odd };
  const input = {
    nickname: 'odd',
    documentUrl: `${service.url}/openapi.json`,
    auth: null,
    credential: null,
  };
  await assert.rejects(connectOpenapi(rooms.as(), input), isFault('invalid'));
});

test('a listed tool that cannot be stored is put aside alone, and one that cannot even be named is left out', async () => {
  const tools: unknown[] = [
    { name: 'good', inputSchema: { type: 'object', properties: { by: { type: 'string' } } } },
    { name: 'nul', inputSchema: { type: 'object', properties: { by: { enum: ['a\u0000'] } } } },
    { name: 'half', inputSchema: { type: 'object', properties: { 'x\ud800': { type: 'string' } } } },
    { name: 'un\u0000named', inputSchema: { type: 'object' } },
  ];
  const server = await scriptedMcp({
    era: 'legacy',
    tools,
    intercept(_seen, message, response) {
      if (message?.method !== 'initialize') return false;
      const result = {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'od\u0000d\ud800', version: '1\u0000' },
      };
      sendJson(response, { jsonrpc: '2.0', id: message.id, result });
      return true;
    },
  });
  try {
    const connection = await connectMcp(rooms.as(), {
      nickname: 'odd tools',
      serverUrl: `${server.url}/mcp`,
      auth: { type: 'none' },
      credential: null,
    });
    assert.equal(connection.toolsStatus, 'synced', connection.statusReason ?? '');
    const listed = await listTools(rooms.as(), [connection]);
    assert.deepEqual(
      listed.map(({ tool }) => [tool.name, tool.definition.quarantine === null]),
      [
        ['good', true],
        ['nul', false],
        ['half', false],
      ],
    );
    assert.equal((await syncConnection(rooms.as(), connection.id)).sync.unchanged, 3);
  } finally {
    await server.close();
  }
});

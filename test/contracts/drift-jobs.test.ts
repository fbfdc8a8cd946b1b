import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql, type RawBuilder } from 'kysely';
import { createSyncer, type Syncer } from '../../src/connections/index.ts';
import { startReceiver } from '../fakes/receiver.ts';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { event, openStream, scriptedMcp, textResult, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import { startWorld, type Json, type World } from '../world.ts';

// What a service says of its tools is read again by itself: by the hour, and when it says that they have changed.

const hour = 3_600_000;
const changed = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' };

/** A process that speaks MCP over its standard streams; a call of `grow` gives it one more tool, and it says so. */
const growing = `
const tools = [{ name: 'grow', inputSchema: { type: 'object' } }];
const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
let rest = '';
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\\n');
  rest = lines.pop();
  for (const line of lines.filter(Boolean)) {
    const { id, method } = JSON.parse(line);
    if (id === undefined) continue;
    if (method === 'initialize') {
      const serverInfo = { name: 'growing', version: '1' };
      say({ id, result: { protocolVersion: '2025-06-18', capabilities: { tools: { listChanged: true } }, serverInfo } });
    } else if (method === 'tools/list') say({ id, result: { tools } });
    else if (method === 'tools/call') {
      tools.push({ name: 'grown_' + tools.length, inputSchema: { type: 'object' } });
      say({ method: 'notifications/tools/list_changed' });
      say({ id, result: { content: [{ type: 'text', text: 'grown' }] } });
    } else say({ id, error: { code: -32601, message: 'Method not found' } });
  }
});`;

let world: World;
let server: ScriptedMcp;
let directory: string;
/** Moved by hand: nothing comes due by itself. */
let now = Date.now();
const clock = { now: () => new Date(now) };
const tool = (name: string, more: object = {}) => ({ name, inputSchema: { type: 'object' }, ...more });
let tools: object[] = [];
/** What the server says on the stream of a call before it answers. */
let said: object[] = [];
let breaks = false;
let onListing = (): void => undefined;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'toolcrib-drift-'));
  const servers = { growing: { command: process.execPath, args: ['-e', growing] } };
  writeFileSync(join(directory, 'servers.json'), JSON.stringify({ mcpServers: servers }));
  server = await scriptedMcp({
    era: 'legacy',
    tools: () => {
      onListing();
      return { tools };
    },
    intercept(_seen, message, response) {
      if (!breaks || message?.method !== 'tools/list') return false;
      sendJson(response, {}, 503);
      return true;
    },
    call(message, response) {
      openStream(response);
      for (const one of said) response.write(event(one));
      response.end(event({ jsonrpc: '2.0', id: message.id, result: textResult('done') }));
    },
  });
  world = await startWorld({ clock, environment: { TOOLCRIB_DATA_DIR: directory } });
});
after(async () => {
  await world.close();
  await server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Rows as nobody sees them from outside: where a service is, when it is due. */
const stored = <T>(query: RawBuilder<T>): Promise<readonly T[]> =>
  world.crib.database.transaction('system', async (tx) => (await query.execute(tx.kysely)).rows);
// What an earlier test connected is not due in the next.
beforeEach(() => stored(sql`update connections set sync_due_at = null`));

const listings = (): number => server.messages.filter(({ method }) => method === 'tools/list').length;

type Org = { key: string; ask: (method: string, path: string, body?: unknown) => Promise<Json> };

async function organization(): Promise<Org> {
  const { key } = await world.organization();
  return {
    key,
    async ask(method, path, body) {
      const answer = await world.fetchJson(method, path, body, key);
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
      return answer.json?.data;
    },
  };
}

/** An organization with one connection to the server, whose only tool is in a pack. */
async function connected(nickname = 'counter'): Promise<Org & { id: string; call(): Promise<void> }> {
  tools = [tool('count')];
  said = [];
  breaks = false;
  const org = await organization();
  const { id } = await org.ask('POST', '/v1/connections', {
    kind: 'mcp',
    nickname,
    server_url: server.url,
    auth: { type: 'none' },
  });
  await org.ask('POST', '/v1/packs', { name: 'All', entries: [{ slug: nickname }] });
  return {
    ...org,
    id,
    async call() {
      const answer = await world.fetchJson(
        'POST',
        '/v1/calls',
        { pack: 'all', tool: `${nickname}__count` },
        org.key,
      );
      assert.equal(answer.status, 200, answer.text);
    },
  };
}

const sweep = (): Promise<void> => world.crib.syncer.sweep();
const toolsOf = async (org: Org, id: string): Promise<[string, boolean][]> =>
  (await org.ask('GET', `/v1/connections/${id}/tools`)).map((one: Json) => [one.name, one.is_enabled]);
const auditOf = async (org: Org): Promise<Json[]> => org.ask('GET', '/v1/audit?action=connection.synced');
/** Runs `work` and answers how often the server was asked for its tools meanwhile. */
async function asked(work: () => Promise<unknown>): Promise<number> {
  const before = listings();
  await work();
  return listings() - before;
}

describe('tools are read again by themselves', () => {
  test('about an hour after a server was read it is asked again, once, and what is new arrives disabled', async () => {
    const org = await connected();
    tools = [tool('count'), tool('reset')];
    assert.equal(await asked(sweep), 0);
    now += 1.2 * hour;
    assert.equal(await asked(sweep), 1);
    assert.deepEqual(await toolsOf(org, org.id), [
      ['count', true],
      ['reset', false],
    ]);
    assert.equal(await asked(sweep), 0);
    const [row] = await auditOf(org);
    assert.deepEqual(row.actor, { type: 'system', id: null });
    assert.deepEqual(row.changes.added, ['reset']);
  });

  test('a reading that brings no news writes no audit row; a failure and its mending write one each', async () => {
    const org = await connected();
    const count = async (): Promise<number> => (await auditOf(org)).length;
    const atFirst = await count();
    const hourly = async (): Promise<Json> => {
      now += 1.2 * hour;
      await sweep();
      return org.ask('GET', `/v1/connections/${org.id}`);
    };
    await hourly();
    assert.equal(await count(), atFirst);
    breaks = true;
    const failed = await hourly();
    assert.equal(failed.tools_status, 'error');
    assert.match(failed.status_reason, /503/);
    assert.equal(failed.status, 'connected');
    assert.equal(failed.tools.total, 1);
    await hourly();
    assert.equal(await count(), atFirst + 1);
    breaks = false;
    const mended = await hourly();
    assert.equal(mended.tools_status, 'synced');
    assert.equal(mended.status_reason, null);
    assert.equal(await count(), atFirst + 2);
  });

  test('an audit row names the first hundred tools and counts the rest', async () => {
    const org = await connected();
    tools = [tool('count'), ...Array.from({ length: 150 }, (_, at) => tool(`more_${at}`))];
    now += 1.2 * hour;
    await sweep();
    const [{ changes }] = await auditOf(org);
    assert.deepEqual([changes.added.length, changes.added_count], [100, 150]);
    assert.deepEqual([changes.held.length, changes.held_count], [100, 150]);
    assert.deepEqual(changes.removed, []);
    assert.equal(
      (await toolsOf(org, org.id)).some(([name, isEnabled]) => isEnabled && name !== 'count'),
      false,
    );
  });

  test('a reading that somebody asked for puts off the next one by an hour', async () => {
    const org = await connected();
    now += 1.2 * hour;
    assert.equal(await asked(() => org.ask('POST', `/v1/connections/${org.id}/sync`)), 1);
    assert.equal(await asked(sweep), 0);
  });

  test('a connection that is out of service is left alone until it is back', async () => {
    const org = await connected();
    await org.ask('PATCH', `/v1/connections/${org.id}`, { is_active: false });
    now += 1.2 * hour;
    assert.equal(await asked(sweep), 0);
    await org.ask('PATCH', `/v1/connections/${org.id}`, { is_active: true });
    assert.equal(await asked(sweep), 1);
  });

  test('a document is read again at its address', async () => {
    const paths: Record<string, object> = {};
    const get = (operationId: string) => ({
      get: { operationId, responses: { 200: { description: 'Done.' } } },
    });
    paths['/one'] = get('one');
    const service: Fake = await httpService((_seen, response) =>
      sendJson(response, {
        openapi: '3.1.0',
        info: { title: 'Numbers', version: '1' },
        servers: [{ url: service.url }],
        paths,
      }),
    );
    try {
      const org = await organization();
      const { id } = await org.ask('POST', '/v1/connections', {
        kind: 'openapi',
        nickname: 'numbers',
        document_url: `${service.url}/openapi.json`,
      });
      paths['/two'] = get('two');
      now += 1.2 * hour;
      await sweep();
      assert.deepEqual(await toolsOf(org, id), [
        ['one', true],
        ['two', false],
      ]);
    } finally {
      await service.close();
    }
  });
});

/** One more replica’s job, over the same rows. */
function replica(): Syncer {
  const { database, drivers, keeper, config } = world.crib;
  const { egress, connectionHooks } = world.crib.ctxFor({
    principal: world.crib.founded.operator,
    requestId: 'req_test',
  });
  const onError = (error: unknown): void => void world.logged.push(String(error));
  return createSyncer({
    database,
    clock,
    drivers,
    keeper,
    egress,
    connectionHooks,
    isLaptop: config.isLaptop,
    onError,
  });
}

describe('what a service says otherwise than was accepted', () => {
  test('is told to webhooks once, and again where more comes or it says something else', async () => {
    const receiver = await startReceiver();
    try {
      const org = await connected();
      await org.ask('POST', '/v1/webhooks', { url: receiver.url, events: ['connection.drifted'] });
      const reading = async (...listed: object[]): Promise<void> => {
        tools = listed;
        now += 1.2 * hour;
        await sweep();
        await world.crib.deliverer.settle();
      };
      const reset = tool('reset');
      await reading(tool('count'), reset);
      const { json } = await receiver.arrived(1);
      assert.deepEqual(json, {
        type: 'connection.drifted',
        timestamp: json.timestamp,
        data: {
          connection_id: org.id,
          connection_slug: 'counter',
          connection_name: 'counter',
          held: [{ tool: 'counter__reset', kind: 'added', class: 'added' }],
          newly_held_count: 1,
          held_count: 1,
        },
      });
      await reading(tool('count'), reset);
      assert.equal(receiver.messages.length, 1);
      const described = (description: string) => tool('count', { description });
      await reading(described('Counts.'), reset);
      const second = await receiver.arrived(2);
      assert.deepEqual(second.json.data.held, [{ tool: 'counter__count', kind: 'changed', class: 'text' }]);
      assert.equal(second.json.data.held_count, 2);
      await reading(described('Counts.'), reset);
      assert.equal(receiver.messages.length, 2);
      await reading(described('Counts up.'), reset);
      assert.equal((await receiver.arrived(3)).json.data.newly_held_count, 1);
      await reading(reset);
      assert.deepEqual((await receiver.arrived(4)).json.data.held, [
        { tool: 'counter__count', kind: 'removed', class: 'removed' },
      ]);
      // An empty list says nothing.
      await reading();
      assert.equal(receiver.messages.length, 4);
    } finally {
      await receiver.close();
    }
  });

  test('is counted on the connection, and named by a sync in both contracts', async () => {
    const org = await connected();
    const read = async (): Promise<Json> => org.ask('GET', `/v1/connections/${org.id}`);
    assert.equal((await read()).held_count, 0);
    tools = [
      tool('count', { inputSchema: { type: 'object', required: ['by'], properties: { by: {} } } }),
      tool('reset'),
    ];
    const sync = await org.ask('POST', `/v1/connections/${org.id}/sync`);
    const listed = (await org.ask('GET', `/v1/connections/${org.id}/tools`)) as Json[];
    const idOf = (name: string): string => listed.find((one) => one.name === name).id;
    assert.deepEqual(sync, {
      added: ['reset'],
      changed: ['count'],
      removed: [],
      unchanged: 0,
      held: [
        { tool_id: idOf('count'), tool: 'counter__count', kind: 'changed', class: 'breaking' },
        { tool_id: idOf('reset'), tool: 'counter__reset', kind: 'added', class: 'added' },
      ],
    });
    const { held_count: count, tools: counted } = await read();
    assert.deepEqual([count, counted], [2, { total: 2, enabled: 1 }]);
    assert.deepEqual(
      (await org.ask('GET', '/v1/connections')).map((one: Json) => one.held_count),
      [2],
    );
    const path = `/v1/integrations/connections/${org.id}/sync`;
    const other = await world.fetchJson('POST', path, undefined, org.key);
    assert.deepEqual(other.json, {
      added: [],
      changed: [],
      removed: [],
      unchanged: 2,
      held: sync.held.map(({ tool: slug, ...one }: Json) => ({ ...one, slug })),
    });
  });
});

describe('over replicas', () => {
  test('each reading that is due is done once', async () => {
    await connected('one');
    await connected('two');
    await connected('three');
    now += 1.2 * hour;
    const others = [replica(), replica()];
    assert.equal(await asked(() => Promise.all([sweep(), ...others.map((other) => other.sweep())])), 3);
    await Promise.all(others.map((other) => other.close()));
  });

  test('what a process that stops leaves unread, the next one reads', async () => {
    const { id, ...org } = await connected();
    const stopping = replica();
    const held = Promise.withResolvers<void>();
    const slow = await scriptedMcp({
      era: 'legacy',
      tools: () => ({ tools }),
      intercept(_seen, message) {
        if (message?.method !== 'tools/list') return false;
        held.resolve();
        return true; // and never answers
      },
    });
    const moveTo = (url: string) =>
      stored(sql`update connections set address = ${url} where connection_id = ${id}`);
    await moveTo(slow.url);
    now += 1.2 * hour;
    const sweeping = stopping.sweep();
    await held.promise;
    await stopping.close();
    await sweeping;
    assert.equal((await org.ask('GET', `/v1/connections/${id}`)).tools_status, 'synced');
    await moveTo(server.url);
    await slow.close();
    assert.equal(await asked(sweep), 1);
  });
});

describe('a server that says its tools have changed', () => {
  test('is asked for them at once, and no more often than every ten seconds however often it says so', async () => {
    const org = await connected();
    now += 60_000;
    said = Array.from({ length: 50 }, () => changed);
    await org.call();
    tools = [tool('count'), tool('reset')];
    assert.equal(await asked(sweep), 1);
    assert.deepEqual(await toolsOf(org, org.id), [
      ['count', true],
      ['reset', false],
    ]);
    await org.call();
    assert.equal(await asked(sweep), 0);
    now += 10_000;
    assert.equal(await asked(sweep), 1);
    now += 10_000;
    assert.equal(await asked(sweep), 0);
  });

  test('moves nobody else’s readings', async () => {
    const [org, other] = [await connected(), await connected()];
    now += 60_000;
    said = [changed];
    await org.call();
    const syncedAt = async (one: typeof org): Promise<string> =>
      (await one.ask('GET', `/v1/connections/${one.id}`)).tools_synced_at;
    const [mine, theirs] = [await syncedAt(org), await syncedAt(other)];
    await sweep();
    assert.notEqual(await syncedAt(org), mine);
    assert.equal(await syncedAt(other), theirs);
  });

  test('over stdio has all its connections read again', async () => {
    const ask = (method: string, path: string, body?: unknown) => world.fetchJson(method, path, body);
    const made = await ask('POST', '/v1/connections', {
      kind: 'mcp',
      nickname: 'growing',
      stdio_server: 'growing',
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json.data.tools.total, 1);
    const { id } = made.json.data;
    now += 60_000;
    await ask('POST', '/v1/packs', { name: 'Growing', entries: [{ slug: 'growing' }] });
    const grown = await ask('POST', '/v1/calls', { pack: 'growing', tool: 'growing__grow' });
    assert.equal(grown.status, 200, grown.text);
    await sweep();
    const { json } = await ask('GET', `/v1/connections/${id}`);
    assert.deepEqual(json.data.tools, { total: 2, enabled: 1 });
  });

  test('is asked without waiting for the next minute', async () => {
    const org = await connected();
    now += 60_000;
    said = [changed];
    world.crib.syncer.start();
    const read = Promise.withResolvers<void>();
    onListing = () => read.resolve();
    await org.call();
    await read.promise;
    onListing = () => undefined;
    await sweep();
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { listing } from '../contracts/mcp-counter.ts';
import { itemsFile } from '../contracts/upgrade-desk.ts';
import {
  cleanUp,
  needsServer,
  onCleanUp,
  serverGround,
  startServer,
  until,
  type Answer,
  type Json,
  type Server,
  type ThrowAway,
} from '../processes.ts';
import { adminTold } from '../stock.ts';

after(cleanUp);

describe('an upgrade that is under way', { skip: needsServer }, () => {
  let database: ThrowAway;
  let server: Server;
  let admin: string;
  let connectionId: string;
  let packId: string;

  const make = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await server.ask(method, path, { key: admin, body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer.json['data']!;
  };
  const upgrade = (): Promise<Answer> =>
    server.ask('POST', `/v1/connections/${connectionId}/upgrade`, { key: admin, body: {} });
  const everything = async (): Promise<unknown> => ({
    connection: await make('GET', `/v1/connections/${connectionId}`),
    tools: await make('GET', `/v1/connections/${connectionId}/tools?limit=100`),
    packs: await make('GET', '/v1/packs'),
    versions: await make('GET', `/v1/connections/${connectionId}/versions`),
  });
  /** Somebody else has hold of the pack: an upgrade gets as far as that, its tools and the entry written already. */
  const holdPack = async (): Promise<{ release(): Promise<void> }> => {
    const holder = new Client({ connectionString: database.url });
    holder.on('error', () => undefined);
    await holder.connect();
    onCleanUp(() => holder.end());
    await holder.query('begin');
    await holder.query('select from packs where pack_id = $1 for share', [packId]);
    return { release: async () => void (await holder.query('rollback')) };
  };
  const untilItWaits = (): Promise<boolean> =>
    until('the upgrade waits for the pack', 20_000, async () => {
      const [row] = await database.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return row!.waiting > 0 ? true : null;
    });

  before(async () => {
    const ground = await serverGround();
    database = ground.database;
    server = await startServer(ground.env);
    admin = adminTold(server);
    await make('POST', '/v1/catalog', itemsFile(1, 'http://127.0.0.1:9'));
    const connection = await make('POST', '/v1/connections', { kind: 'catalog', connector: 'items' });
    connectionId = connection['id'];
    const pack = await make('POST', '/v1/packs', {
      name: 'Finding',
      entries: [{ slug: 'items', selection: 'exactly', tools: ['find_items'] }],
    });
    packId = pack['id'];
    for (const version of [2, 3, 4]) {
      await make('POST', '/v1/catalog', itemsFile(version, 'http://127.0.0.1:9'));
    }
  });

  it('leaves nothing behind when its process is killed, and keeps a second one out until then', async () => {
    const before = await everything();
    const held = await holdPack();
    const lost = upgrade().catch(() => null);
    await untilItWaits();
    const second = await upgrade();
    assert.equal(second.status, 409, second.text);
    assert.equal(second.json['error']['code'], 'upgrade_running');
    assert.deepEqual(await everything(), before, 'nobody sees half of it');
    await server.stop('SIGKILL');
    assert.equal(await lost, null);
    await held.release();
    server = await startServer(server.env);
    assert.deepEqual(await everything(), before);
  });

  it('is done whole by the next one', async () => {
    // What is left of the killed one's session ends when its database notices.
    const done = await until('an upgrade runs', 20_000, async () => {
      const answer = await upgrade();
      return answer.status === 409 ? null : answer;
    });
    assert.equal(done.status, 200, done.text);
    assert.equal(done.json['data']['migration_applied'], true);
    assert.equal(done.json['data']['new_version'], 4);
    const { entries } = await make('GET', `/v1/packs/${packId}`);
    assert.deepEqual(entries![0]!['tools'], ['search']);
  });

  it('a list that is read while names change is of one moment: its pack and its tools agree', async () => {
    await make('POST', '/v1/packs', {
      name: 'All',
      entries: [
        { slug: 'items', overrides: { search: { inputs: { owner: { mode: 'pinned', value: 'us' } } } } },
      ],
    });
    const other = new Client({ connectionString: database.url });
    other.on('error', () => undefined);
    await other.connect();
    onCleanUp(() => other.end());
    await other.query('begin');
    await other.query('lock table tools in access exclusive mode');
    const listed = fetch(`${server.url}/mcp/all`, {
      method: 'POST',
      headers: { ...listing.headers, 'content-type': 'application/json', authorization: `Bearer ${admin}` },
      body: JSON.stringify(listing.body),
    });
    // It has read the pack and waits for the tools: what commits now is no part of either.
    await untilItWaits();
    await other.query(`update tools set name = 'look', slug = 'items__look' where name = 'search'`);
    await other.query(`update pack_entries set overrides = jsonb_build_object('look', overrides -> 'search')
      where overrides ? 'search'`);
    await other.query('commit');
    const answer = (await (await listed).json()) as Json;
    const tools = answer['result']['tools'] as Json[];
    const found = tools.find(({ name }) => name === 'items__search' || name === 'items__look');
    assert.ok(found, JSON.stringify(answer));
    assert.ok(!('owner' in found['inputSchema']['properties']), JSON.stringify(found));
  });
});

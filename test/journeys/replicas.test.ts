import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { startCuttableProxy, type CuttableProxy } from '../fakes/cuttable-proxy.ts';
import { callTool, stockPack, type Stock } from '../stock.ts';
import {
  cleanUp,
  freshEnv,
  needsServer,
  onCleanUp,
  serverGround,
  startServer,
  until,
  type Answer,
  type Server,
  type ThrowAway,
} from '../processes.ts';

after(cleanUp);

describe('two replicas over one PostgreSQL', { skip: needsServer }, () => {
  let database: ThrowAway;
  let proxy: CuttableProxy;
  let a: Server;
  let b: Server;
  let admin: string;
  let stock: Stock;

  before(async () => {
    const ground = await serverGround();
    database = ground.database;
    const behind = new URL(database.url);
    proxy = await startCuttableProxy({ host: behind.hostname, port: Number(behind.port || 5432) });
    onCleanUp(() => proxy.close());
    behind.port = String(proxy.port);
    behind.hostname = '127.0.0.1';
    const { PORT, TOOLCRIB_DATA_DIR } = await freshEnv();
    const envB = {
      ...ground.env,
      PORT: PORT!,
      TOOLCRIB_DATA_DIR: TOOLCRIB_DATA_DIR!,
      DATABASE_URL: behind.href,
    };
    [a, b] = await Promise.all([startServer(ground.env), startServer(envB)]);
    const told = [a, b].flatMap(
      (server) => /admin key \(shown once\) +(\S+)/.exec(server.stdout())?.[1] ?? [],
    );
    assert.equal(told.length, 1, 'one of them founded, and told the key');
    admin = told[0]!;
    stock = await stockPack(a, admin);
  });

  it('make one organization when they start at the same moment', async () => {
    const [counts] = await database.query(
      `select (select count(*)::int from organizations) as organizations, (select count(*)::int from workspaces) as
       workspaces, (select count(*)::int from keys where kind = 'admin') as admins,
       (select count(*)::int from installation) as installations`,
    );
    assert.deepEqual(counts, { organizations: 1, workspaces: 1, admins: 1, installations: 1 });
    for (const server of [a, b]) {
      assert.equal((await server.ask('GET', '/v1/orgs', { key: admin })).status, 200);
    }
  });

  const manage = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await a.ask(method, path, { key: admin, body });
    assert.ok(answer.status < 300, answer.text);
    return answer;
  };
  const reaches = async (tool = 'write_note'): Promise<number> => (await callTool(b, stock, tool)).status;
  /** Changes on A, and waits for B to answer otherwise. */
  const inForce = async (limit: number, edit: () => Promise<unknown>, expected: number, tool?: string) => {
    await edit();
    await until('it is in force on the other replica', limit, async () =>
      (await reaches(tool)) === expected ? true : null,
    );
  };
  const newKey = async (): Promise<void> => {
    const body = { name: 'another', scopes: ['runtime:all'], pack_ids: [stock.packId] };
    const { json } = await manage('POST', '/v1/keys', body);
    stock = { ...stock, runtime: json['data']['key'], runtimeId: json['data']['id'] };
    assert.equal(await reaches(), 200);
  };
  const revoke = () => manage('DELETE', `/v1/keys/${stock.runtimeId}`);
  const setEnabled = (isEnabled: boolean) =>
    manage('PATCH', `/v1/tools/${stock.toolId('write_note')}`, { is_enabled: isEnabled });
  const setTools = (tools: string[] | null) =>
    manage('PATCH', `/v1/packs/${stock.packId}`, {
      entries: [{ slug: stock.pack, ...(tools ? { selection: 'exactly', tools } : { selection: 'all' }) }],
    });

  for (const [how, limit] of [
    ['within a second', 1_000],
    ['within five seconds with the bus cut', 5_000],
  ] as const) {
    describe(how, () => {
      before(async () => {
        if (limit < 5_000) return;
        proxy.cutWhoSays('listen toolcrib');
        await b.said(/the change bus is cut/);
      });
      after(() => proxy.restore());

      it('a tool that is turned off on one is off on the other, and on again', async () => {
        assert.equal(await reaches(), 200);
        await inForce(limit, () => setEnabled(false), 404);
        await inForce(limit, () => setEnabled(true), 200);
      });

      it('a pack that is narrowed on one is narrow on the other', async () => {
        assert.equal(await reaches('read_notes'), 200);
        await inForce(limit, () => setTools(['write_note']), 404, 'read_notes');
        await inForce(limit, () => setTools(null), 200, 'read_notes');
      });

      it('a key that is revoked on one is refused on the other', async () => {
        assert.equal(await reaches(), 200);
        await inForce(limit, revoke, 401);
        await newKey();
      });
    });
  }

  it('hear of changes again when the bus is back', async () => {
    // Four of one second: the bus makes its connection anew once a second.
    await until('the bus is back', 4_000, () =>
      b.stderr().lastIndexOf('the change bus is up') > b.stderr().lastIndexOf('the change bus is cut')
        ? true
        : null,
    );
    assert.equal(await reaches(), 200);
    await inForce(1_000, () => setEnabled(false), 404);
    await inForce(1_000, () => setEnabled(true), 200);
  });

  it('serve each other’s sessions, and end them for each other', async () => {
    const send = (
      server: Server,
      method: string,
      session: string | null,
      message?: object,
    ): Promise<Response> =>
      fetch(`${server.url}/mcp/${stock.pack}`, {
        method,
        headers: {
          authorization: `Bearer ${stock.runtime}`,
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...(session === null ? {} : { 'mcp-session-id': session, 'mcp-protocol-version': '2025-06-18' }),
        },
        body: message ? JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }) : null,
      });
    const greeted = await send(a, 'POST', null, {
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    });
    assert.equal(greeted.status, 200);
    const session = greeted.headers.get('mcp-session-id')!;
    const listed = await send(b, 'POST', session, { method: 'tools/list' });
    assert.equal(listed.status, 200);
    assert.match(await listed.text(), /ledger__write_note/);
    assert.equal((await send(a, 'DELETE', session)).status, 204);
    await until('the other replica knows it has ended', 1_000, async () =>
      (await send(b, 'POST', session, { method: 'tools/list' })).status === 404 ? true : null,
    );
  });

  it('keep the journal from being rewritten, and rows from whoever says no scope', async () => {
    const client = new Client({ connectionString: database.url, options: '-c role=toolcrib_app' });
    await client.connect();
    try {
      for (const table of ['audit_rows', 'call_starts', 'call_ends']) {
        for (const statement of [
          `update ${table} set reason = 'x'`,
          `delete from ${table}`,
          `truncate ${table}`,
        ]) {
          const set = statement.replace("reason = 'x'", 'organization_id = organization_id');
          await assert.rejects(client.query(set), { code: '42501' }, set);
        }
      }
      const tables = await database.query<{ name: string; forced: boolean; owned: boolean }>(
        `select relname as name, relrowsecurity and relforcerowsecurity as forced,
           relowner = 'toolcrib_app'::regrole as owned
         from pg_class join information_schema.columns on table_schema = 'public' and table_name = relname
         where relkind = 'r' and relnamespace = 'public'::regnamespace and column_name = 'organization_id'`,
      );
      assert.ok(tables.length > 15);
      let filled = 0;
      for (const { name, forced, owned } of tables) {
        assert.equal(forced, true, name);
        assert.equal(owned, false, name);
        const { rows } = await client.query<{ seen: number }>(`select count(*)::int as seen from ${name}`);
        assert.equal(rows[0]?.seen, 0, name);
        const [all] = await database.query<{ held: number }>(`select count(*)::int as held from ${name}`);
        if (all!.held > 0) filled += 1;
      }
      assert.ok(filled > 10, 'and there was something to see');
      const [role] = await database.query(
        "select rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname = 'toolcrib_app'",
      );
      assert.deepEqual(role, { rolsuper: false, rolbypassrls: false, rolcanlogin: false });
    } finally {
      await client.end();
    }
  });
});

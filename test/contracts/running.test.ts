import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Pool } from 'pg';
import { createMetricsServer } from '../../src/edges/index.ts';
import { createLocalBus, openDatabase } from '../../src/kernel/index.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
before(async () => void (world = await startWorld()));
after(() => world.close());

/** A server that takes connections and never says a word. */
async function silent(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => void socket.on('error', () => undefined));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : 0 };
}

const databaseAt = (port: number) => {
  const pool = new Pool({ host: '127.0.0.1', port, user: 'x', database: 'x', connectionTimeoutMillis: 3000 });
  pool.on('error', () => undefined);
  return openDatabase('server', pool, createLocalBus());
};

describe('when the database is away', () => {
  for (const [how, isSilent] of [
    ['refuses', false],
    ['is silent', true],
  ] as const) {
    it(`every route but /healthz answers 503 with Retry-After within 5 s (it ${how})`, async (t) => {
      const { server, port } = await silent();
      if (!isSilent) await new Promise((resolve) => void server.close(resolve));
      const database = databaseAt(port);
      const away = await startWorld({ beside: world, deps: { database } });
      t.after(async () => {
        await away.close();
        await database.close();
        server.close();
      });
      assert.equal((await away.ask('GET', '/healthz')).status, 200);
      const paths = [
        '/v1/keys',
        '/api/v1/access-keys/',
        '/v1/integrations/connections',
        '/v1/orgs',
        '/v1/nowhere',
        '/docs',
        '/openapi.json',
        '/metrics',
        '/readyz',
      ];
      const began = performance.now();
      await Promise.all(
        paths.map(async (path) => {
          const answer = await away.ask('GET', path);
          assert.equal(answer.status, 503, path);
          assert.ok(Number(answer.headers.get('retry-after')) >= 1, path);
        }),
      );
      assert.ok(performance.now() - began < 5000);
      const { json } = await away.ask('GET', '/readyz');
      assert.equal(json.checks.database, 'not reachable');
    });
  }
});

describe('/readyz', () => {
  it('says when a migration is missing or the master key does not fit', async (t) => {
    const other = await startWorld({
      beside: world,
      deps: {
        migrations: join(import.meta.dirname, 'later-migrations'),
        checkMasterKey: () => Promise.reject(new Error('no')),
      },
    });
    t.after(() => other.close());
    const { status, json } = await other.ask('GET', '/readyz', { key: '' });
    assert.equal(status, 503);
    assert.equal(json.checks.database, 'ok');
    assert.equal(json.checks.migrations, 'missing 9999-later.sql');
    assert.match(json.checks.master_key, /does not open/);
  });
});

describe('stopping', () => {
  it('is not ready first, ends streams, finishes what is under way', async () => {
    const other = await startWorld({ beside: world });
    const headers = { authorization: `Bearer ${world.adminKey}` };
    const stream = await fetch(`${other.url}/v1/calls/stream`, { headers });
    other.stop();
    assert.equal((await other.ask('GET', '/readyz')).json.checks.serving, 'stopping');
    assert.equal((await other.ask('GET', '/v1/keys')).status, 200);
    assert.match(await stream.text(), /^: listening/);
    const underWay = other.ask('POST', '/v1/keys', { body: {} });
    await other.ask('GET', '/healthz');
    await Promise.all([other.close(), underWay.then((answer) => assert.equal(answer.status, 201))]);
    await assert.rejects(other.ask('GET', '/healthz'));
  });
});

describe('TOOLCRIB_METRICS_PORT', () => {
  it('serves metrics without a key, and nothing else', async () => {
    const server = createMetricsServer(world.deps.metrics);
    const { port } = await server.listen(0, '127.0.0.1');
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    assert.match(await answer.text(), /process_cpu_user_seconds_total/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/v1/keys`)).status, 404);
    await server.close();
  });
});

describe('two replicas', () => {
  it('execute a request with one Idempotency-Key once between them', async (t) => {
    const other = await startWorld({ beside: world });
    t.after(() => other.close());
    const { key } = await world.organization();
    const request = { key, body: { name: 'shared' }, headers: { 'idempotency-key': 'both' } };
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? world : other).ask('POST', '/v1/keys', request)),
    );
    assert.equal(new Set(answers.map((answer) => answer.text)).size, 1);
    assert.equal((await world.ask('GET', '/v1/keys', { key })).json.data.length, 2);
  });
});

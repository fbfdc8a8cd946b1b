import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { deleteConnection, findConnection } from '../../src/connections/index.ts';
import {
  cleanUp,
  freePort,
  freshEnv,
  keysTold,
  onCleanUp,
  plainEnv,
  runProgram,
  spawnServer,
  startServer,
  until,
  withCrib,
  type Server,
} from '../processes.ts';

after(cleanUp);

describe('a first start', () => {
  let server: Server;
  let keys: { admin: string; runtime: string };
  let env: Awaited<ReturnType<typeof freshEnv>>;

  before(async () => {
    env = await freshEnv();
    server = await startServer(env);
    keys = keysTold(server);
  });

  const file = (name: string): string => join(env['TOOLCRIB_DATA_DIR']!, name);
  const modeOf = (name: string): string => (statSync(file(name)).mode & 0o777).toString(8);
  const callSample = (tool: string) =>
    server.ask('POST', '/v1/calls', { key: keys.runtime, body: { pack: 'sample', tool, arguments: {} } });

  it('says its address, its sample, the admin key once, and a block for a client', async () => {
    const told = server.stdout();
    assert.match(told, new RegExp(`^✓ Toolcrib {3}${server.url} {3}data `));
    assert.match(told, /✓ sample “Helpdesk”: 6 tools, 1 off, 1 pinned, 1 trimmed/);
    assert.equal(told.split(keys.admin).length, 2, 'the admin key stands there once');
    const block = JSON.parse(told.slice(told.indexOf('  {\n'), told.lastIndexOf('}\n') + 1)) as {
      mcpServers: { toolcrib: { type: string; url: string } };
    };
    assert.equal(block.mcpServers.toolcrib.type, 'http');
    assert.equal(block.mcpServers.toolcrib.url, `${server.url}/mcp/sample`);
    assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
  });

  it('gives a runtime key that calls the sample pack and manages nothing', async () => {
    const called = await callSample('helpdesk__list_tickets');
    assert.equal(called.status, 200, called.text);
    assert.equal(called.json['isError'], false);
    for (const path of ['/v1/keys', '/v1/users', '/v1/audit', '/v1/calls', '/v1/orgs']) {
      assert.equal((await server.ask('GET', path, { key: keys.runtime })).status, 403, path);
    }
    const made = await server.ask('POST', '/v1/keys', { key: keys.runtime, body: {} });
    assert.equal(made.status, 403);
  });

  it('keeps the master key and the command line’s key for the owner’s eyes alone', () => {
    assert.equal(modeOf('master.key'), '600');
    assert.equal(modeOf('client.json'), '600');
    assert.equal((statSync(env['TOOLCRIB_DATA_DIR']!).mode & 0o077) % 0o10, 0);
  });

  it('leaves a sample that works, and prints no key, at the second start', async () => {
    const before = readFileSync(file('client.json'), 'utf8');
    const masterKey = readFileSync(file('master.key'), 'utf8').trim();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    server = await startServer(env);
    assert.doesNotMatch(server.stdout() + server.stderr(), /tck_/);
    assert.match(server.stdout(), /the admin key was shown at the first start/);
    assert.equal(readFileSync(file('client.json'), 'utf8'), before);
    assert.equal(readFileSync(file('master.key'), 'utf8').trim(), masterKey);
    assert.equal((await callSample('helpdesk__list_tickets')).json['isError'], false);
    const orgs = await server.ask('GET', '/v1/orgs', { key: keys.admin });
    assert.deepEqual(
      (orgs.json as unknown as { slug: string }[]).map(({ slug }) => slug),
      ['default'],
    );
  });

  it('leaves a sample that was deleted deleted', async () => {
    await server.stop();
    await withCrib(env, async (crib, ctx) => {
      const { organizationId } = crib.founded.operator;
      const connection = await crib.database.transaction({ organizationId }, (tx) =>
        findConnection(tx, organizationId, { slug: 'helpdesk' }),
      );
      await deleteConnection(ctx, connection!.id, { force: true });
    });
    server = await startServer(env);
    assert.doesNotMatch(server.stdout(), /sample/);
    const called = await callSample('helpdesk__list_tickets');
    assert.equal(called.status, 404, called.text);
  });

  it('never says a key or the master key but at the first start', async () => {
    const quiet = server.stdout() + server.stderr();
    const masterKey = readFileSync(file('master.key'), 'utf8').trim();
    for (const secret of [keys.admin, keys.runtime, masterKey]) {
      assert.equal(quiet.includes(secret), false);
    }
  });
});

describe('TOOLCRIB_ADMIN_KEY', () => {
  it('is the admin key of the very first start, is not printed, and changes nothing later', async () => {
    const key = 'b7Kq2LmZ9xWc4RtY8uPn3VsD6hJf5GaE';
    const env = await plainEnv({ TOOLCRIB_ADMIN_KEY: key });
    let server = await startServer(env);
    assert.equal((await server.ask('GET', '/v1/orgs', { key })).status, 200);
    assert.equal((server.stdout() + server.stderr()).includes(key), false);
    await server.stop();
    const other = 'Zq8Wn5Bv2Kx7Lc4Mj9Hd3Gf6Ts1Rp0Ye';
    server = await startServer({ ...env, TOOLCRIB_ADMIN_KEY: other });
    assert.equal((await server.ask('GET', '/v1/orgs', { key })).status, 200);
    assert.equal((await server.ask('GET', '/v1/orgs', { key: other })).status, 401);
  });
});

describe('a first start that fails or is killed', () => {
  it('is still the first start when its port was taken', async () => {
    const env = await freshEnv();
    const taken = createServer().listen(Number(env['PORT']), '127.0.0.1');
    await once(taken, 'listening');
    onCleanUp(() => void taken.close());
    const failed = runProgram(['start'], env);
    assert.equal((await failed.exited).code, 1);
    assert.match(failed.stderr(), new RegExp(`^toolcrib: PORT ${env['PORT']} is in use[^\n]*\n$`));
    const server = await startServer({ ...env, PORT: String(await freePort()) });
    assert.match(server.stdout(), /sample “Helpdesk”: 6 tools/);
    assert.ok(keysTold(server).admin);
  });

  it('leaves nothing that keeps the next one from starting', async () => {
    const env = await plainEnv();
    const half = spawnServer(env);
    await until('the database begins to be made', 20_000, () =>
      existsSync(join(env['TOOLCRIB_DATA_DIR']!, 'database', 'PG_VERSION')) ? true : null,
    );
    await half.stop('SIGKILL');
    const server = await startServer(env);
    assert.match(server.stdout(), /admin key \(shown once\)/);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startCuttableProxy, type CuttableProxy } from '../fakes/cuttable-proxy.ts';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';
import {
  cleanUp,
  needsServer,
  onCleanUp,
  serverGround,
  startServer,
  until,
  type Answer,
  type Ground,
  type Server,
} from '../processes.ts';

after(cleanUp);

describe('while the database is away', { skip: needsServer }, () => {
  let ground: Ground;
  let proxy: CuttableProxy;
  let server: Server;
  let stock: Stock;

  before(async () => {
    const made = await serverGround();
    ground = made;
    const address = new URL(made.database.url);
    proxy = await startCuttableProxy({ host: address.hostname, port: Number(address.port || 5432) });
    onCleanUp(() => proxy.close());
    address.hostname = '127.0.0.1';
    address.port = String(proxy.port);
    server = await startServer({ ...ground.env, DATABASE_URL: address.href });
    stock = await stockPack(server, adminTold(server));
    assert.equal((await callTool(server, stock)).status, 200);
  });

  const listTools = (): Promise<Answer> =>
    server.ask('POST', `/mcp/${stock.pack}`, {
      key: stock.runtime,
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
      },
    });
  const asks: Record<string, () => Promise<Answer>> = {
    'GET /readyz': () => server.ask('GET', '/readyz', {}),
    'GET /v1/keys': () => server.ask('GET', '/v1/keys', { key: stock.admin }),
    'POST /v1/users': () =>
      server.ask('POST', '/v1/users', {
        key: stock.admin,
        body: { origin_user_id: 'away', origin_user_name: 'Away' },
      }),
    'GET /v1/users without a key': () => server.ask('GET', '/v1/users', {}),
    'GET /api/v1/tool-packs/': () => server.ask('GET', '/api/v1/tool-packs/', { key: stock.admin }),
    'GET /openapi.json': () => server.ask('GET', '/openapi.json', {}),
    'GET /connect': () => server.ask('GET', `/connect/${'A'.repeat(43)}`, {}),
    'GET /nowhere': () => server.ask('GET', '/nowhere', { key: stock.admin }),
    'POST /v1/calls': () => callTool(server, stock),
    'POST /mcp': listTools,
  };
  /** From five seconds after the fault on every answer is 503, and none takes longer than five seconds. */
  const assertAway = async (): Promise<void> => {
    const assertEach = async ([title, send]: [string, () => Promise<Answer>]): Promise<void> => {
      let answer: Answer | null = null;
      await until(`${title} answers 503`, 5_000, async () => {
        answer = await send();
        return answer.status === 503 ? true : null;
      });
      const begun = performance.now();
      answer = await send();
      const took = performance.now() - begun;
      assert.equal(answer.status, 503, `${title}: ${answer.status} ${answer.text}`);
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/, title);
      assert.ok(took < 5_000, `${title} took ${took} ms`);
    };
    await Promise.all(Object.entries(asks).map(assertEach));
    assert.equal((await server.ask('GET', '/healthz', {})).status, 200);
  };
  const assertBack = async (): Promise<void> => {
    await until('it is ready again', 10_000, async () =>
      (await server.ask('GET', '/readyz', {})).status === 200 ? true : null,
    );
    // Connections that broke are found broken one by one; each that is met is replaced.
    await until('calls succeed again', 5_000, async () =>
      (await callTool(server, stock)).json?.['isError'] === false ? true : null,
    );
  };

  it('every route but /healthz answers 503 within five seconds, and recovery needs no restart', async () => {
    const before = stock.ledger.requests.length;
    proxy.cut();
    await assertAway();
    assert.equal(stock.ledger.requests.length, before, 'nothing was called');
    proxy.restore();
    await assertBack();
  });

  it('the same holds where the network swallows everything', async () => {
    const before = stock.ledger.requests.length;
    proxy.freeze();
    await assertAway();
    assert.equal(stock.ledger.requests.length, before, 'nothing was called');
    proxy.restore();
    await assertBack();
  });

  it('no request reached the service without its row', async () => {
    const [rows] = await ground.owner<{ count: number }>('select count(*)::int as count from call_starts');
    assert.ok(stock.ledger.requests.length <= rows!.count);
    const [users] = await ground.owner<{ count: number }>(
      'select count(*)::int as count from registered_users',
    );
    assert.equal(users!.count, 0, 'what was refused was not done');
  });

  it('SIGTERM still ends it well within ten seconds', async () => {
    proxy.cut();
    const begun = performance.now();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.ok(performance.now() - begun < 10_000);
  });
});

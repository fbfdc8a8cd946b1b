import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { adminTold, callTool, stockPack } from '../stock.ts';
import { cleanUp, grounds, startServer, until } from '../processes.ts';

after(cleanUp);

for (const [name, makeGround] of grounds) {
  describe(`SIGTERM under load, on ${name}`, () => {
    it('is not ready first, answers every call in flight, and ends well within ten seconds', async () => {
      const ground = await makeGround();
      const server = await startServer(ground.env);
      const stock = await stockPack(server, adminTold(server));
      const release = stock.ledger.hold();
      const calls = Array.from({ length: 12 }, () => callTool(server, stock));
      await stock.ledger.arrived(12);

      const begun = performance.now();
      server.child.kill('SIGTERM');
      const gone = await until('it is not ready', 3_000, async () => {
        const answer = await server.ask('GET', '/readyz', { patience: 1_000 }).catch(() => 'closed' as const);
        return answer === 'closed' || answer.status === 503 ? answer : null;
      });
      // A server that others stand before says so; one on a laptop may close its door at once.
      if (ground.kind === 'server') assert.equal(gone === 'closed' ? gone : gone.status, 503);
      let isOver = false;
      void server.exited.then(() => (isOver = true));
      assert.equal(isOver, false, 'it waits for what is in flight');
      release();
      for (const { status, json } of await Promise.all(calls)) {
        assert.equal(status, 200);
        assert.equal(json['isError'], false);
      }
      assert.deepEqual(await server.exited, { code: 0, signal: null });
      assert.ok(performance.now() - begun < 10_000);
      const rows = await ground.owner<{ outcome: string; count: number }>(
        `select coalesce(outcome, 'started') as outcome, count(*)::int as count
         from call_starts left join call_ends using (organization_id, call_id) group by 1`,
      );
      assert.deepEqual(rows, [{ outcome: 'ok', count: 12 }]);
    });
  });
}

it('a stop gives up what does not end, says so of the call, and is over within ten seconds', async () => {
  const [, makeGround] = grounds.at(-1)!;
  const ground = await makeGround();
  const server = await startServer(ground.env);
  const stock = await stockPack(server, adminTold(server));
  const release = stock.ledger.hold();
  const call = callTool(server, stock).catch(() => 'cut' as const);
  await stock.ledger.arrived(1);
  const begun = performance.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(performance.now() - begun < 10_000);
  assert.equal(await call, 'cut');
  release();
  const rows = await ground.owner<{ outcome: string }>('select outcome from call_ends');
  assert.deepEqual(rows, [{ outcome: 'cancelled' }]);
});

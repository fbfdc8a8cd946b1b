import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';
import { cleanUp, grounds, runProgram, startServer, until, type Ground, type Server } from '../processes.ts';

after(cleanUp);

/** How many acknowledged requests each round lives for; 0 is killed as soon as it listens. */
const rounds = [0, 1, 2, 3, 5, 8, 13, 21, 34, 1, 4, 7, 11, 16, 22, 29, 2, 6, 18, 0];
/** Rounds on the embedded database where PostgreSQL has its turn too. */
const fewer = rounds.slice(2, 8);

/** What clients were told, and so what must be there whatever happens. */
type Told = { users: Map<string, { stem: string; edits: number }>; calls: Set<string> };

for (const [name, makeGround] of grounds) {
  const times = grounds.length > 1 && name === 'the embedded database' ? fewer : rounds;
  describe(`killed ${times.length} times under edits and calls, on ${name}`, () => {
    const told: Told = { users: new Map(), calls: new Set() };
    let ground: Ground;
    let server: Server;
    let stock: Stock;

    it('loses no acknowledged edit, and leaves none half done', async () => {
      ground = await makeGround();
      server = await startServer(ground.env);
      stock = await stockPack(server, adminTold(server));
      for (const acknowledged of times) {
        await killAfter(server, stock, told, acknowledged);
        server = await startServer(ground.env);
        await assertEdits(server, stock, told);
      }
      // And once with calls at the service whose answers nobody will ever see.
      const before = stock.ledger.requests.length;
      const release = stock.ledger.hold();
      const lost = [1, 2, 3].map(() => callTool(server, stock).catch(() => null));
      await stock.ledger.arrived(before + lost.length);
      await server.stop('SIGKILL');
      release();
      assert.deepEqual(await Promise.all(lost), [null, null, null]);
      server = await startServer(ground.env);
    });

    it('leaves no call without an outcome, and none that reached the service without a row', async () => {
      if (ground.kind === 'server') {
        // Other replicas could be at work on them, so lost calls are ended at their deadline: let it pass.
        await server.stop();
        await ground.owner("update call_starts set deadline_at = now() - interval '1 second'");
        server = await startServer(ground.env);
      }
      const listCalls = async (filter: string): Promise<{ id: string; outcome: string }[]> => {
        const found: { id: string; outcome: string }[] = [];
        for (let cursor = ''; ;) {
          const { json } = await server.ask('GET', `/v1/calls?limit=100${filter}${cursor}`, {
            key: stock.admin,
          });
          found.push(...(json['data'] as { id: string; outcome: string }[]));
          if (!json['meta']['next_cursor']) return found;
          cursor = `&cursor=${encodeURIComponent(json['meta']['next_cursor'])}`;
        }
      };
      await until('no call is left started', 5_000, async () =>
        (await listCalls('&outcome=started')).length === 0 ? true : null,
      );
      const calls = new Map((await listCalls('')).map(({ id, outcome }) => [id, outcome]));
      for (const id of told.calls) assert.match(calls.get(id) ?? 'no row', /^(ok|unknown)$/);
      assert.ok([...calls.values()].includes('unknown'), 'some were lost, so the test has met its fault');
      assert.deepEqual(
        [...new Set(calls.values())].filter((outcome) => !['ok', 'unknown', 'failed'].includes(outcome)),
        [],
      );
      assert.ok(stock.ledger.requests.length <= calls.size, 'every request to the service has its row');
    });

    it('keeps the audit whole', async () => {
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      const running = runProgram(['audit', 'verify'], ground.env);
      assert.equal((await running.exited).code, 0, running.stderr());
    });
  });
}

/** Three editors and three callers at once, until so many answers have come; then the process is killed. */
async function killAfter(server: Server, stock: Stock, told: Told, acknowledged: number): Promise<void> {
  let left = acknowledged;
  const acknowledge = (): void => {
    left -= 1;
    if (left <= 0) server.child.kill('SIGKILL');
  };
  const untilDead = async (work: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        await work();
      } catch {
        return; // the process is gone, and the answer with it
      }
      acknowledge();
    }
  };
  // A user's own id counts its edits: `<stem>-<edits>`.
  const edit = (editor: number) => async (): Promise<void> => {
    const [id, known] = [...told.users][editor] ?? [];
    const stem = known?.stem ?? randomUUID();
    const edits = known ? known.edits + 1 : 0;
    const body = { origin_user_id: `${stem}-${edits}`, ...(known ? {} : { origin_user_name: 'User' }) };
    const answer = known
      ? await server.ask('PATCH', `/v1/users/${id}`, { key: stock.admin, body })
      : await server.ask('POST', '/v1/users', { key: stock.admin, body });
    if (answer.status < 300) told.users.set(answer.json['data']['id'], { stem, edits });
  };
  const call = async (): Promise<void> => {
    const { status, json } = await callTool(server, stock);
    if (status === 200) told.calls.add(json['call_id']);
  };
  if (acknowledged === 0) server.child.kill('SIGKILL');
  await Promise.all([
    ...[0, 1, 2].map((editor) => untilDead(edit(editor))),
    ...[0, 1, 2].map(() => untilDead(call)),
  ]);
  assert.equal((await server.exited).signal, 'SIGKILL');
}

/** Each user says the last number that was acknowledged, or the one that was under way; the audit says the same. */
async function assertEdits(server: Server, stock: Stock, told: Told): Promise<void> {
  for (const [id, { stem, edits }] of told.users) {
    const { status, json } = await server.ask('GET', `/v1/users/${id}`, { key: stock.admin });
    assert.equal(status, 200);
    const said: string = json['data']['origin_user_id'];
    const stored = Number(said.slice(stem.length + 1));
    assert.ok(
      said.startsWith(stem) && stored - edits <= 1 && stored >= edits,
      `${edits} told, ${said} stored`,
    );
    told.users.set(id, { stem, edits: stored });
    const audit = await server.ask('GET', `/v1/audit?limit=1&target_id=${id}`, { key: stock.admin });
    assert.equal(audit.json['data'][0]['changes']['origin_user_id'], said, audit.text);
  }
}

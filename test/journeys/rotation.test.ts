import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Plaintext } from '../../src/vault/index.ts';
import {
  cleanUp,
  freshEnv,
  grounds,
  needsServer,
  newMasterKey,
  runProgram,
  serverGround,
  startServer,
  until,
  withCrib,
  type Answer,
  type Environment,
  type Ground,
  type Server,
} from '../processes.ts';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';

after(cleanUp);

const rotate = async (env: Environment): Promise<{ code: number | null; said: string }> => {
  const running = runProgram(['keys', 'rotate'], env);
  const { code } = await running.exited;
  return { code, said: running.stdout() + running.stderr() };
};

const assertCalls = async (server: Server, stock: Stock, token: string): Promise<void> => {
  const { status, json, text } = await callTool(server, stock);
  assert.equal(status, 200, text);
  assert.equal(json['isError'], false, text);
  assert.equal(stock.ledger.requests.at(-1)?.headers.authorization, `Bearer ${token}`);
};

async function makeKey(server: Server, key: string): Promise<Pick<Answer, 'status' | 'headers' | 'text'>> {
  const response = await fetch(`${server.url}/v1/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': 'one' },
    body: JSON.stringify({ name: 'once' }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const instanceOf = (stock: Stock): string =>
  `/v1/orgs/default/workspaces/default/tool-instances/${stock.connectionId}`;

/** Has the connection sign in with a copy of a secret kept by itself. */
async function refer(server: Server, stock: Stock, vaultId: string | null): Promise<void> {
  const body = { credential_refs: vaultId === null ? null : { token: vaultId } };
  const { status, text } = await server.ask('PUT', instanceOf(stock), { key: stock.admin, body });
  assert.equal(status, 200, text);
}

async function keepSecret(server: Server, stock: Stock, value: string): Promise<string> {
  const body = { name: 'Token', value };
  const made = await server.ask('POST', '/v1/orgs/default/vault/secrets', { key: stock.admin, body });
  assert.equal(made.status, 201, made.text);
  return made.json['vault_id'];
}

const versionsOf = (ground: Ground): Promise<{ version: number; master_key: string }[]> =>
  ground.owner('select version, master_key from organization_keys order by version');

for (const [name, makeGround] of grounds) {
  describe(`a master key that is replaced, on ${name}`, () => {
    const token = 'rotated-token-0815';
    const old = newMasterKey();
    const fresh = newMasterKey();
    let ground: Ground;
    let both: Environment;
    let server: Server;
    let stock: Stock;
    let kept: string;
    let vaultId: string;
    let before: { secret_id: string; ciphertext: Buffer }[];

    it('counts on: a secret kept by itself, a copy of it, a kept response and a call under the old one', async () => {
      ground = await makeGround({ TOOLCRIB_MASTER_KEY: old });
      both = { ...ground.env, TOOLCRIB_MASTER_KEY: fresh, TOOLCRIB_MASTER_KEY_PREVIOUS: old };
      server = await startServer(ground.env);
      const admin = adminTold(server);
      stock = await stockPack(server, admin, { name: 'ledger', token: 'replaced-by-a-reference' });
      vaultId = await keepSecret(server, stock, token);
      await refer(server, stock, vaultId);
      await assertCalls(server, stock, token);
      const answer = await makeKey(server, admin);
      assert.equal(answer.status, 201);
      kept = answer.text;
      await server.stop();
      before = await ground.owner('select secret_id, ciphertext from secrets');
      assert.deepEqual(
        (await versionsOf(ground)).map(({ version }) => version),
        [1],
      );
    });

    it('serves as before with the old one as TOOLCRIB_MASTER_KEY_PREVIOUS', async () => {
      server = await startServer(both);
      await assertCalls(server, stock, token);
      assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
    });

    it('is rotated, and every value is sealed anew', async () => {
      if (ground.kind === 'embedded') {
        const { code, said } = await rotate(both);
        assert.equal(code, 1);
        assert.match(said, /Another Toolcrib \(process \d+\) is using .* Stop it/);
        await server.stop();
      }
      const { code, said } = await rotate(both);
      assert.equal(code, 0, said);
      assert.match(said, /1 key of 1 organization wrapped by the current master key/);
      assert.match(said, /default: version 2, \d of \d values sealed anew/);
      assert.match(said, /TOOLCRIB_MASTER_KEY_PREVIOUS can be removed/);
      if (ground.kind === 'server') {
        await assertCalls(server, stock, token);
        await server.stop();
      }
      const versions = await versionsOf(ground);
      assert.deepEqual(
        versions.map(({ version }) => version),
        [1, 2],
      );
      assert.equal(new Set(versions.map(({ master_key: id }) => id)).size, 1);
      const rows = await ground.owner<{ secret_id: string; ciphertext: Buffer; key_version: number }>(
        'select secret_id, ciphertext, key_version from secrets',
      );
      assert.deepEqual(rows.map((row) => row.secret_id).sort(), before.map((row) => row.secret_id).sort());
      for (const row of rows) {
        assert.equal(row.key_version, 2);
        const was = before.find((one) => one.secret_id === row.secret_id)!;
        assert.notDeepEqual(Buffer.from(row.ciphertext), Buffer.from(was.ciphertext));
      }
    });

    it('is needed no more: the new one alone opens credentials and what is sealed elsewhere', async () => {
      server = await startServer({ ...ground.env, TOOLCRIB_MASTER_KEY: fresh });
      await assertCalls(server, stock, token);
      await refer(server, stock, null);
      await refer(server, stock, vaultId);
      await assertCalls(server, stock, token);
      const again = await makeKey(server, stock.admin);
      assert.equal(again.headers.get('idempotent-replayed'), 'true');
      assert.equal(again.text, kept);
      await server.stop();
    });

    it('opens nothing any more: a start with it alone is refused', async () => {
      const running = runProgram(['start'], { ...ground.env, TOOLCRIB_MASTER_KEY: old });
      assert.notEqual((await running.exited).code, 0);
      assert.match(running.stderr(), /TOOLCRIB_MASTER_KEY is not the key this database was sealed with/);
    });

    it('leaves what somebody changed in the database as it was, and says so', async () => {
      await ground.owner(
        `update secrets set ciphertext = set_byte(ciphertext, 20, get_byte(ciphertext, 20) # 1)
         where secret_id = (select f.value::uuid from credentials, jsonb_each_text(fields) as f)`,
      );
      const { code, said } = await rotate({ ...ground.env, TOOLCRIB_MASTER_KEY: fresh });
      assert.equal(code, 0, said);
      assert.match(said, /default: 1 value cannot be opened with any key/);
      assert.match(said, /Done: 1 organization/);
      server = await startServer({ ...ground.env, TOOLCRIB_MASTER_KEY: fresh });
      const { json } = await callTool(server, stock);
      assert.match(json['content'][0]['text'], /credential cannot be read/);
      await server.stop();
    });
  });
}

describe('a rotation over PostgreSQL', { skip: needsServer }, () => {
  const old = newMasterKey();
  const fresh = newMasterKey();
  const total = 3_000;
  const token = 'busy-token-4242';
  let ground: Awaited<ReturnType<typeof serverGround>>;
  let both: Environment;
  let first: Server;
  let second: Server;
  let behind: Server;
  let stock: Stock;
  const planted = new Map<string, string>();
  let vaultId: string;

  it('is killed half way, and the next run goes on where it stopped, while two replicas serve', async () => {
    ground = await serverGround({ TOOLCRIB_MASTER_KEY: old });
    both = { ...ground.env, TOOLCRIB_MASTER_KEY: fresh, TOOLCRIB_MASTER_KEY_PREVIOUS: old };
    behind = await startServer(ground.env); // keeps the old master key, as a replica that was forgotten
    const admin = adminTold(behind);
    stock = await stockPack(behind, admin, { name: 'ledger', token: 'replaced-by-a-reference' });
    vaultId = await keepSecret(behind, stock, token);
    await refer(behind, stock, vaultId);
    await withCrib(ground.env, async (crib, { caller }) => {
      const { organizationId } = caller.principal;
      await crib.database.transaction({ organizationId }, async (tx) => {
        for (let index = 0; index < total; index += 1) {
          const value = `value ${index}`;
          planted.set(await crib.vault.keep(tx, organizationId, new Plaintext(value)), value);
        }
      });
    });
    const places = await Promise.all([freshEnv(), freshEnv()]);
    [first, second] = (await Promise.all(
      places.map(({ PORT, TOOLCRIB_DATA_DIR }) =>
        startServer({ ...both, PORT: PORT!, TOOLCRIB_DATA_DIR: TOOLCRIB_DATA_DIR! }),
      ),
    )) as [Server, Server];
    await assertCalls(first, stock, token);

    let calls = 0;
    let stopped = false;
    const busy = [first, second].map(async (server) => {
      while (!stopped) {
        await assertCalls(server, stock, token);
        calls += 1;
      }
    });
    const killed = runProgram(['keys', 'rotate'], both);
    await killed.said(/default: version 2, [4-9]00 of/);
    await killed.stop('SIGKILL');
    const counts = async () =>
      new Map(
        (
          await ground.owner<{ key_version: number; count: number }>(
            'select key_version, count(*)::int as count from secrets group by key_version',
          )
        ).map((row) => [row.key_version, row.count]),
      );
    const half = await counts();
    assert.ok(half.get(1)! > 0 && half.get(2)! >= 400, JSON.stringify([...half]));

    const { code, said } = await rotate(both);
    assert.equal(code, 0, said);
    assert.match(said, /Going on with the rotation that began at/);
    assert.doesNotMatch(said, /version 3/);
    assert.ok(Number(/([\d,]+) values sealed anew, /.exec(said)![1]!.replaceAll(',', '')) <= half.get(1)!);
    assert.deepEqual([...(await counts()).keys()], [2]);
    const until10 = calls + 10;
    await until('calls after the rotation', 20_000, () => (calls >= until10 ? true : null));
    stopped = true;
    await Promise.all(busy);
    // What was sealed anew, by one run or the other, is copied from as before.
    await refer(first, stock, null);
    await refer(first, stock, vaultId);
    for (const server of [first, second]) await assertCalls(server, stock, token);
  });

  it('has lost no value', async () => {
    await withCrib({ ...ground.env, TOOLCRIB_MASTER_KEY: fresh }, async (crib, { caller }) => {
      const { organizationId } = caller.principal;
      for (const [id, value] of planted) {
        assert.equal(await crib.vault.unsealer.openSecret(organizationId, id), value);
      }
    });
  });

  it('tells a replica that was left with the old master key alone, by its readiness and its calls', async () => {
    const ready = await behind.ask('GET', '/readyz', {});
    assert.equal(ready.status, 503);
    assert.match(ready.json['checks']['master_key'], /TOOLCRIB_MASTER_KEY/);
    // It remembers the old version of the organization's key; it can have the new one no more.
    const { status, text } = await callTool(behind, stock);
    assert.ok(status === 503 || text.includes('master key is not the current one'), `${status} ${text}`);
    assert.doesNotMatch(text, /Set it again/);
    const reasons = await ground.owner<{ reason: string }>(
      "select distinct reason from call_ends where outcome = 'failed'",
    );
    assert.equal(JSON.stringify(reasons).includes('credential_unreadable'), false);
  });

  it('keeps older versions while anything is sealed with them, and drops them after', async () => {
    const { dropUnusedKeys } = await import('../../src/vault/index.ts');
    const { keyUses } = await import('../../src/main/key-uses.ts');
    await behind.stop();
    const env = { ...ground.env, TOOLCRIB_MASTER_KEY: fresh };
    const quarter = 16 * 60_000;
    await withCrib(env, async (crib) => {
      const later = { now: () => new Date(Date.now() + quarter) };
      assert.equal(await dropUnusedKeys(crib, []), 0, 'too soon: a replica may seal with it still');
      assert.equal(await dropUnusedKeys({ ...crib, clock: later }, keyUses), 0, 'calls are sealed with it');
      await ground.owner('delete from call_ends where key_version = 1');
      assert.equal(await dropUnusedKeys({ ...crib, clock: later }, keyUses), 0, 'so are kept arguments');
      await ground.owner('delete from call_arguments where key_version = 1');
      assert.equal(await dropUnusedKeys({ ...crib, clock: later }, keyUses), 1);
    });
    assert.deepEqual(
      (await versionsOf(ground)).map(({ version }) => version),
      [2],
    );
  });
});

import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';
import {
  cleanUp,
  grounds,
  runProgram,
  startServer,
  type Environment,
  type Ground,
  type Server,
} from '../processes.ts';

after(cleanUp);

const verify = async (env: Environment): Promise<{ code: number | null; said: string }> => {
  const running = runProgram(['audit', 'verify'], env);
  const { code } = await running.exited;
  return { code, said: running.stdout() + running.stderr() };
};

for (const [name, makeGround] of grounds) {
  describe(`what an owner of the database can spoil, on ${name}`, () => {
    let ground: Ground;
    let server: Server;
    let plain: Stock;
    let first: Stock;
    let second: Stock;

    it('counts on: a stock of three connections', async () => {
      ground = await makeGround();
      server = await startServer(ground.env);
      const admin = adminTold(server);
      plain = await stockPack(server, admin, { name: 'plain' });
      first = await stockPack(server, admin, { name: 'first', token: 'first-token-4711' });
      second = await stockPack(server, admin, { name: 'second', token: 'second-token-4712' });
      assert.equal((await callTool(server, first)).json['isError'], false);
      assert.equal(first.ledger.requests[0]?.headers.authorization, 'Bearer first-token-4711');
      await server.stop();
    });

    it('fails closed where two sealed credentials were swapped, and serves everything else', async () => {
      const [one, other] = await secretsOf(ground);
      await swapCiphertexts(ground, one!, other!);
      server = await startServer(ground.env);
      const before = first.ledger.requests.length;
      for (const stock of [first, second]) {
        const { status, json } = await callTool(server, stock);
        assert.equal(status, 200);
        assert.equal(json['isError'], true);
        assert.match(json['content'][0]['text'], /credential cannot be read/);
      }
      assert.equal(first.ledger.requests.length, before);
      assert.equal(second.ledger.requests.length, 0);
      assert.equal((await callTool(server, plain)).json['isError'], false);
      assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
      await server.stop();
      const rows = await ground.owner<{ reason: string }>(
        "select reason from call_ends where outcome = 'failed' order by ended_at",
      );
      assert.deepEqual(
        rows.map(({ reason }) => reason),
        ['credential_unreadable', 'credential_unreadable'],
      );
      await swapCiphertexts(ground, one!, other!);
    });

    it('fails closed where a credential’s fields, its origin or its owner were changed, or a bit flipped', async () => {
      const another = `update credentials set fields = jsonb_build_object('token', (select f.value from credentials o,
        jsonb_each_text(o.fields) f where o.credential_id <> credentials.credential_id limit 1))`;
      const spoils: [what: string, spoil: string, values?: readonly unknown[]][] = [
        ['points at the secret of another credential', another],
        [
          'is of another field',
          `update credentials set fields = jsonb_build_object('password', fields -> 'token')`,
        ],
        ['belongs to another owner', 'update credentials set owner_id = gen_random_uuid()'],
        [
          'travels to another origin, with its connection',
          `update credentials set origin = $1`,
          [new URL(second.ledger.url).origin],
        ],
        [
          'has one bit flipped',
          'update secrets set ciphertext = set_byte(ciphertext, 14, get_byte(ciphertext, 14) # 1)',
        ],
        ['is empty', `update secrets set ciphertext = ''`],
      ];
      const kept = {
        credentials: await ground.owner<{
          credential_id: string;
          fields: unknown;
          origin: string;
          owner_id: string;
        }>('select credential_id, fields, origin, owner_id from credentials'),
        secrets: await ground.owner<{ secret_id: string; ciphertext: Buffer }>(
          'select secret_id, ciphertext from secrets where secret_id not in (select secret_id from installation)',
        ),
      };
      const before = [first, second].map(({ ledger }) => ledger.requests.length);
      for (const [what, spoil, values] of spoils) {
        const isSecrets = spoil.startsWith('update secrets');
        const where = isSecrets ? ' where secret_id not in (select secret_id from installation)' : '';
        await ground.owner(spoil + where, values);
        if (what.startsWith('travels')) {
          await ground.owner(`update connections set address = $1 where nickname = 'first'`, [
            second.ledger.url,
          ]);
        }
        server = await startServer(ground.env);
        for (const stock of [first, second]) {
          const { status, json, text } = await callTool(server, stock);
          // A credential that is another owner's is none of this caller's; everything else cannot be read.
          const isOwners = what.startsWith('belongs');
          // The one whose origin was right all along is as good as before.
          if (what.startsWith('travels') && stock === second) continue;
          assert.equal(status, isOwners ? status : 200, `${what}: ${text}`);
          assert.match(
            text,
            isOwners ? /reauth_required|credential cannot be read/ : /credential cannot be read/,
            what,
          );
          if (status === 200) assert.equal(json['isError'], true);
        }
        assert.equal((await callTool(server, plain)).json['isError'], false, what);
        assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
        await server.stop();
        for (const row of kept.credentials) {
          await ground.owner(
            'update credentials set fields = $2, origin = $3, owner_id = $4 where credential_id = $1',
            [row.credential_id, row.fields, row.origin, row.owner_id],
          );
        }
        for (const row of kept.secrets) {
          await ground.owner('update secrets set ciphertext = $2 where secret_id = $1', [
            row.secret_id,
            row.ciphertext,
          ]);
        }
        await ground.owner(`update connections set address = $1 where nickname = 'first'`, [
          first.ledger.url,
        ]);
      }
      const seen = [first, second].map(({ ledger }) => ledger.requests.slice());
      for (const [index, requests] of seen.entries()) {
        const own = index === 0 ? 'Bearer first-token-4711' : 'Bearer second-token-4712';
        for (const { headers } of requests.slice(before[index])) assert.equal(headers.authorization, own);
      }
      server = await startServer(ground.env);
      for (const stock of [first, second]) {
        assert.equal((await callTool(server, stock)).json['isError'], false, 'whole again');
      }
      await server.stop();
    });

    it('fails closed where a sealed value or a key came from another organization', async () => {
      server = await startServer(ground.env);
      const made = await server.ask('POST', '/v1/orgs', { key: first.admin, body: { name: 'Beside' } });
      assert.equal(made.status, 201, made.text);
      const beside = await stockPack(server, String(made.json['admin_key']), {
        name: 'beside',
        token: 'beside-token-4713',
      });
      assert.equal((await callTool(server, beside)).json['isError'], false);
      await server.stop();
      const spoils = [
        // The same row in the other organization, with its key and its fields: everything but what it is sealed for.
        `with theirs as (select s.organization_id, s.secret_id, s.ciphertext from secrets s
           join credentials c on c.organization_id = s.organization_id and s.secret_id::text = c.fields ->> 'token'
           join connections n on n.connection_id = c.connection_id where n.nickname = 'beside')
         update secrets set ciphertext = (select ciphertext from theirs)
         where secret_id::text in (select c.fields ->> 'token' from credentials c
           join connections n on n.connection_id = c.connection_id where n.nickname = 'first')`,
        `update organization_keys set wrapped = (select o.wrapped from organization_keys o
           where o.organization_id <> organization_keys.organization_id and o.version = organization_keys.version limit 1)
         where organization_id = (select organization_id from connections where nickname = 'beside')`,
      ];
      const failing = [first, beside];
      for (const [index, spoil] of spoils.entries()) {
        await ground.owner(spoil);
        server = await startServer(ground.env);
        const { status, text } = await callTool(server, failing[index]!);
        assert.equal(status, 200, text);
        assert.match(text, /credential cannot be read/);
        assert.equal((await callTool(server, second)).json['isError'], false);
        await server.stop();
      }
      const sent = [first, second, beside].flatMap(({ ledger }) => ledger.requests);
      assert.equal(
        first.ledger.requests.some(({ headers }) => headers.authorization?.includes('4713')),
        false,
      );
      assert.ok(sent.length > 0);
      const rows = await ground.owner<{ reason: string }>(
        "select distinct reason from call_ends where outcome = 'failed' and reason like 'credential%'",
      );
      assert.deepEqual(
        rows.map(({ reason }) => reason),
        ['credential_unreadable'],
      );
    });

    it('calls nothing whose start cannot be written', async () => {
      await ground.owner('revoke insert on call_starts from toolcrib_app');
      server = await startServer(ground.env);
      const before = plain.ledger.requests.length;
      for (const { status } of await Promise.all([1, 2, 3].map(() => callTool(server, plain)))) {
        assert.ok(status >= 500, String(status));
      }
      assert.equal(plain.ledger.requests.length, before);
      assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
      await server.stop();
      await ground.owner('grant insert on call_starts to toolcrib_app');
    });

    it('finds the audit whole, and each way of spoiling it by its first bad row', async () => {
      const good = await verify(ground.env);
      assert.equal(good.code, 0, good.said);
      assert.match(good.said, /\d+ rows hold, last hash [0-9a-f]{64}/);
      // From the end to the front, so that each is the first bad row of its turn.
      const spoils: [spoil: string, expected: RegExp][] = [
        [
          'delete from audit_rows where seq = (select max(seq) from audit_rows)',
          /rows at the end are missing/,
        ],
        ['delete from audit_rows where seq = 4', /row 4 is missing/],
        ["update audit_rows set action = 'pack.read' where seq = 2", /row 2 \(.*\): the row was changed/],
      ];
      for (const [spoil, expected] of spoils) {
        await ground.owner(spoil);
        const bad = await verify(ground.env);
        assert.equal(bad.code, 1, bad.said);
        assert.match(bad.said, expected);
      }
    });
  });
}

const secretsOf = async (ground: Ground): Promise<string[]> =>
  (
    await ground.owner<{ id: string }>(
      `select field.value as id from credentials, jsonb_each_text(fields) as field order by created_at`,
    )
  ).map(({ id }) => id);

async function swapCiphertexts(ground: Ground, one: string, other: string): Promise<void> {
  await ground.owner(
    `update secrets set ciphertext = (select o.ciphertext from secrets o
       where o.secret_id = case secrets.secret_id when $1 then $2::uuid else $1::uuid end)
     where secret_id in ($1, $2)`,
    [one, other],
  );
}

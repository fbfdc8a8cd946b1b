import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { cleanUp, embeddedGround, grounds, keysTold, startServer, until, type Ground } from '../processes.ts';
import { openEchoes } from './echoes.ts';
import { findIn, formsOf, plant, secretNames, type SecretName } from './find-secrets.ts';
import { giveSecrets } from './give-secrets.ts';

// Secrets no other text can equal, given wherever one can be given, by real processes over real rows; then looked
// for in every byte that came out and every byte that stayed.

after(cleanUp);

function bytesOf(directory: string): { name: string; bytes: Buffer }[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .map((name) => ({ name, bytes: readFileSync(name) }));
}

const tablesOf = async (ground: Ground): Promise<string> => {
  const tables = await ground.owner<{ name: string }>(
    `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  assert.ok(tables.length >= 15, `${tables.length} tables`);
  const texts: string[] = [];
  for (const { name } of tables) {
    // As text, and bytes apart: what is sealed must not be merely written in hex.
    const rows = await ground.owner<{ text: string }>(`select t::text as text from ${name} t`);
    texts.push(...rows.map(({ text }) => `${name} ${text}`));
  }
  assert.ok(texts.length >= 100, `${texts.length} rows`);
  return texts.join('\n');
};

describe('what looks for secrets', () => {
  it('finds one in each of its spellings, in the midst of other text', () => {
    const secrets = { it: plant().bearer };
    for (const form of formsOf(secrets.it)) assert.deepEqual(findIn(`before ${form} after`, secrets), ['it']);
    for (const lead of ['', 'x', 'xy', 'Bearer ']) {
      const encoded = Buffer.from(`${lead}${secrets.it}:more`).toString('base64');
      assert.deepEqual(findIn(encoded, secrets), ['it'], lead);
    }
    assert.deepEqual(findIn('nothing', secrets), []);
  });
});

for (const [name, open] of grounds) {
  describe(`secrets, on ${name}`, () => {
    it('are in no response, log line, row or file; a key in the one response that makes it', async () => {
      const secrets = plant();
      const { echo, mcp } = await openEchoes();
      const masterKey = randomBytes(32).toString('base64');
      const chosen = `zqadmin${randomBytes(20).toString('hex')}`;
      const ground = await open({
        LOG_LEVEL: 'trace',
        TOOLCRIB_MASTER_KEY: masterKey,
        TOOLCRIB_ADMIN_KEY: chosen,
      });
      const server = await startServer(ground.env);
      const { collected, keys, calls } = await giveSecrets(server, chosen, echo, mcp, secrets);

      // The sanity of it all: the services were given each secret that was not refused or replaced.
      const given = [...echo.requests, ...mcp.requests]
        .map((seen) => `${seen.url}\n${JSON.stringify(seen.headers)}\n${seen.body.toString()}`)
        .join('\n');
      const basic = Buffer.from(`${secrets.username}:${secrets.password}`).toString('base64');
      assert.ok(given.includes(basic), 'basic was sent');
      const unsent = new Set<SecretName>([
        'username', 'password', 'refused', 'replaced', 'catalog', 'appSecret', 'clientSecret', 'mcpClientSecret',
        'vaultedClientSecret', 'kept', 'instanceDefault', 'tried',
      ]); // prettier-ignore
      for (const each of secretNames.filter((one) => !unsent.has(one)))
        assert.ok(given.includes(secrets[each]), `${each} was sent`);
      assert.ok(calls >= 30 && collected.length >= 120, `${calls} calls, ${collected.length} responses`);
      assert.ok(Object.keys(keys).length >= 4, 'keys were made');

      // The key-encryption key in its other spelling too: its bytes.
      const all = { ...secrets, ...keys, admin: chosen, masterKey };
      const rawMaster = Buffer.from(masterKey, 'base64');
      const found: string[] = [];
      const scan = (where: string, what: Buffer | string): void => {
        for (const each of findIn(what, all)) found.push(`${each} in ${where}`);
        if (Buffer.from(what as string).includes(rawMaster)) found.push(`master key bytes in ${where}`);
      };
      for (const { title, text } of collected) scan(title, text);

      // Killed, not stopped: what is on disk is what was written on the way.
      const killed = ground.kind === 'embedded' ? await server.stop('SIGKILL') : await server.stop();
      assert.ok(killed);
      scan('stdout', server.stdout());
      scan('stderr', server.stderr());
      for (const { name: file, bytes } of bytesOf(ground.env['TOOLCRIB_DATA_DIR']!))
        scan(`${file} after a kill`, bytes);
      const again = await startServer(ground.env);
      const { status } = await again.ask('GET', '/v1/packs', { key: chosen });
      assert.equal(status, 200);
      const exit = await again.stop();
      assert.equal(exit.code, 0);
      scan('stdout after a restart', again.stdout());
      scan('stderr after a restart', again.stderr());
      for (const { name: file, bytes } of bytesOf(ground.env['TOOLCRIB_DATA_DIR']!))
        scan(`${file} after a stop`, bytes);
      scan('tables', await tablesOf(ground));
      assert.deepEqual([...new Set(found)], []);
    });
  });
}

describe('a generated admin key', () => {
  it('is told once, at the first start, and is in no file', async () => {
    const ground = await embeddedGround({ LOG_LEVEL: 'trace', TOOLCRIB_SAMPLE: 'on' });
    const first = await startServer(ground.env);
    const { admin, runtime } = await until('the keys are told', 5000, () => keysTold(first));
    assert.equal(first.stdout().split(admin).length, 2, 'told once');
    assert.equal(first.stderr().includes(admin), false);
    await first.stop();
    const second = await startServer(ground.env);
    await second.stop();
    const said = second.stdout() + second.stderr();
    assert.equal(said.includes(admin), false);
    for (const { name, bytes } of bytesOf(ground.env['TOOLCRIB_DATA_DIR']!)) {
      assert.deepEqual(findIn(bytes, { admin }), [], name);
      const isNote = findIn(bytes, { runtime }).length > 0;
      if (isNote)
        assert.equal(
          statSync(name).mode & 0o077,
          0,
          `${name} holds the sample’s runtime key for others to read`,
        );
    }
  });
});

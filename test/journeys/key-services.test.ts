import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { startFakeKms } from '../fakes/aws-kms.ts';
import { closedPort } from '../fakes/http-service.ts';
import { startFakeTransit } from '../fakes/vault-transit.ts';
import {
  cleanUp,
  embeddedGround,
  newMasterKey,
  onCleanUp,
  runProgram,
  startServer,
  type Environment,
  type Ground,
} from '../processes.ts';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';

// Against servers that speak as the services' references say. The real AWS KMS and HashiCorp Vault were not asked.

after(cleanUp);

/** A key service as one test needs it: what names it, and what it was asked. */
type Service = {
  environment: Environment;
  done: string[];
  /** It refuses, and this is what a start then says. */
  refuse(): RegExp;
  accept(): void;
  close(): Promise<void>;
};

async function kms(): Promise<Service> {
  const fake = await startFakeKms();
  onCleanUp(() => fake.close());
  return {
    ...fake,
    environment: { ...fake.environment, TOOLCRIB_MASTER_KEY: `aws-kms:${fake.arn}` },
    refuse() {
      fake.refuse('AccessDeniedException');
      return /TOOLCRIB_MASTER_KEY names AWS KMS at http:\/\/127\.0\.0\.1:\d+, which refused \(400, AccessDeniedException\)\./;
    },
    accept: () => fake.refuse(null),
  };
}

async function transit(derived: boolean): Promise<Service> {
  const fake = await startFakeTransit({ derived });
  onCleanUp(() => fake.close());
  return {
    ...fake,
    environment: { ...fake.environment, TOOLCRIB_MASTER_KEY: fake.address },
    refuse() {
      fake.seal(true);
      return /TOOLCRIB_MASTER_KEY names HashiCorp Vault’s shared\/transit\/keys\/toolcrib at http:\/\/127\.0\.0\.1:\d+, which refused \(503, Vault is sealed\)\./;
    },
    accept: () => fake.seal(false),
  };
}

async function assertRefused(env: Environment, sentence: RegExp): Promise<void> {
  const running = runProgram(['start'], env);
  const { code } = await running.exited;
  assert.equal(code, 1);
  const said = running.stderr().trimEnd().split('\n').filter((line) => !line.startsWith('{')); // prettier-ignore
  assert.equal(said.length, 1, said.join('\n'));
  assert.match(said[0]!, sentence);
  for (const secret of [env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN'], env['VAULT_TOKEN']]) {
    if (secret) assert.equal((running.stdout() + running.stderr()).includes(secret), false);
  }
}

const services: [string, () => Promise<Service>][] = [
  ['AWS KMS', kms],
  ['a key of HashiCorp Vault', () => transit(false)],
  ['a derived key of HashiCorp Vault', () => transit(true)],
];

for (const [name, open] of services) {
  describe(`a master key wrapped by ${name}`, () => {
    const token = 'wrapped-token-31337';
    let service: Service;
    let ground: Ground;
    let stock: Stock;

    it('is made at the first start, and had from the service once a start', async () => {
      service = await open();
      ground = await embeddedGround(service.environment);
      const server = await startServer(ground.env);
      stock = await stockPack(server, adminTold(server), { name: 'ledger', token });
      assert.deepEqual(service.done.map((one) => one.toLowerCase()), ['encrypt', 'decrypt']); // prettier-ignore
      // What is away now was needed at the start alone.
      service.refuse();
      const { json, text } = await callTool(server, stock);
      assert.equal(json['isError'], false, text);
      assert.equal(stock.ledger.requests.at(-1)?.headers.authorization, `Bearer ${token}`);
      assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
      await server.stop();
      service.accept();
      const again = await startServer(ground.env);
      assert.equal((await callTool(again, stock)).json['isError'], false);
      await again.stop();
      assert.deepEqual(service.done.map((one) => one.toLowerCase()), ['encrypt', 'decrypt', 'decrypt']); // prettier-ignore
    });

    it('is nowhere without it: a start is refused in one sentence while the service refuses', async () => {
      const sentence = service.refuse();
      await assertRefused(ground.env, sentence);
      service.accept();
      await assertRefused(
        { ...ground.env, TOOLCRIB_MASTER_KEY: newMasterKey() },
        /TOOLCRIB_MASTER_KEY is not the key this database was sealed with/,
      );
    });

    it('opens in its own place only', async () => {
      const id = 'master_key_id';
      const [row] = await ground.owner<Record<typeof id, string>>(`select ${id} from master_keys`);
      const other = row![id].replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
      await ground.owner(`update master_keys set ${id} = $1`, [other]);
      await assertRefused(ground.env, /which refused \(400, (InvalidCiphertextException|cipher: message authentication failed)\)/); // prettier-ignore
      await ground.owner(`update master_keys set ${id} = $1`, [row![id]]);
    });

    it('takes over from a key of the environment, and gives back to one', async () => {
      const plain = newMasterKey();
      const rotate = async (env: Environment): Promise<string> => {
        const running = runProgram(['keys', 'rotate'], env);
        const { code } = await running.exited;
        assert.equal(code, 0, running.stdout() + running.stderr());
        return running.stdout();
      };
      const serves = async (env: Environment): Promise<void> => {
        const server = await startServer(env);
        assert.equal((await callTool(server, stock)).json['isError'], false);
        await server.stop();
      };
      const address = ground.env['TOOLCRIB_MASTER_KEY']!;
      const toPlain = { ...ground.env, TOOLCRIB_MASTER_KEY: plain };
      assert.match(await rotate({ ...toPlain, TOOLCRIB_MASTER_KEY_PREVIOUS: address }), /can be removed/);
      await service.close();
      await serves(toPlain);
      assert.deepEqual(await ground.owner('select 1 from master_keys'), []);

      const next = await open();
      const wrapped = { ...ground.env, ...next.environment };
      await assertRefused(wrapped, /TOOLCRIB_MASTER_KEY is not the key this database was sealed with/);
      assert.equal(next.done.length, 0);
      assert.match(await rotate({ ...wrapped, TOOLCRIB_MASTER_KEY_PREVIOUS: plain }), /can be removed/);
      await serves(wrapped);
      await assertRefused(toPlain, /TOOLCRIB_MASTER_KEY is not the key this database was sealed with/);
    });
  });
}

describe('a key service that is not there', () => {
  it('is said in one sentence', async () => {
    const port = await closedPort();
    const fake = await startFakeKms();
    const { environment, arn } = fake;
    await fake.close();
    const { env } = await embeddedGround({
      ...environment,
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}`,
      TOOLCRIB_MASTER_KEY: `aws-kms:${arn}`,
    });
    await assertRefused(
      env,
      /TOOLCRIB_MASTER_KEY names AWS KMS at http:\/\/127\.0\.0\.1:\d+, which does not answer/,
    );
    const vault = `vault-transit:http://127.0.0.1:${port}/transit/keys/k`;
    await assertRefused(
      { ...env, TOOLCRIB_MASTER_KEY: vault, VAULT_TOKEN: 'hvs.something-long' },
      /TOOLCRIB_MASTER_KEY names HashiCorp Vault’s transit\/keys\/k at http:\/\/127\.0\.0\.1:\d+, which does not answer/,
    );
  });

  it('with a wrong signature is refused as AWS would', async () => {
    const service = await kms();
    const { env } = await embeddedGround({ ...service.environment, AWS_SECRET_ACCESS_KEY: 'another-one' });
    await assertRefused(env, /which refused \(400, InvalidSignatureException\)/);
  });
});

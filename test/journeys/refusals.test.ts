import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  cleanUp,
  freePort,
  needsServer,
  newMasterKey,
  plainEnv,
  runProgram,
  serverGround,
  startServer,
  type Environment,
  type Server,
} from '../processes.ts';

after(cleanUp);

/** A start with this environment ends with one sentence that names the variable, and says nothing of its value. */
async function assertRefused(env: Environment, sentence: RegExp, secret?: string): Promise<void> {
  const running = runProgram(['start'], env);
  const { code } = await running.exited;
  assert.notEqual(code, 0);
  assert.notEqual(code, null);
  // The log is on the same stream, a JSON object a line; the sentence is for people.
  const lines = running.stderr().trimEnd().split('\n');
  const said = lines.filter((line) => !line.startsWith('{')).join('\n');
  assert.match(said, sentence);
  assert.equal(said.split('\n').length, 1, said);
  if (secret) assert.equal((running.stdout() + running.stderr()).includes(secret), false, said);
  assert.equal(running.stdout(), '');
}

describe('a start refuses', { concurrency: 2 }, () => {
  const key = newMasterKey();
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const awsKeys = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'aws-secret-0123456789' };
  const url = 'postgres://nobody@127.0.0.1:1/none';
  const wrong: [title: string, env: Environment, sentence: RegExp, secret?: string][] = [
    [
      'a short master key',
      { TOOLCRIB_MASTER_KEY: 'c2hvcnQ=' },
      /TOOLCRIB_MASTER_KEY must be 32 bytes/,
      'c2hvcnQ=',
    ],
    [
      'a master key of one repeated byte',
      { TOOLCRIB_MASTER_KEY: Buffer.alloc(32, 65).toString('base64') },
      /TOOLCRIB_MASTER_KEY looks like a placeholder/,
    ],
    [
      'a master key that is no base64',
      { TOOLCRIB_MASTER_KEY: `${key.slice(0, 40)}!!!=` },
      /TOOLCRIB_MASTER_KEY must/,
    ],
    [
      'a master key in a file that is not there',
      { TOOLCRIB_MASTER_KEY: 'file:/nowhere/at/all' },
      /TOOLCRIB_MASTER_KEY names a file that cannot be read/,
    ],
    [
      'an AWS KMS key that is named by no ARN',
      { TOOLCRIB_MASTER_KEY: 'aws-kms:arn:aws:kms:eu-west-1:1234:key/x', ...awsKeys },
      /TOOLCRIB_MASTER_KEY must name its AWS KMS key by ARN/,
      awsKeys.AWS_SECRET_ACCESS_KEY,
    ],
    [
      'an AWS KMS key without credentials for it',
      { TOOLCRIB_MASTER_KEY: `aws-kms:${arn}` },
      /TOOLCRIB_MASTER_KEY names AWS KMS, which needs AWS_ACCESS_KEY_ID/,
    ],
    [
      'an AWS KMS endpoint that would be spoken to in the clear',
      { TOOLCRIB_MASTER_KEY: `aws-kms:${arn}`, ...awsKeys, AWS_ENDPOINT_URL_KMS: 'http://kms.example.com' },
      /AWS_ENDPOINT_URL_KMS must be an https address/,
      awsKeys.AWS_SECRET_ACCESS_KEY,
    ],
    [
      'a key of HashiCorp Vault that is named by no address',
      { TOOLCRIB_MASTER_KEY: 'vault-transit:transit/toolcrib', VAULT_TOKEN: 'hvs.a-token-long-enough' },
      /TOOLCRIB_MASTER_KEY must name its key in HashiCorp Vault by https address/,
      'hvs.a-token-long-enough',
    ],
    [
      'a HashiCorp Vault that would be spoken to in the clear',
      {
        TOOLCRIB_MASTER_KEY: 'vault-transit:http://vault.example.com:8200/transit/keys/k',
        VAULT_TOKEN: 'hvs.a-token-long-enough',
      },
      /TOOLCRIB_MASTER_KEY must name its key in HashiCorp Vault by https address/,
      'hvs.a-token-long-enough',
    ],
    [
      'a key of HashiCorp Vault without a token',
      { TOOLCRIB_MASTER_KEY: 'vault-transit:https://vault.example.com:8200/transit/keys/k' },
      /TOOLCRIB_MASTER_KEY names HashiCorp Vault, which needs VAULT_TOKEN/,
    ],
    [
      'a previous master key that is none',
      { TOOLCRIB_MASTER_KEY: key, TOOLCRIB_MASTER_KEY_PREVIOUS: 'c2hvcnQ=' },
      /TOOLCRIB_MASTER_KEY_PREVIOUS must be 32 bytes/,
      'c2hvcnQ=',
    ],
    [
      'DATABASE_URL without a master key',
      { DATABASE_URL: url },
      /TOOLCRIB_MASTER_KEY is required with DATABASE_URL/,
    ],
    [
      'a DATABASE_URL that is none',
      { DATABASE_URL: 'mysql://root@127.0.0.1/x', TOOLCRIB_MASTER_KEY: key },
      /DATABASE_URL must be/,
    ],
    [
      'a database that does not answer',
      { DATABASE_URL: 'postgres://me:s3cretword@127.0.0.1:1/none', TOOLCRIB_MASTER_KEY: key },
      /DATABASE_URL/,
      's3cretword',
    ],
    [
      'a HOST for everybody without a public address',
      { HOST: '0.0.0.0' },
      /TOOLCRIB_PUBLIC_URL is required when HOST/,
    ],
    ['a PORT that is none', { PORT: '70000' }, /PORT must be a port number/],
    ['a PORT that is a word', { PORT: 'http' }, /PORT must be a port number/],
    [
      'an allow list it cannot read',
      { TOOLCRIB_EGRESS_ALLOW: '10.0.0.0/99' },
      /TOOLCRIB_EGRESS_ALLOW must be/,
    ],
    ['a switch that is neither on nor off', { TOOLCRIB_SAMPLE: 'yes' }, /TOOLCRIB_SAMPLE must be on or off/],
    ['a log level there is not', { LOG_LEVEL: 'loud' }, /LOG_LEVEL must be one of/],
    [
      'a short admin key',
      { TOOLCRIB_ADMIN_KEY: 'hunter2-hunter2' },
      /TOOLCRIB_ADMIN_KEY must be at least 32/,
      'hunter2',
    ],
    [
      'an admin key that is a placeholder',
      { TOOLCRIB_ADMIN_KEY: 'change-me-change-me-change-me-change-me' },
      /TOOLCRIB_ADMIN_KEY looks like a placeholder/,
    ],
  ];
  for (const [title, env, sentence, secret] of wrong) {
    it(title, async () => assertRefused({ ...(await plainEnv()), ...env }, sentence, secret));
  }
});

describe('a start beside another', () => {
  let server: Server;
  before(async () => {
    server = await startServer(await plainEnv());
  });

  it('refuses a port in use, and says so of PORT', async () => {
    const env = await plainEnv({ PORT: server.env['PORT']! });
    await assertRefused(env, /PORT \d+ is in use/);
  });

  it('refuses a data directory another process has', async () => {
    const env = { ...server.env, PORT: String(await freePort()) };
    await assertRefused(env, /Another Toolcrib \(process \d+\) is using .*TOOLCRIB_DATA_DIR/);
    assert.equal((await server.ask('GET', '/readyz', {})).status, 200);
  });

  it('takes the directory of a process that was killed, and of one whose number came again', async () => {
    const lock = join(server.env['TOOLCRIB_DATA_DIR']!, 'toolcrib.lock');
    await server.stop('SIGKILL');
    assert.equal(JSON.parse(readFileSync(lock, 'utf8')).pid, server.pid);
    // The number lives again, in a process that began at another time: this one.
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: '1' }));
    server = await startServer(server.env);
    assert.equal(JSON.parse(readFileSync(lock, 'utf8')).pid, server.pid);
  });

  it('refuses another master key than the database was sealed with', async () => {
    await server.stop();
    const masterKey = newMasterKey();
    const env = { ...server.env, TOOLCRIB_MASTER_KEY: masterKey };
    await assertRefused(env, /TOOLCRIB_MASTER_KEY is not the key this database was sealed with/, masterKey);
  });
});

describe('a start on PostgreSQL', { skip: needsServer }, () => {
  it('refuses another master key than the database was sealed with', async () => {
    const { env } = await serverGround();
    const server = await startServer(env);
    await server.stop();
    await assertRefused(
      { ...env, TOOLCRIB_MASTER_KEY: newMasterKey() },
      /TOOLCRIB_MASTER_KEY is not the key/,
    );
  });
});

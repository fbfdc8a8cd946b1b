import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'bin', 'toolcrib.js');
const launch = (...argv: string[]) =>
  promisify(execFile)(process.execPath, [launcher, ...argv]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

test('runs a command as a process, and says nothing of Node’s experiments', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const { code, stdout, stderr } = await launch('--version');
  assert.deepEqual([code, stdout, stderr], [0, `${version}\n`, '']);
});

test('ends with the command’s exit code', async () => {
  const { code, stderr } = await launch('no-such-command');
  assert.equal(code, 2);
  assert.match(stderr, /^toolcrib: There is no command/);
});

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  lstatSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { backupOf, restoreConfigFile, writeConfigFile } from './write-config.ts';

let directory = '';
let file = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'toolcrib-config-'));
  file = join(directory, 'deep', 'mcp.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const ours = '{"a":1,"b":2}';

test('makes a file that only its owner may read where it holds a key', () => {
  const { backup } = writeConfigFile(file, ours, { isSecret: true, before: null, hasOurs: false });
  assert.equal(backup, null);
  assert.equal(modeOf(file), 0o600);
  restoreConfigFile(file, '{}\n');
  assert.equal(existsSync(file), false);
});

test('keeps a copy, and puts it back byte by byte', () => {
  const before = '{ "a" :   1 }';
  writeConfigFile(file, before, { isSecret: false, before: null, hasOurs: false });
  const { backup } = writeConfigFile(file, ours, { isSecret: true, before, hasOurs: false });
  assert.equal(backup, backupOf(file));
  writeConfigFile(file, '{"a":1,"b":3}', { isSecret: true, before: ours, hasOurs: true });
  assert.equal(readFileSync(backup, 'utf8'), before, 'the copy never holds our own entry');
  restoreConfigFile(file, '{"a":1}');
  assert.equal(readFileSync(file, 'utf8'), before);
  assert.equal(existsSync(backup), false);
});

test('keeps what was changed since', () => {
  writeConfigFile(file, '{}', { isSecret: false, before: null, hasOurs: false });
  writeConfigFile(file, ours, { isSecret: false, before: '{}', hasOurs: false });
  restoreConfigFile(file, '{"mine":true}');
  assert.equal(readFileSync(file, 'utf8'), '{"mine":true}');
  assert.equal(existsSync(backupOf(file)), true);
});

test('writes through a link', () => {
  const real = join(directory, 'real.json');
  const link = join(directory, 'link.json');
  writeFileSync(real, '{}');
  symlinkSync(real, link);
  writeConfigFile(link, ours, { isSecret: true, before: '{}', hasOurs: false });
  assert.equal(lstatSync(link).isSymbolicLink(), true);
  assert.equal(readFileSync(real, 'utf8'), ours);
});

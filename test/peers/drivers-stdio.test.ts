import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Drivers } from '../../src/drivers/index.ts';
import { invocationOf, loopbackDrivers, targetOf } from '../fakes/drivers.ts';
import { isFault } from '../fakes/faults.ts';

const filesystem = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'),
);
const everything = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'),
);

describe('a stdio server of the operator’s file', () => {
  let folder: string;
  let drivers: Drivers;
  let close: (this: void) => Promise<void>;
  const call = (server: string, tool: string, args = {}, more = {}) =>
    drivers.invoke(
      invocationOf(targetOf(server, 'stdio'), { kind: 'mcp', tool }, { arguments: args, ...more }),
    );

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toolcrib-'));
    await writeFile(join(folder, 'note.txt'), 'kept');
    process.env['TOOLCRIB_MASTER_KEY'] = 'never-inherited';
    ({ drivers, close } = loopbackDrivers({
      stdioServers: {
        files: { command: process.execPath, args: [filesystem, folder] },
        everything: { command: process.execPath, args: [everything, 'stdio'], env: { GIVEN: 'yes' } },
        dies: { command: process.execPath, args: ['-e', 'process.exit(1)'] },
        absent: { command: join(folder, 'no-such-program') },
      },
    }));
  });
  after(async () => {
    delete process.env['TOOLCRIB_MASTER_KEY'];
    await close();
    await rm(folder, { recursive: true });
  });

  it('lists and calls, and answers errors as replies', async () => {
    const { definitions, server } = await drivers.list(
      targetOf('files', 'stdio'),
      null,
      AbortSignal.timeout(20_000),
    );
    assert.match(server!.name, /filesystem/);
    const read = definitions.find((one) => one.name === 'read_text_file')!;
    assert.equal(read.effect, 'read');
    const reply = await call('files', 'read_text_file', { path: join(folder, 'note.txt') });
    assert.match(JSON.stringify(reply), /kept/);
    assert.equal(reply.isError, false);
    assert.equal((await call('files', 'read_text_file', { path: '/etc/passwd' })).isError, true);
    assert.equal((await call('files', 'no_such_tool')).isError, true);
  });

  it('inherits nothing of ours but what its entry names', async () => {
    const reply = await call('everything', 'get-env');
    assert.doesNotMatch(JSON.stringify(reply), /never-inherited/);
    assert.match(JSON.stringify(reply), /GIVEN/);
  });

  it('relays progress and stops when the caller leaves', async () => {
    const seen: number[] = [];
    const leaving = new AbortController();
    const running = call(
      'everything',
      'trigger-long-running-operation',
      { duration: 60, steps: 600 },
      {
        signal: leaving.signal,
        onProgress(one: { progress: number }) {
          seen.push(one.progress);
          leaving.abort();
        },
      },
    );
    await assert.rejects(running, isFault('upstream', 'cancelled'));
    assert.equal(seen[0], 1);
  });

  it('cannot be reached when it is not in the file, not there, or ends at once, and is then left to rest', async () => {
    await assert.rejects(call('unknown', 'x'), isFault('upstream', 'unreachable'));
    await assert.rejects(call('absent', 'x'), isFault('upstream', 'unreachable'));
    await assert.rejects(call('absent', 'x'), isFault('upstream', 'breaker_open'));
    await assert.rejects(call('dies', 'x'), isFault('upstream', 'unreachable'));
    await assert.rejects(call('dies', 'x'), isFault('upstream', 'breaker_open'));
  });
});

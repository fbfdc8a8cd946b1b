import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startCrib, type Running } from '../../src/main.ts';
import { closedPort } from '../fakes/http-service.ts';

const execute = promisify(execFile);
const root = join(import.meta.dirname, '../..');

describe('the examples, against a first start', () => {
  let dataDir: string;
  let running: Running;

  before(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'toolcrib-examples-'));
    const port = await closedPort();
    const environment = {
      TOOLCRIB_DATA_DIR: dataDir,
      PORT: `${port}`,
      TOOLCRIB_SAMPLE: 'on',
      LOG_LEVEL: 'silent',
    };
    running = await startCrib(environment, { inMemory: true });
  });
  after(async () => {
    await running.stop(0);
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Runs an example with the key that a start prints; answers what it wrote. */
  const run = async (name: string, environment: Record<string, string> = {}): Promise<string> => {
    const key = running.sample!.made!.keyText;
    const { stdout } = await execute(process.execPath, [join(root, 'examples', name, 'main.ts')], {
      env: { TOOLCRIB_URL: running.url, TOOLCRIB_KEY: key, ...environment },
      timeout: 60_000,
    });
    return stdout;
  };

  it('are all run here, and each says how to run it', async () => {
    assert.deepEqual((await readdir(join(root, 'examples'))).toSorted(), ['ai-sdk', 'fetch', 'mcp-client']);
    for (const name of ['ai-sdk', 'fetch', 'mcp-client']) {
      const text = await readFile(join(root, 'examples', name, 'README.md'), 'utf8');
      assert.ok(text.includes(`npx node examples/${name}/main.ts`), name);
    }
  });

  it('mcp-client lists, calls, and is refused the pinned field', async () => {
    const said = await run('mcp-client');
    assert.match(said, /^connected, speaking 2026-07-28$/m);
    assert.match(said, /^ {2}helpdesk__get_ticket\(ticket_id\)$/m);
    assert.ok(!said.includes('delete_ticket'), said);
    assert.match(said, /^first ticket: \d+ \S/m);
    assert.match(said, /^replied from support@helpdesk\.example, /m);
    assert.match(said, /^refused: "from" is set by the operator/m);
  });

  it('ai-sdk lists the tools and executes one', async () => {
    const said = await run('ai-sdk');
    assert.match(said, /^tools: .*\bhelpdesk__get_ticket\b/m);
    assert.match(said, /^ticket 1042: \S/m);
    assert.match(said, /^of the customer an agent sees: name, email$/m);
  });

  it('fetch calls a tool, is told of a failure, and is refused one that is off', async () => {
    const said = await run('fetch');
    assert.match(said, /^ticket 1042: .+ \(call [\w-]+\)$/m);
    assert.match(said, /^isError true: .*404/m);
    assert.match(said, /^a tool that is off: 404 unknown_tool: /m);
  });

  it('say which variable is missing', async () => {
    for (const name of ['ai-sdk', 'fetch', 'mcp-client']) {
      await assert.rejects(run(name, { TOOLCRIB_KEY: '' }), /Set TOOLCRIB_KEY/);
    }
  });
});

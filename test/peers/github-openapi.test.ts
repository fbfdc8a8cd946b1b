import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { importAside } from '../../src/connectors/index.ts';

const run = promisify(execFile);
const release = '23.0.2';

/** GitHub's published description, or why it cannot be had. It is far too large to be a dependency. */
async function fetchDescription(dir: string): Promise<string | { reason: string }> {
  try {
    await run('npm', ['pack', `@octokit/openapi@${release}`, '--silent'], { cwd: dir, timeout: 120_000 });
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    if (!/ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|timed out/i.test(text))
      throw error;
    return { reason: 'the package registry cannot be reached' };
  }
  const member = 'package/generated/api.github.com.json';
  await run('tar', ['xzf', `octokit-openapi-${release}.tgz`, member], { cwd: dir });
  return readFile(join(dir, member), 'utf8');
}

test("makes a tool of every operation of GitHub's description", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'github-openapi-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const text = await fetchDescription(dir);
  if (typeof text !== 'string') {
    t.diagnostic(`skipped: ${text.reason}`);
    t.skip(text.reason);
    return;
  }
  const document = JSON.parse(text) as object;
  const started = process.cpuUsage();
  const { tools, leftOut, baseUrl, warnings } = await importAside(document);
  const used = process.cpuUsage(started);
  t.diagnostic(
    `${tools.length} tools in ${Math.round((used.user + used.system) / 1000)} ms of CPU, in a thread of its own`,
  );

  assert.equal(tools.length, 1223);
  assert.deepEqual(leftOut, []);
  assert.equal(baseUrl, 'https://api.github.com');
  assert.equal(new Set(tools.map(({ name }) => name)).size, tools.length);
  for (const { name } of tools) assert.match(name, /^[a-zA-Z0-9_-]{1,44}$/);
  const cut = warnings.filter(({ warning }) => warning.includes('too long')).map(({ tool }) => tool);
  assert.ok(cut.length > 0 && cut.every((name) => name?.length === 44));

  const issue = tools.find(({ name }) => name === 'issues_create')!;
  assert.deepEqual(issue.inputSchema['required'], ['owner', 'repo', 'title']);
  assert.equal(issue.outputSchema!['type'], 'object');

  // Compiling all of them takes minutes; every tenth shows each construct the description uses.
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const tool of tools.filter((_, index) => index % 10 === 0)) {
    ajv.compile(tool.inputSchema);
    if (tool.outputSchema) assert.equal(ajv.validateSchema(tool.outputSchema), true);
  }
});

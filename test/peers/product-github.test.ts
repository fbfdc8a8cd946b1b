import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createMCPClient } from '@ai-sdk/mcp';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { dataOf, startProduct, type ConnectionRow, type Product } from './product-start.ts';

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

type Described = { paths: Record<string, Record<string, { tags?: string[] }>> };
type Connected = ConnectionRow & {
  tools: { total: number; enabled: number };
  tools_off?: string;
  left_out: readonly unknown[];
};
type Page = { tools: readonly { name: string }[]; nextCursor?: string };
type Preview = {
  tools: readonly { name: string; effect: string; token_cost: number; warnings: string[] }[];
  left_out: readonly unknown[];
  total_token_cost: number;
};

describe("GitHub's description, imported over the API", () => {
  let dir: string;
  let product: Product;
  let description: Described;
  let reason: string | null = null;
  let issues: number;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'github-product-'));
    const text = await fetchDescription(dir);
    if (typeof text !== 'string') {
      ({ reason } = text);
      return;
    }
    description = JSON.parse(text) as Described;
    const operations = Object.values(description.paths).flatMap((item) => Object.values(item));
    issues = operations.filter(({ tags }) => tags?.includes('issues')).length;
    // Nothing is sent to GitHub: only the service's address has to pass the guard, so it is one of ours.
    product = await startProduct();
  });
  after(async () => {
    await product?.close();
    await rm(dir, { recursive: true, force: true });
  });

  const body = (more: object = {}) => ({
    kind: 'openapi',
    document: description,
    base_url: 'http://127.0.0.1:9',
    ...more,
  });

  it('has 1,223 operations, none of them on without a selection, and the answer says so', async (t) => {
    if (reason) return t.skip(reason);
    const begun = performance.now();
    const whole = (await product.connect(body({ nickname: 'whole' }))) as Connected;
    t.diagnostic(`imported in ${Math.round(performance.now() - begun)} ms`);
    assert.deepEqual(whole.tools, { total: 1223, enabled: 0 });
    assert.match(whole.tools_off!, /1223/);
    assert.deepEqual(whole.left_out, []);
    const tools = await product.toolsOf(whole);
    assert.equal(new Set(tools.map(({ slug }) => slug)).size, 1223);
    assert.ok(tools.every(({ slug, is_enabled }) => slug.length <= 64 && !is_enabled));
  });

  it('serves of a pack of all of it only what was switched on', async (t) => {
    if (reason) return t.skip(reason);
    const { json } = await product.ask('GET', '/v1/connections');
    const [whole] = json['data'] as unknown as ConnectionRow[];
    const pack = await product.pack('hub', [{ slug: whole!.slug }]);
    const key = await product.keyFor(pack);
    const call = () =>
      product.ask('POST', '/v1/calls', {
        key,
        body: { pack: pack.slug, tool: `${whole!.slug}__issues_create`, arguments: {} },
      });
    assert.equal((await call()).status, 404);
    await product.curate(whole!, 'issues_create', { is_enabled: true });
    const on = await call();
    assert.equal(on.status, 200, on.text);
    const { json: read } = await product.ask('GET', `/v1/packs/${pack.id}`);
    assert.ok(Number(read['data']['token_cost']) > 0);
  });

  it('has only the issues where only they are asked for, and they are on', async (t) => {
    if (reason) return t.skip(reason);
    const chosen = (await product.connect(
      body({ nickname: 'issues', include: { tags: ['issues'] } }),
    )) as Connected;
    assert.deepEqual(chosen.tools, { total: issues, enabled: issues });
    assert.equal(chosen.tools_off, undefined);
    const tools = await product.toolsOf(chosen);
    assert.ok(tools.every(({ name }) => name.startsWith('issues_')));
  });

  it('is priced tool by tool before anything is created', async (t) => {
    if (reason) return t.skip(reason);
    const before = (await product.ask('GET', '/v1/connections')).json['data'].length;
    const request = { body: body({ nickname: 'dry', include: { tags: ['issues'] } }) };
    const answer = await product.ask('POST', '/v1/connections?dry_run=true', request);
    assert.ok(answer.status < 300, answer.text);
    const preview = dataOf<Preview>(answer, answer.status);
    assert.equal(preview.tools.length, issues);
    for (const { name, token_cost } of preview.tools) assert.ok(token_cost > 20, name);
    const total = preview.tools.reduce((sum, { token_cost }) => sum + token_cost, 0);
    assert.equal(preview.total_token_cost, total);
    const create = preview.tools.find(({ name }) => name === 'issues_create')!;
    assert.equal(create.effect, 'write');
    assert.equal((await product.ask('GET', '/v1/connections')).json['data'].length, before);
  });

  it('is priced whole, too', async (t) => {
    if (reason) return t.skip(reason);
    const begun = performance.now();
    const answer = await product.ask('POST', '/v1/connections?dry_run=true', {
      body: body({ nickname: 'dry' }),
    });
    t.diagnostic(`priced in ${Math.round(performance.now() - begun)} ms`);
    const { tools, total_token_cost: total } = dataOf<Preview>(answer, answer.status);
    t.diagnostic(`${total} tokens`);
    assert.equal(tools.length, 1223);
    assert.ok(total > 100_000);
  });

  it('is listed whole, in the same order, by every client, when all of it is chosen', async (t) => {
    if (reason) return t.skip(reason);
    const operations = Object.values(description.paths).flatMap((item) => Object.values(item));
    const tags = [...new Set(operations.flatMap((operation) => operation.tags ?? []))];
    const all = (await product.connect(body({ nickname: 'all', include: { tags } }))) as Connected;
    assert.deepEqual(all.tools, { total: 1223, enabled: 1223 });
    const pack = await product.pack('everything', [{ slug: all.slug }]);
    const headers = { Authorization: `Bearer ${await product.keyFor(pack)}` };
    const url = new URL(pack.mcp_url);
    const wanted = (await product.toolsOf(all)).map(({ slug }) => slug);

    const current = new Client({ name: 'c', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await current.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    const older = new OlderClient({ name: 'c', version: '1' });
    await older.connect(new OlderTransport(url, { requestInit: { headers } }));
    const aiSdk = await createMCPClient({ transport: { type: 'http', url: url.href, headers } });
    const pages = async (list: (cursor?: string) => Promise<Page>): Promise<string[]> => {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list(cursor);
        names.push(...page.tools.map(({ name }) => name));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return names;
    };
    assert.deepEqual(
      (await current.listTools()).tools.map(({ name }) => name),
      wanted,
    );
    assert.deepEqual(await pages((cursor) => older.listTools({ cursor })), wanted);
    assert.deepEqual(await pages((cursor) => aiSdk.listTools({ params: { cursor } })), wanted);
    assert.deepEqual(Object.keys(await aiSdk.tools()), wanted);
    await Promise.all([current.close(), older.close(), aiSdk.close()]);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld, type Answer, type World } from '../world.ts';

// The whole product, set up as its users set it up: over its API.

export type ConnectionRow = { id: string; slug: string; tools_status: string; status: string };
export type ToolRow = { id: string; name: string; slug: string; is_enabled: boolean };
export type PackRow = { id: string; slug: string; mcp_url: string };
export type EntryBody = { slug: string; auth_scope?: string; tools?: readonly string[] };

export type Product = World & {
  connect(body: object): Promise<ConnectionRow>;
  toolsOf(connection: ConnectionRow): Promise<readonly ToolRow[]>;
  /** Patches the tool of this bare name. */
  curate(connection: ConnectionRow, name: string, patch: object): Promise<void>;
  /** A pack of these connections, whole or cut down, whose tools run with the organization's credential. */
  pack(name: string, entries: readonly EntryBody[], more?: object): Promise<PackRow>;
  /** A key that can do nothing but call these packs. */
  keyFor(...packs: readonly PackRow[]): Promise<string>;
};

export type ProductOptions = {
  /** Files of the data directory, by name. */
  files?: Readonly<Record<string, string>>;
};

export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const dataDir = mkdtempSync(join(tmpdir(), 'toolcrib-product-'));
  for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(dataDir, name), text);
  const world = await startWorld({ environment: { TOOLCRIB_DATA_DIR: dataDir } });
  const ask: World['ask'] = (...request) => world.ask(...request);

  const toolsOf = async (connection: ConnectionRow): Promise<readonly ToolRow[]> => {
    const tools: ToolRow[] = [];
    let cursor = '';
    do {
      const answer = await ask('GET', `/v1/connections/${connection.id}/tools?limit=100${cursor}`);
      tools.push(...dataOf<readonly ToolRow[]>(answer, 200));
      const next = answer.json['meta']['next_cursor'] as string | undefined;
      cursor = next ? `&cursor=${encodeURIComponent(next)}` : '';
    } while (cursor !== '');
    return tools;
  };

  return {
    ...world,
    connect: async (body) => dataOf(await ask('POST', '/v1/connections', { body }), 201),
    toolsOf,
    async curate(connection, name, patch) {
      const tool = (await toolsOf(connection)).find((candidate) => candidate.name === name);
      assert.ok(tool, `${connection.slug} has no tool ${name}`);
      dataOf(await ask('PATCH', `/v1/tools/${tool.id}`, { body: patch }), 200);
    },
    async pack(name, entries, more = {}) {
      const body = {
        name,
        entries: entries.map((entry) => ({ auth_scope: 'ORGANIZATION', ...entry })),
        ...more,
      };
      return dataOf(await ask('POST', '/v1/packs', { body }), 201);
    },
    async keyFor(...packs) {
      const body = { name: 'agent', scopes: ['runtime:all'], pack_ids: packs.map((pack) => pack.id) };
      return dataOf<{ key: string }>(await ask('POST', '/v1/keys', { body }), 201).key;
    },
    async close() {
      await world.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** What an answer holds, once its status is the one expected. */
export function dataOf<Data>(answer: Answer, status: number): Data {
  assert.equal(answer.status, status, answer.text);
  return answer.json['data'] as Data;
}

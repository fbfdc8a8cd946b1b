import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { result, scriptedMcp, textResult, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import { startProduct, type ConnectionRow, type Product } from './product-start.ts';
import { speakersOf, type Speaker } from './product-speakers.ts';

/** An MCP server whose tools bear the same names as the other's and answer with whose they are. */
const server = (era: 'modern' | 'legacy', said: string): Promise<ScriptedMcp> => {
  const inputSchema = { type: 'object', properties: { [`of_${era}`]: { type: 'string' } } };
  return scriptedMcp({
    era,
    sessions: era === 'legacy',
    tools: ['who', 'who__who', 'list'].map((name) => ({
      name,
      description: `${name} of ${said}`,
      inputSchema,
    })),
    call: ({ id, params }, response) =>
      result(response, id, textResult(`${said}: ${String(params!['name'])}`)),
  });
};

describe('two MCP servers with the same tool names in one pack', () => {
  let product: Product;
  let older: ScriptedMcp;
  let newer: ScriptedMcp;
  let connections: readonly ConnectionRow[];
  let speakers: readonly Speaker[];

  before(async () => {
    product = await startProduct();
    [older, newer] = [await server('legacy', 'the older'), await server('modern', 'the newer')];
    connections = [
      await product.connect({ kind: 'mcp', nickname: 'Twin', server_url: older.url }),
      await product.connect({ kind: 'mcp', nickname: 'Twin', server_url: newer.url }),
    ];
    const pack = await product.pack(
      'twins',
      connections.map(({ slug }) => ({ slug })),
    );
    speakers = await speakersOf(product.url, pack.slug, await product.keyFor(pack));
  });
  after(async () => {
    await product.close();
    await Promise.all([older.close(), newer.close()]);
  });

  it('get slugs of their own', () => {
    const [first, second] = connections.map(({ slug }) => slug);
    assert.equal(first, 'twin');
    assert.match(second!, /^twin.+/);
  });

  it('are listed apart, each tool with its own schema', async () => {
    for (const { protocol, list } of speakers) {
      if (!list) continue;
      const { tools } = await list();
      assert.equal(new Set(tools.map(({ name }) => name)).size, 6, protocol);
      for (const [index, { slug }] of connections.entries()) {
        const own = tools.filter(({ name }) => name.startsWith(`${slug}__`));
        assert.equal(own.length, 3);
        for (const tool of own) {
          const era = index === 0 ? 'legacy' : 'modern';
          assert.deepEqual(Object.keys(tool.inputSchema.properties!), [`of_${era}`]);
        }
      }
    }
  });

  it('are called apart', async () => {
    const heardBy = (fake: ScriptedMcp): number =>
      fake.messages.filter(({ method }) => method === 'tools/call').length;
    for (const speaker of speakers) {
      for (const [index, { slug }] of connections.entries()) {
        for (const tool of ['who', 'who__who', 'list']) {
          const before = [older, newer].map(heardBy);
          const heard = await speaker.call(`${slug}__${tool}`, {});
          const said = index === 0 ? 'the older' : 'the newer';
          assert.equal(heard.result?.content[0]!.text, `${said}: ${tool}`, heard.bytes);
          before[index]! += 1;
          assert.deepEqual([older, newer].map(heardBy), before);
        }
      }
    }
  });

  it('are switched off apart', async () => {
    await product.curate(connections[0]!, 'who', { is_enabled: false });
    for (const speaker of speakers) {
      assert.ok((await speaker.call(`${connections[0]!.slug}__who`, {})).refusal, speaker.protocol);
      assert.ok((await speaker.call(`${connections[1]!.slug}__who`, {})).result, speaker.protocol);
    }
  });
});

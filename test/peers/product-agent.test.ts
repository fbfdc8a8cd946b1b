import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMCPClient } from '@ai-sdk/mcp';
import { generateText, isStepCount } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { startProduct, type ConnectionRow, type PackRow, type Product } from './product-start.ts';
import { httpPostOffice, leak, type PostOffice } from './product-upstreams.ts';

type Step = Extract<
  NonNullable<ConstructorParameters<typeof MockLanguageModelV4>[0]>['doGenerate'],
  readonly unknown[]
>[number];

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
/** A model that has decided already: it calls this tool, then says it is done. */
const decided = (toolName: string, args: object): MockLanguageModelV4 => {
  const call: Step = {
    content: [{ type: 'tool-call', toolCallId: 'call-1', toolName, input: JSON.stringify(args) }],
    finishReason: { unified: 'tool-calls', raw: undefined },
    usage,
    warnings: [],
  };
  const done: Step = {
    content: [{ type: 'text', text: 'Done.' }],
    finishReason: { unified: 'stop', raw: undefined },
    usage,
    warnings: [],
  };
  return new MockLanguageModelV4({ doGenerate: [call, done] });
};

describe('an agent of the AI SDK', () => {
  let product: Product;
  let office: PostOffice & { document: object };
  let connection: ConnectionRow;
  let pack: PackRow;
  let client: Awaited<ReturnType<typeof createMCPClient>>;

  before(async () => {
    product = await startProduct();
    office = await httpPostOffice();
    connection = await product.connect({ kind: 'openapi', nickname: 'post', document: office.document });
    await product.curate(connection, 'send', {
      description: 'Sends a letter from the office.',
      inputs: { from: { mode: 'pinned', value: 'office@toolcrib.example' } },
      response_field_map: { field_mappings: [{ path: 'id' }] },
    });
    pack = await product.pack('agent', [{ slug: 'post', tools: ['send'] }]);
    const headers = { Authorization: `Bearer ${await product.keyFor(pack)}` };
    client = await createMCPClient({ transport: { type: 'http', url: pack.mcp_url, headers } });
  });
  after(async () => {
    await client.close();
    await product.close();
    await office.close();
  });

  const run = async (model: MockLanguageModelV4) =>
    generateText({ model, tools: await client.tools(), stopWhen: isStepCount(3), prompt: 'Write to Ada.' });

  it('shows its model the curated tool and no other', async () => {
    const model = decided('post__send', { to: 'Ada', body: 'Hello.' });
    await run(model);
    const shown = model.doGenerateCalls[0]!.tools!;
    assert.equal(shown.length, 1);
    const [tool] = shown;
    assert.ok(tool?.type === 'function');
    assert.equal(tool.description, 'Sends a letter from the office.');
    assert.deepEqual(Object.keys(tool.inputSchema.properties!).toSorted(), ['body', 'to']);
  });

  it('sends what the model decided with the pin, and shows the model the mapped fields alone', async () => {
    const model = decided('post__send', { to: 'Ada', body: 'Hello.' });
    const { text, steps } = await run(model);
    assert.equal(text, 'Done.');
    assert.deepEqual(office.letters.at(-1), { to: 'Ada', body: 'Hello.', from: 'office@toolcrib.example' });
    assert.equal(steps[0]!.toolResults.length, 1);
    const seen = JSON.stringify(model.doGenerateCalls[1]!.prompt);
    assert.match(seen, /id\\*":\d+/);
    assert.ok(!seen.includes(leak), seen);
  });

  it('that sends a pinned field is told why it was refused, and goes on', async () => {
    const before = office.letters.length;
    const model = decided('post__send', { to: 'Ada', body: 'Hello.', from: 'ceo@toolcrib.example' });
    const { text } = await run(model);
    assert.equal(text, 'Done.');
    assert.equal(office.letters.length, before);
    const seen = JSON.stringify(model.doGenerateCalls[1]!.prompt);
    assert.match(seen, /is set by the operator/);
  });
});

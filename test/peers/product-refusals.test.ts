import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startProduct, type ConnectionRow, type PackRow, type Product } from './product-start.ts';
import { speakersOf, type Speaker } from './product-speakers.ts';
import { httpPostOffice, mcpPostOffice, type PostOffice } from './product-upstreams.ts';

const letter = { to: 'Ada', body: 'Hello.' };

/** `send` is served, `shred` is off, `burn` is on but not in the pack: in two connections with the same tools. */
const unservable = ['shred', 'burn'];
const connections = ['mail', 'post'];

/** Other spellings of what `slug__tool` means. */
const spellings = (slug: string, tool: string): string[] => {
  const other = slug === 'mail' ? 'post' : 'mail';
  return [
    `${slug}__${tool.toUpperCase()}`,
    `${slug.toUpperCase()}__${tool}`,
    `${slug}__${tool} `,
    ` ${slug}__${tool}`,
    `${slug}__${tool}\n`,
    `${slug}__${tool}\u200b`,
    `${slug}_${tool}`,
    `${slug}.${tool}`,
    `${slug}__${slug}__${tool}`,
    `${other}__${slug}__${tool}`,
    tool,
  ];
};

describe('what a pack does not serve', () => {
  let product: Product;
  let http: PostOffice & { document: object };
  let mcp: PostOffice;
  let mail: ConnectionRow;
  let prefixed: PackRow;
  let plain: PackRow;
  let speakers: readonly Speaker[];
  let plainSpeakers: readonly Speaker[];

  before(async () => {
    product = await startProduct();
    [http, mcp] = [await httpPostOffice(), await mcpPostOffice()];
    mail = await product.connect({ kind: 'openapi', nickname: 'mail', document: http.document });
    const post = await product.connect({ kind: 'mcp', nickname: 'post', server_url: mcp.url });
    assert.deepEqual([mail.slug, post.slug], connections);
    for (const connection of [mail, post]) await product.curate(connection, 'shred', { is_enabled: false });
    // Naming a tool in the pack does not switch it on again.
    const entries = connections.map((slug) => ({ slug, tools: ['send', 'shred'] }));
    prefixed = await product.pack('prefixed', entries);
    plain = await product.pack('plain', entries.slice(1), { names: 'plain' });
    // Another pack that serves everything is no way into this one.
    await product.pack(
      'whole',
      connections.map((slug) => ({ slug })),
    );
    const key = await product.keyFor(prefixed, plain);
    speakers = await speakersOf(product.url, prefixed.slug, key);
    plainSpeakers = await speakersOf(product.url, plain.slug, key);
  });
  after(async () => {
    await product.close();
    await Promise.all([http.close(), mcp.close()]);
  });

  const arrived = (): number => http.letters.length + mcp.letters.length;

  for (const [index, protocol] of [
    'MCP 2026-07-28',
    'MCP 2025-11-25',
    'MCP 2025-06-18',
    'MCP 2025-03-26',
    'MCP 2025-03-26 in a batch',
    'REST',
  ].entries()) {
    describe(`over ${protocol}`, () => {
      const speaker = (): Speaker => {
        assert.equal(speakers[index]!.protocol, protocol);
        return speakers[index]!;
      };

      it('is in no list', async (t) => {
        const { list } = speaker();
        if (!list) return t.skip('this protocol lists nothing');
        const { tools } = await list();
        assert.deepEqual(tools.map(({ name }) => name).toSorted(), ['mail__send', 'post__send']);
      });

      it('reaches no service by its name or another spelling of it, and all are refused alike', async () => {
        const before = arrived();
        const unknown = (await speaker().call('mail__never_was', letter)).refusal!;
        assert.ok(unknown);
        const heard = new Map<string, string | undefined>();
        for (const slug of connections) {
          for (const tool of unservable) {
            for (const name of [`${slug}__${tool}`, ...spellings(slug, tool)]) {
              heard.set(name, (await speaker().call(name, letter)).refusal);
            }
          }
          for (const name of spellings(slug, 'send')) {
            heard.set(name, (await speaker().call(name, letter)).refusal);
          }
        }
        for (const [name, refusal] of heard) assert.equal(refusal, unknown, JSON.stringify(name));
        assert.equal(arrived(), before);
      });

      it('is not lent by what it does serve', async () => {
        for (const slug of connections) {
          const before = arrived();
          const { result, bytes } = await speaker().call(`${slug}__send`, letter);
          assert.ok(result && !result.isError, bytes);
          assert.equal(arrived(), before + 1);
        }
      });

      it('stays so where the pack shows bare names', async () => {
        const before = arrived();
        const one = plainSpeakers[index]!;
        const unknown = (await one.call('never_was', letter)).refusal;
        const names = ['shred', 'burn', 'SEND', 'send ', 'post__send', 'post__burn', 'mail__send'];
        for (const name of names) assert.equal((await one.call(name, letter)).refusal, unknown, name);
        assert.equal(arrived(), before);
        assert.ok((await one.call('send', letter)).result);
        assert.equal(arrived(), before + 1);
      });
    });
  }

  it('is reached by nobody a moment after it was switched off', async () => {
    await product.curate(mail, 'send', { is_enabled: false });
    const before = http.letters.length;
    for (const speaker of speakers) {
      assert.ok((await speaker.call('mail__send', letter)).refusal, speaker.protocol);
    }
    assert.equal(http.letters.length, before);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startProduct, type ConnectionRow, type Product } from './product-start.ts';
import { speakersOf, type Heard, type Speaker } from './product-speakers.ts';
import { httpPostOffice, leak, mcpPostOffice, noStreet, type PostOffice } from './product-upstreams.ts';

const sender = 'office@toolcrib.example';
const letter = { to: 'Ada', body: 'Hello.' };

/** Ways to say `from` that are not `from`. */
const disguises = [
  'From',
  'FROM',
  'from ',
  ' from',
  'fr\u200bom',
  'ｆｒｏｍ',
  'from.name',
  'mail.from',
  'from[]',
];

for (const kind of ['openapi', 'mcp'] as const) {
  const title = kind === 'mcp' ? 'an MCP server' : 'an HTTP service';
  describe(`a tool of ${title} with a pin and a response map`, () => {
    let product: Product;
    let office: PostOffice;
    let connection: ConnectionRow;
    let speakers: readonly Speaker[];

    before(async () => {
      product = await startProduct();
      if (kind === 'openapi') {
        const http = await httpPostOffice();
        office = http;
        connection = await product.connect({ kind, nickname: 'post', document: http.document });
      } else {
        office = await mcpPostOffice();
        connection = await product.connect({ kind, nickname: 'post', server_url: office.url });
      }
      await product.curate(connection, 'send', {
        inputs: { from: { mode: 'pinned', value: sender } },
        response_field_map: { field_mappings: [{ path: 'id' }, { path: 'to', alias: 'addressee' }] },
      });
      const pack = await product.pack('office', [{ slug: 'post', tools: ['send'] }]);
      speakers = await speakersOf(product.url, pack.slug, await product.keyFor(pack));
    });
    after(async () => {
      await product.close();
      await office.close();
    });

    /** Every protocol in turn. */
    const each = async (work: (speaker: Speaker) => Promise<void>): Promise<void> => {
      assert.equal(speakers.length, 6);
      for (const speaker of speakers) await work(speaker);
    };
    const send = (speaker: Speaker, args: object): Promise<Heard> => speaker.call('post__send', args);
    const texts = ({ result }: Heard): string => result!.content.map(({ text }) => text).join('\n');

    it('lists neither the pinned field nor what the map leaves out', async () => {
      await each(async ({ protocol, list }) => {
        if (!list) return;
        const { tools, bytes } = await list();
        const { properties, required } = tools[0]!.inputSchema;
        assert.deepEqual(Object.keys(properties!).toSorted(), ['body', 'to'], protocol);
        assert.deepEqual(required!.toSorted(), ['body', 'to']);
        assert.ok(!bytes.includes(sender) && !bytes.includes(leak), bytes);
      });
    });

    it('sends the pin and answers with the mapped fields alone', async () => {
      await each(async (speaker) => {
        const heard = await send(speaker, letter);
        assert.deepEqual(office.letters.at(-1), { ...letter, from: sender }, speaker.protocol);
        const served = { id: office.letters.length, addressee: 'Ada' };
        // The oldest revision knows no structured content.
        const structured = speaker.protocol.includes('2025-03-26') ? undefined : served;
        assert.deepEqual(heard.result!.structuredContent, structured, heard.bytes);
        assert.deepEqual(JSON.parse(heard.result!.content[0]!.text!), served);
        assert.ok(!heard.bytes.includes(leak), heard.bytes);
      });
    });

    it('takes the pinned value itself', async () => {
      await each(async (speaker) => {
        const before = office.letters.length;
        assert.ok(!(await send(speaker, { ...letter, from: sender })).result!.isError);
        assert.equal(office.letters.length, before + 1);
      });
    });

    it('refuses another value, an explicit null, and every disguise of the field; nothing is sent', async () => {
      await each(async (speaker) => {
        const before = office.letters.length;
        for (const name of ['from', ...disguises]) {
          for (const value of ['ceo@toolcrib.example', null]) {
            const heard = await send(speaker, { ...letter, [name]: value });
            assert.equal(heard.result?.isError, true, `${speaker.protocol} ${name}`);
            assert.match(texts(heard), /"from"/);
            assert.ok(!heard.bytes.includes(sender), 'the pinned value is nobody’s business');
          }
        }
        assert.equal(office.letters.length, before);
      });
    });

    it('leaves nothing unmapped in an error', async () => {
      await each(async (speaker) => {
        for (const body of ['refuse', 'mutter', 'throw']) {
          const failed = await send(speaker, { ...letter, body });
          assert.equal(failed.result!.isError, true, failed.bytes);
          assert.equal(texts(failed).includes(noStreet), body === 'refuse', failed.bytes);
          assert.ok(!failed.bytes.includes(leak), failed.bytes);
        }
      });
    });

    if (kind === 'mcp') {
      it('tells progress without the service’s words', async () => {
        await each(async (speaker) => {
          const { progress, bytes } = await send(speaker, letter);
          const isTold = !['REST', 'MCP 2025-03-26 in a batch'].includes(speaker.protocol);
          if (isTold) assert.deepEqual(progress, [1], `${speaker.protocol} ${bytes}`);
          assert.ok(!bytes.includes(leak), bytes);
        });
      });
    }

    it('shows in the call log and the audit what was refused, and no value of it', async () => {
      const calls = await product.ask('GET', '/v1/calls?outcome=denied&limit=1');
      const [denied] = calls.json['data'] as unknown as { tool: string; reason: string }[];
      assert.equal(denied!.tool, 'post__send');
      const audit = await product.ask('GET', '/v1/audit?limit=100');
      assert.equal(audit.status, 200, audit.text);
      assert.match(audit.text, /call\.input_refused/);
      for (const { text } of [calls, audit]) assert.ok(!text.includes('ceo@toolcrib.example'), text);
    });
  });
}

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { initialize, legacy, modern, request } from '../contracts/mcp-counter.ts';
import { everythingServer } from '../fakes/everything-server.ts';
import { modernMcp } from '../fakes/modern-mcp.ts';
import { startProduct, type PackRow, type Product } from './product-start.ts';

const crowd = Array.from({ length: 50 }, (_, index) => index);

type Answered = { id: unknown; result: { content: { text: string }[] } };

describe('fifty clients at once, all with JSON-RPC id 1', () => {
  let product: Product;
  let pack: PackRow;
  let key: string;
  const closing: { close(): Promise<void> }[] = [];

  before(async () => {
    product = await startProduct();
    for (const [nickname, start] of [
      ['everything', everythingServer],
      ['modern', modernMcp],
    ] as const) {
      const server = await start();
      closing.push(server);
      await product.connect({ kind: 'mcp', nickname, server_url: server.url });
    }
    pack = await product.pack('crowd', [{ slug: 'everything' }, { slug: 'modern' }]);
    key = await product.keyFor(pack);
  });
  after(async () => {
    await product.close();
    for (const one of closing) await one.close();
  });

  const ask = async (init: RequestInit): Promise<Answered> => {
    const response = await fetch(pack.mcp_url, init);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const isStream = response.headers.get('content-type')?.includes('event-stream');
    return JSON.parse(
      isStream
        ? text
            .split('\n')
            .findLast((line) => line.startsWith('data: '))!
            .slice(6)
        : text,
    );
  };

  /** What one of them asks, of which server, and what only that one may be told. */
  const questions = [
    {
      server: 'a server of the older era',
      name: 'everything__echo',
      argsOf: (index: number) => ({ message: `I am ${index}` }),
      answerOf: (index: number) => `Echo: I am ${index}`,
    },
    {
      server: 'a server of 2026-07-28',
      name: 'modern__add',
      argsOf: (index: number) => ({ a: index, b: 1000 }),
      answerOf: (index: number) => `${index + 1000}`,
    },
  ];

  for (const { server, name, argsOf, answerOf } of questions) {
    it(`each get their own answer from ${server} in 2026-07-28`, async () => {
      const answers = await Promise.all(
        crowd.map((index) =>
          ask(modern('tools/call', { name, arguments: argsOf(index) }, { key, meta: { progressToken: 1 } })),
        ),
      );
      for (const [index, answer] of answers.entries()) {
        assert.equal(answer.id, 1);
        assert.equal(answer.result.content[0]!.text, answerOf(index));
      }
    });

    it(`each get their own answer from ${server} in sessions of 2025-11-25`, async () => {
      const sessions = await Promise.all(crowd.map(() => initialize(pack.mcp_url, '2025-11-25', key)));
      assert.equal(new Set(sessions).size, crowd.length);
      const answers = await Promise.all(
        sessions.map((session, index) => {
          const params = { name, arguments: argsOf(index), _meta: { progressToken: 1 } };
          return ask(legacy(request('tools/call', params), { key, session }));
        }),
      );
      for (const [index, answer] of answers.entries()) {
        assert.equal(answer.id, 1);
        assert.equal(answer.result.content[0]!.text, answerOf(index));
      }
    });
  }

  it('of both eras at both servers, mixed, each get their own', async () => {
    const answers = await Promise.all(
      crowd.map(async (index) => {
        const { name, argsOf } = questions[index % 2]!;
        const params = { name, arguments: argsOf(index) };
        if (index % 4 < 2) return ask(modern('tools/call', params, { key }));
        const session = await initialize(pack.mcp_url, '2025-06-18', key);
        return ask(legacy(request('tools/call', params), { key, session }));
      }),
    );
    for (const [index, answer] of answers.entries()) {
      assert.equal(answer.result.content[0]!.text, questions[index % 2]!.answerOf(index));
    }
  });
});

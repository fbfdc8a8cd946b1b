import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMCPClient } from '@ai-sdk/mcp';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { everythingServer } from '../fakes/everything-server.ts';
import { modernMcp } from '../fakes/modern-mcp.ts';
import { startProduct, type PackRow, type Product } from './product-start.ts';
import { wiretap, type Wiretap } from './product-upstreams.ts';

type Result = { [key: string]: unknown };
type Options = { signal?: AbortSignal; onProgress?: (progress: number) => void };

/** A real client, its differences put away. */
type Peer = {
  /** The revision it came to speak. */
  revision: string | undefined;
  names(): Promise<string[]>;
  call(name: string, args: Record<string, unknown>, options?: Options): Promise<Result>;
  close(): Promise<void>;
};

const info = { name: 'peer', version: '1.0.0' };

async function modernPeer(url: URL, key: string, mode: 'auto' | 'legacy'): Promise<Peer> {
  const client = new ModernClient(info, { versionNegotiation: { mode } });
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  await client.connect(new ModernTransport(url, { requestInit }));
  return {
    revision: client.getNegotiatedProtocolVersion(),
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name, args, { signal, onProgress } = {}) =>
      client.callTool(
        { name, arguments: args },
        { signal, ...(onProgress ? { onprogress: ({ progress }) => onProgress(progress) } : {}) },
      ),
    close: () => client.close(),
  };
}

async function olderPeer(url: URL, key: string): Promise<Peer> {
  const client = new OlderClient(info);
  const transport = new OlderTransport(url, { requestInit: { headers: { Authorization: `Bearer ${key}` } } });
  await client.connect(transport);
  return {
    revision: transport.protocolVersion,
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: (name, args, { signal, onProgress } = {}) =>
      client.callTool({ name, arguments: args }, undefined, {
        ...(signal ? { signal } : {}),
        ...(onProgress ? { onprogress: ({ progress }) => onProgress(progress) } : {}),
      }),
    close: () => client.close(),
  };
}

async function aiSdkPeer(url: URL, key: string): Promise<Peer> {
  const headers = { Authorization: `Bearer ${key}` };
  const client = await createMCPClient({ transport: { type: 'http', url: url.href, headers } });
  return {
    revision: client.initializeResult.protocolVersion,
    names: async () => Object.keys(await client.tools()),
    async call(name, args, { signal } = {}) {
      const { [name]: tool } = await client.tools();
      assert.ok(tool, `no tool ${name}`);
      const options = { toolCallId: 'call-1', messages: [], context: {}, abortSignal: signal };
      return (await tool.execute(args, options)) as Result;
    },
    close: () => client.close(),
  };
}

const clients: readonly {
  title: string;
  revision: string;
  tellsProgress: boolean;
  connect(url: URL, key: string): Promise<Peer>;
}[] = [
  {
    title: '@modelcontextprotocol/client',
    revision: '2026-07-28',
    tellsProgress: true,
    connect: (url, key) => modernPeer(url, key, 'auto'),
  },
  {
    title: '@modelcontextprotocol/client in its older mode',
    revision: '2025-11-25',
    tellsProgress: true,
    connect: (url, key) => modernPeer(url, key, 'legacy'),
  },
  {
    title: '@modelcontextprotocol/sdk',
    revision: '2025-11-25',
    tellsProgress: true,
    connect: olderPeer,
  },
  {
    title: '@ai-sdk/mcp',
    revision: '2026-07-28',
    tellsProgress: false,
    connect: aiSdkPeer,
  },
];

/** What is called at each server, and what comes of it. */
const servers = [
  {
    slug: 'everything',
    start: everythingServer,
    lists: ['everything__echo', 'everything__get-sum'],
    adds: { tool: 'everything__get-sum', args: { a: 2, b: 3 }, says: /\b5\b/ },
    fails: {
      tool: 'everything__get-resource-reference',
      args: { resourceId: -1 },
      says: /Invalid resourceId/,
    },
    steps: { tool: 'everything__trigger-long-running-operation', args: { duration: 0.2, steps: 2 } },
    waits: { tool: 'everything__trigger-long-running-operation', args: { duration: 60, steps: 1 } },
    isModern: false,
  },
  {
    slug: 'modern',
    start: modernMcp,
    lists: ['modern__add', 'modern__fail', 'modern__wait'],
    adds: { tool: 'modern__add', args: { a: 2, b: 3 }, says: /^5$/ },
    fails: { tool: 'modern__fail', args: {}, says: /It broke\./ },
    steps: { tool: 'modern__steps', args: {} },
    waits: { tool: 'modern__wait', args: {} },
    isModern: true,
  },
] as const;

const textOf = ({ content }: Result): string =>
  (content as { text: string }[]).map(({ text }) => text).join();

describe('real clients before real servers', () => {
  let product: Product;
  let pack: PackRow;
  let key: string;
  const closing: { close(): Promise<void> }[] = [];
  const taps = new Map<string, Wiretap>();

  before(async () => {
    product = await startProduct();
    for (const { slug, start } of servers) {
      const server = await start();
      const tap = await wiretap(server.url);
      taps.set(slug, tap);
      closing.push(server, tap);
      await product.connect({ kind: 'mcp', nickname: slug, server_url: tap.url });
    }
    pack = await product.pack(
      'both',
      servers.map(({ slug }) => ({ slug })),
    );
    key = await product.keyFor(pack);
  });
  after(async () => {
    await product.close();
    for (const one of closing.toReversed()) await one.close();
  });

  for (const client of clients) {
    describe(client.title, () => {
      let peer: Peer;
      before(async () => {
        peer = await client.connect(new URL(pack.mcp_url), key);
      });
      after(() => peer.close());

      it(`speaks ${client.revision}`, () => assert.equal(peer.revision, client.revision));

      for (const server of servers) {
        const era = server.isModern ? '2026-07-28' : 'the older era';

        it(`lists the tools of a server of ${era}`, async () => {
          const names = await peer.names();
          for (const name of server.lists) assert.ok(names.includes(name), names.join());
        });

        it(`calls a tool of a server of ${era}`, async () => {
          const result = await peer.call(server.adds.tool, server.adds.args);
          assert.ok(!result.isError);
          assert.match(textOf(result), server.adds.says);
          if (server.isModern) assert.deepEqual(result.structuredContent, { sum: 5 });
        });

        it(`is told of a failure by a server of ${era}`, async () => {
          const result = await peer.call(server.fails.tool, server.fails.args);
          assert.equal(result.isError, true);
          assert.match(textOf(result), server.fails.says);
        });

        if (client.tellsProgress) {
          it(`follows the progress of a server of ${era}`, async () => {
            const seen: number[] = [];
            const onProgress = (progress: number): void => void seen.push(progress);
            await peer.call(server.steps.tool, server.steps.args, { onProgress });
            assert.deepEqual(seen, [1, 2]);
          });
        }

        it(`cancels a call at a server of ${era}`, async () => {
          const tap = taps.get(server.slug)!;
          const from = tap.events.length;
          const leaving = new AbortController();
          const abandoned = assert.rejects(
            peer.call(server.waits.tool, server.waits.args, { signal: leaving.signal }),
          );
          await tap.until(({ message }) => message.method === 'tools/call', from);
          leaving.abort();
          await abandoned;
          const told = await tap.until(
            ({ kind, message }) =>
              server.isModern
                ? kind === 'left' && message.method === 'tools/call'
                : message.method === 'notifications/cancelled',
            from,
          );
          assert.ok(told);
          // The next call is not touched by it.
          assert.match(textOf(await peer.call(server.adds.tool, server.adds.args)), server.adds.says);
        });
      }
    });
  }
});

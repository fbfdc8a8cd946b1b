import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { modernMcp, type ModernFake } from '../fakes/modern-mcp.ts';
import { dataOf, startProduct, type ConnectionRow, type PackRow, type Product } from './product-start.ts';

/** A connected client that counts what it is told of changes. */
type Listener = {
  names(): Promise<string[]>;
  /** Resolves when it is told, from now on. */
  told(): Promise<void>;
  close(): Promise<void>;
};

function announcer(): { tell: () => void; told: () => Promise<void> } {
  let next = Promise.withResolvers<void>();
  return {
    tell() {
      next.resolve();
      next = Promise.withResolvers();
    },
    told: () => next.promise,
  };
}

const info = { name: 'listener', version: '1.0.0' };

async function modernListener(url: URL, key: string): Promise<Listener> {
  const { tell, told } = announcer();
  const client = new ModernClient(info, {
    versionNegotiation: { mode: 'auto' },
    listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: tell } },
  });
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  await client.connect(new ModernTransport(url, { requestInit }));
  assert.equal(client.getNegotiatedProtocolVersion(), '2026-07-28');
  return {
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    told,
    close: () => client.close(),
  };
}

async function olderListener(url: URL, key: string): Promise<Listener> {
  const { tell, told } = announcer();
  const client = new OlderClient(info);
  client.setNotificationHandler(ToolListChangedNotificationSchema, tell);
  const streaming = Promise.withResolvers<void>();
  const transport = new OlderTransport(url, {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
    async fetch(input, init) {
      const response = await fetch(input, init);
      if (init?.method === 'GET') streaming.resolve();
      return response;
    },
  });
  await client.connect(transport);
  // The client opens its stream without waiting for it.
  await streaming.promise;
  return {
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    told,
    close: () => client.close(),
  };
}

const within = 2000;

for (const [era, connect] of [
  ['2026-07-28', modernListener],
  ['2025-11-25', olderListener],
] as const) {
  describe(`a connected client of ${era} is told within two seconds`, () => {
    let product: Product;
    let upstream: ModernFake;
    let connection: ConnectionRow;
    let pack: PackRow;
    let listener: Listener;

    before(async () => {
      product = await startProduct();
      upstream = await modernMcp();
      connection = await product.connect({ kind: 'mcp', nickname: 'desk', server_url: upstream.url });
      await product.connect({ kind: 'mcp', nickname: 'other', server_url: upstream.url });
      pack = await product.pack('told', [{ slug: 'desk' }]);
      listener = await connect(new URL(pack.mcp_url), await product.keyFor(pack));
    });
    after(async () => {
      await listener.close();
      await product.close();
      await upstream.close();
    });

    /** Makes the change and waits to be told of it; answers the names listed then. */
    const afterwards = async (change: () => Promise<unknown>): Promise<string[]> => {
      const told = listener.told();
      const begun = performance.now();
      await change();
      await told;
      const took = performance.now() - begun;
      assert.ok(took < within, `told after ${Math.round(took)} ms`);
      return listener.names();
    };
    const entry = (method: string, slug: string, body?: object) =>
      product.ask(method, `/v1/packs/${pack.id}/entries/${slug}`, body ? { body } : {});

    it('that a tool was disabled, and enabled again', async () => {
      assert.ok((await listener.names()).includes('desk__add'));
      const off = await afterwards(() => product.curate(connection, 'add', { is_enabled: false }));
      assert.ok(!off.includes('desk__add'));
      const on = await afterwards(() => product.curate(connection, 'add', { is_enabled: true }));
      assert.ok(on.includes('desk__add'));
    });

    it('that a field was pinned', async () => {
      await afterwards(() =>
        product.curate(connection, 'add', { inputs: { a: { mode: 'pinned', value: 1 } } }),
      );
    });

    it('that its pack got another connection, was cut down, and lost it again', async () => {
      const wider = await afterwards(async () => dataOf(await entry('PUT', 'other', {}), 200));
      assert.ok(wider.includes('other__add'));
      const cut = await afterwards(async () => dataOf(await entry('PUT', 'other', { tools: ['add'] }), 200));
      assert.deepEqual(
        cut.filter((name) => name.startsWith('other__')),
        ['other__add'],
      );
      const narrower = await afterwards(() => entry('DELETE', 'other'));
      assert.ok(!narrower.some((name) => name.startsWith('other__')));
    });

    it('that a connection was taken out of service', async () => {
      const none = await afterwards(() =>
        product.ask('PATCH', `/v1/connections/${connection.id}`, { body: { is_active: false } }),
      );
      assert.deepEqual(none, []);
    });
  });
}

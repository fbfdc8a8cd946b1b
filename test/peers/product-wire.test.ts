import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { initialize, legacy, modern, request } from '../contracts/mcp-counter.ts';
import { everythingServer } from '../fakes/everything-server.ts';
import { httpService, sendJson } from '../fakes/http-service.ts';
import { modernMcp } from '../fakes/modern-mcp.ts';
import { failure, result, scriptedMcp } from '../fakes/scripted-mcp.ts';
import { startProduct, type ConnectionRow, type PackRow, type Product } from './product-start.ts';
import { speakersOf } from './product-speakers.ts';
import { httpPostOffice, wiretap, type Wiretap } from './product-upstreams.ts';

const token = 'upstream-token-0123456789abcdef';
/** What only the client and we should ever hold. */
const own = 'client-only-5b1c9e';

describe('on the wire to a service', () => {
  let product: Product;
  let pack: PackRow;
  let key: string;
  const taps: Wiretap[] = [];
  const closing: { close(): Promise<void> }[] = [];
  let modernConnection: ConnectionRow;

  before(async () => {
    product = await startProduct();
    const http = await httpPostOffice();
    const mcp = [await everythingServer(), await modernMcp()];
    closing.push(http, ...mcp);
    for (const { url } of [http, ...mcp]) taps.push(await wiretap(url));
    closing.unshift(...taps);
    const [post, older, newer] = taps;
    const auth = { type: 'bearer', token };
    await product.connect({
      kind: 'openapi',
      nickname: 'post',
      document: http.document,
      base_url: post!.url,
      auth,
    });
    await product.connect({ kind: 'mcp', nickname: 'older', server_url: older!.url, auth });
    modernConnection = await product.connect({
      kind: 'mcp',
      nickname: 'newer',
      server_url: newer!.url,
      auth,
    });
    pack = await product.pack('wired', [{ slug: 'post' }, { slug: 'older' }, { slug: 'newer' }]);
    key = await product.keyFor(pack);
  });
  after(async () => {
    await product.close();
    for (const one of closing) await one.close();
  });

  const calls = [
    { name: 'post__send', arguments: { to: 'Ada', body: 'Hello.' } },
    { name: 'older__echo', arguments: { message: 'hello' } },
    { name: 'newer__add', arguments: { a: 1, b: 2 } },
  ];

  it('there is the connection’s credential and a trace, and nothing the client carries', async () => {
    const headers = { Cookie: `session=${own}`, 'X-Private': own, Baggage: own };
    const meta = { 'example.com/private': own };
    const session = await initialize(pack.mcp_url, '2025-11-25', key);
    const from = taps.map(({ events }) => events.length);
    for (const [index, params] of calls.entries()) {
      const rest = {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify({ pack: pack.slug, tool: params.name, arguments: params.arguments }),
      };
      const older = request('tools/call', { ...params, _meta: meta });
      for (const [url, init] of [
        [pack.mcp_url, modern('tools/call', params, { key, headers, meta })],
        [pack.mcp_url, legacy(older, { key, session, headers })],
        [`${product.url}/v1/calls`, rest],
      ] as const) {
        const response = await fetch(url, init);
        const text = await response.text();
        assert.ok(response.ok && !/"isError":true|"error":/.test(text), text);
      }
      const { events } = taps[index]!;
      const sent = events
        .slice(from[index])
        .filter(
          ({ kind, message, path }) =>
            kind === 'sent' && (message.method === 'tools/call' || path === '/letters'),
        );
      assert.equal(sent.length, 3);
      for (const one of sent) {
        assert.equal(one.headers['authorization'], `Bearer ${token}`);
        assert.match(String(one.headers['traceparent']), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      }
      assert.equal(new Set(sent.map((one) => one.headers['traceparent'])).size, 3);
      const everything = JSON.stringify(events);
      for (const text of [own, key, product.adminKey]) assert.ok(!everything.includes(text), text);
    }
  });

  it('a marked argument is in the header its server asks for, whichever client sent it', async () => {
    const headers = { Authorization: `Bearer ${key}` };
    const transportOptions = { requestInit: { headers } };
    const url = new URL(pack.mcp_url);
    const current = new Client({ name: 'c', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await current.connect(new StreamableHTTPClientTransport(url, transportOptions));
    // The client mirrors what it has seen listed.
    await current.listTools();
    const older = new OlderClient({ name: 'c', version: '1' });
    await older.connect(new OlderTransport(url, transportOptions));
    const mirrored = (): unknown => taps[2]!.events.at(-1)!.headers['mcp-param-region'];

    for (const region of ['us-west1', 'Zürich', ' padded ']) {
      for (const client of [current, older]) {
        const { content } = await client.callTool({ name: 'newer__region', arguments: { region } });
        assert.deepEqual(content, [{ type: 'text', text: region }]);
        const encoded = `=?base64?${Buffer.from(region).toString('base64')}?=`;
        assert.equal(mirrored(), region === 'us-west1' ? region : encoded);
      }
    }
    await product.curate(modernConnection, 'region', {
      inputs: { region: { mode: 'pinned', value: 'eu-north1' } },
    });
    await current.listTools();
    for (const client of [current, older]) {
      const { content } = await client.callTool({ name: 'newer__region', arguments: {} });
      assert.deepEqual(content, [{ type: 'text', text: 'eu-north1' }]);
      assert.equal(mirrored(), 'eu-north1');
    }
    await Promise.all([current.close(), older.close()]);
  });
});

describe('a service that repeats the credential it was sent', () => {
  let product: Product;
  const closing: { close(): Promise<void> }[] = [];
  const connections: ConnectionRow[] = [];
  let pack: PackRow;

  before(async () => {
    product = await startProduct();
    const mcp = await scriptedMcp({
      era: 'modern',
      tools: ['tell', 'fail', 'break'].map((name) => ({ name, inputSchema: { type: 'object' } })),
      call({ id, params }, response, _request, seen) {
        const said = String(seen.headers.authorization);
        if (params!['name'] === 'break') {
          return sendJson(response, failure(id, -32603, `You sent ${said}`));
        }
        result(response, id, {
          resultType: 'complete',
          isError: params!['name'] === 'fail',
          content: [
            { type: 'text', text: JSON.stringify({ message: said, [said]: [said] }) },
            { type: 'resource_link', uri: `seen://${encodeURIComponent(said)}`, name: said },
          ],
          structuredContent: { message: said, [said]: [said] },
          _meta: { 'example.com/seen': said },
        });
      },
    });
    const http = await httpService((seen, response) => {
      const said = String(seen.headers.authorization);
      if (seen.url === '/break')
        response.writeHead(200, { 'content-type': 'text/plain' }).end(`You sent ${said}`);
      else sendJson(response, { message: said, [said]: [said] }, seen.url === '/fail' ? 400 : 200);
    });
    closing.push(mcp, http);
    const operation = (operationId: string) => ({
      get: { operationId, responses: { 200: { description: 'Told.' } } },
    });
    const document = {
      openapi: '3.1.0',
      info: { title: 'Echo', version: '1' },
      paths: { '/tell': operation('tell'), '/fail': operation('fail'), '/break': operation('break') },
    };
    const auth = { type: 'bearer', token };
    connections.push(
      await product.connect({ kind: 'mcp', nickname: 'one', server_url: mcp.url, auth }),
      await product.connect({ kind: 'openapi', nickname: 'two', document, base_url: http.url, auth }),
    );
    pack = await product.pack('echoes', [{ slug: 'one' }, { slug: 'two' }]);
  });
  after(async () => {
    await product.close();
    for (const one of closing) await one.close();
  });

  it('has it taken out of every reply, in every protocol', async () => {
    for (const speaker of await speakersOf(product.url, pack.slug, await product.keyFor(pack))) {
      for (const slug of ['one', 'two']) {
        for (const tool of ['tell', 'fail', 'break']) {
          const { result: said, bytes } = await speaker.call(`${slug}__${tool}`, {});
          assert.ok(said, bytes);
          assert.ok(!bytes.includes(token), bytes);
        }
      }
    }
  });

  it('has it taken out of what an administrator tries, lists and reads', async () => {
    for (const connection of connections) {
      for (const { id } of await product.toolsOf(connection)) {
        const tried = await product.ask('POST', `/v1/tools/${id}/try`, { body: {} });
        assert.equal(tried.status, 200, tried.text);
        assert.ok(!tried.text.includes(token), tried.text);
      }
    }
    for (const path of ['/v1/connections', '/v1/credentials', '/v1/calls', '/v1/audit', '/v1/packs']) {
      const { status, text } = await product.ask('GET', path);
      assert.equal(status, 200, text);
      assert.ok(!text.includes(token), path);
    }
    assert.ok(!product.logged.join('\n').includes(token));
  });
});

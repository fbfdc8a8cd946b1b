import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Fault, type OpenDatabase } from '../../src/kernel/index.ts';
import {
  ask,
  createCounter,
  eventsOf,
  initialize,
  keyOf,
  legacy,
  modern,
  openGround,
  openReplica,
  request,
  toolOf,
  type Counter,
  type Replica,
} from './mcp-counter.ts';

describe('Being told of changes over MCP', () => {
  let ground: OpenDatabase;
  let counter: Counter;
  let replica: Replica;
  let url: string;

  before(async () => {
    ground = await openGround();
    counter = createCounter([toolOf('a')]);
    replica = await openReplica(counter, ground);
    url = `${replica.url}/mcp/desk`;
  });
  after(async () => {
    await replica.close();
    await ground.database.close();
  });

  const listen = (notifications: object, options: { id?: unknown; key?: string } = {}) =>
    fetch(url, modern('subscriptions/listen', { notifications }, options));
  const openGet = (session: string, key = 'good') =>
    fetch(url, {
      headers: { Authorization: `Bearer ${key}`, Accept: 'text/event-stream', 'Mcp-Session-Id': session },
    });

  it('acknowledges a subscription first, then tells of changes under its id', async () => {
    const response = await listen({ toolsListChanged: true, promptsListChanged: true }, { id: 'sub' });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.equal(response.headers.get('x-accel-buffering'), 'no');
    const events = eventsOf(response);
    const meta = { 'io.modelcontextprotocol/subscriptionId': 'sub' };
    assert.deepEqual((await events.next()).value, {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: meta, notifications: { toolsListChanged: true } },
    });
    counter.change([toolOf('a'), toolOf('b')]);
    assert.deepEqual((await events.next()).value, {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
      params: { _meta: meta },
    });
    await events.return(undefined);
  });

  it('tells nothing that was not asked for, and nothing where the list is the same', async () => {
    const silent = eventsOf(await listen({ promptsListChanged: true }));
    const told = eventsOf(await listen({ toolsListChanged: true }));
    assert.deepEqual((await silent.next()).value?.params?.['notifications'], {});
    await told.next();
    counter.change([...counter.view.tools]);
    counter.change([toolOf('c')]);
    assert.equal((await told.next()).value?.method, 'notifications/tools/list_changed');
    const next = Promise.race([silent.next(), told.next()]);
    const looked = Promise.withResolvers<void>();
    const { onView } = counter;
    counter.onView = (address) => {
      setImmediate(looked.resolve);
      return onView(address);
    };
    counter.tell();
    await looked.promise;
    counter.onView = onView;
    counter.keys.delete('good'); // what comes next is the end of both, and no further notice
    counter.tell();
    const message = (await next).value;
    assert.equal(message?.result?.['resultType'], 'complete');
    counter.keys.set('good', keyOf('key-1'));
  });

  it('tells a session on its GET stream', async () => {
    const session = await initialize(url);
    const response = await openGet(session);
    assert.equal(response.status, 200);
    const events = eventsOf(response);
    counter.change([toolOf('d')]);
    assert.deepEqual((await events.next()).value, {
      jsonrpc: '2.0',
      method: 'notifications/tools/list_changed',
    });
    await events.return(undefined);
  });

  it('keeps one GET stream of a session: the latest', async () => {
    const session = await initialize(url);
    const first = eventsOf(await openGet(session));
    const latest = eventsOf(await openGet(session));
    assert.equal((await first.next()).done, true);
    counter.change([toolOf('e')]);
    assert.equal((await latest.next()).value?.method, 'notifications/tools/list_changed');
    await latest.return(undefined);
  });

  it('ends the GET stream with its session', async () => {
    const session = await initialize(url);
    const events = eventsOf(await openGet(session));
    await fetch(url, {
      method: 'DELETE',
      headers: { Authorization: 'Bearer good', 'Mcp-Session-Id': session },
    });
    assert.equal((await events.next()).done, true);
  });

  it('ends the streams of a revoked key, and refuses its next call', async () => {
    const session = await initialize(url, '2025-11-25', 'other');
    const get = eventsOf(await openGet(session, 'other'));
    const subscription = eventsOf(await listen({ toolsListChanged: true }, { key: 'other', id: 4 }));
    await subscription.next();
    counter.keys.delete('other');
    counter.tell();
    assert.equal((await get.next()).done, true);
    assert.deepEqual((await subscription.next()).value, {
      jsonrpc: '2.0',
      id: 4,
      result: { resultType: 'complete', _meta: { 'io.modelcontextprotocol/subscriptionId': 4 } },
    });
    assert.equal((await subscription.next()).done, true);
    assert.equal((await ask(url, legacy(request('ping'), { session, key: 'other' }))).status, 401);
  });

  it('ends the streams of a key’s earlier text alone when it was made anew', async () => {
    counter.keys.set('old', keyOf('key-9')).set('new', keyOf('key-9'));
    const earlier = eventsOf(await listen({ toolsListChanged: true }, { key: 'old' }));
    const current = eventsOf(await listen({ toolsListChanged: true }, { key: 'new' }));
    await Promise.all([earlier.next(), current.next()]);
    counter.keys.delete('old');
    counter.change([toolOf('g')]);
    assert.equal((await earlier.next()).value?.result?.['resultType'], 'complete');
    assert.equal((await current.next()).value?.method, 'notifications/tools/list_changed');
    await current.return(undefined);
  });

  it('ends the streams of a pack that is gone', async () => {
    const events = eventsOf(
      await fetch(`${replica.url}/mcp/desk/`, modern('subscriptions/listen', { notifications: {} })),
    );
    await events.next();
    const { onView } = counter;
    counter.onView = () => {
      throw new Fault('not_found', 'Not found.');
    };
    counter.tell();
    assert.equal((await events.next()).value?.result?.['resultType'], 'complete');
    counter.onView = onView;
  });

  it('tells 1,000 idle streams of a change within 2 s', async () => {
    const sockets: Socket[] = [];
    const { hostname, port } = new URL(replica.url);
    const init = modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const body = init.body as string;
    const lines = Object.entries(init.headers as Record<string, string>).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const head = [
      'POST /mcp/desk HTTP/1.1',
      'Host: x',
      ...lines,
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    const opened = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const socket = connect(Number(port), hostname);
        sockets.push(socket);
        const stream = {
          text: '',
          told: Promise.withResolvers<void>(),
          ready: Promise.withResolvers<void>(),
        };
        socket.setEncoding('utf8').on('data', (chunk: string) => {
          stream.text += chunk;
          if (stream.text.includes('acknowledged')) stream.ready.resolve();
          if (stream.text.includes('list_changed')) stream.told.resolve();
        });
        socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
        await stream.ready.promise;
        return stream;
      }),
    );
    const started = performance.now();
    counter.change([toolOf('f')]);
    await Promise.all(opened.map((stream) => stream.told.promise));
    const took = performance.now() - started;
    assert.ok(took < 2000, `took ${took} ms`);
    for (const socket of sockets) socket.destroy();
  });

  it('says goodbye when it stops', async () => {
    const stopping = await openReplica(counter, ground);
    const init = modern('subscriptions/listen', { notifications: {} });
    const events = eventsOf(await fetch(`${stopping.url}/mcp/desk`, init));
    await events.next();
    const closed = once(stopping.server, 'close');
    const closing = stopping.edge.close();
    assert.equal((await events.next()).value?.result?.['resultType'], 'complete');
    await closing;
    stopping.server.close();
    stopping.server.closeAllConnections();
    await closed;
  });
});

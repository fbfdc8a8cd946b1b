import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { OpenDatabase } from '../../src/kernel/index.ts';
import {
  ask,
  both,
  createCounter,
  eventsOf,
  initialize,
  legacy,
  openGround,
  openReplica,
  packId,
  request,
  toolOf,
  userId,
  type Answered,
  type Counter,
  type Replica,
} from './mcp-counter.ts';

describe('MCP 2025-03-26 to 2025-11-25', () => {
  let ground: OpenDatabase;
  let counter: Counter;
  let replica: Replica;
  let second: Replica;
  let url: string;
  let now = new Date('2026-11-21T00:00:00Z');

  before(async () => {
    ground = await openGround();
    counter = createCounter([toolOf('crm__find', { outputSchema: { type: 'array' } }), toolOf('crm__save')]);
    const clock = { now: () => now };
    replica = await openReplica(counter, ground, clock);
    second = await openReplica(counter, ground, clock);
    url = `${replica.url}/mcp/desk`;
  });
  after(async () => {
    await replica.close();
    await second.close();
    await ground.database.close();
  });

  const answers = async () => ({ callId: 'c', result: { content: [], isError: false } });

  it('agrees on the version asked for, and offers the newest with a handshake otherwise', async () => {
    for (const [asked, agreed] of [
      ['2025-11-25', '2025-11-25'],
      ['2025-06-18', '2025-06-18'],
      ['2025-03-26', '2025-03-26'],
      ['2024-11-05', '2025-11-25'],
      ['2026-07-28', '2025-11-25'],
    ]) {
      const params = { protocolVersion: asked, capabilities: {}, clientInfo: { name: 't', version: '1' } };
      const { status, headers, body } = await ask(url, legacy(request('initialize', params)));
      assert.equal(status, 200);
      assert.match(headers.get('mcp-session-id') ?? '', /^[\x21-\x7e]+$/);
      assert.equal(body.result?.['protocolVersion'], agreed);
      assert.deepEqual(body.result?.['capabilities'], { tools: { listChanged: true } });
      assert.equal(body.result?.['resultType'], undefined);
    }
  });

  it('refuses an initialize without a version', async () => {
    const { status, headers, body } = await ask(url, legacy(request('initialize', { capabilities: {} })));
    assert.equal(status, 200);
    assert.equal(headers.get('mcp-session-id'), null);
    assert.equal(body.error?.code, -32602);
  });

  it('serves a session on every replica', async () => {
    const session = await initialize(url);
    for (const base of [replica.url, second.url]) {
      const { status, body } = await ask(`${base}/mcp/${packId}`, legacy(request('ping'), { session }));
      assert.equal(status, 200);
      assert.deepEqual(body.result, {});
    }
  });

  it('does not know a session of another key, at another address, or of its own making', async () => {
    const session = await initialize(url);
    const forged = session.slice(0, -1) + (session.endsWith('A') ? 'B' : 'A');
    const foreign: [string, RequestInit][] = [
      [url, legacy(request('ping'), { session, key: 'other' })],
      [
        `${replica.url}/api/v1/tool-packs/${packId}/registered-users/${userId}/mcp`,
        legacy(request('ping'), { session }),
      ],
      [url, legacy(request('ping'), { session: forged })],
      [url, legacy(request('ping'), { session: 'made-up' })],
      [url, { method: 'DELETE', headers: { Authorization: 'Bearer other', 'Mcp-Session-Id': session } }],
      [url, { headers: { Authorization: 'Bearer other', Accept: both, 'Mcp-Session-Id': session } }],
    ];
    const { onView } = counter;
    counter.onView = (address) => {
      const view = onView(address);
      return address.userId === null ? view : { ...counter.view, userId: address.userId };
    };
    for (const [at, init] of foreign) {
      const { status } = await ask(at, init);
      assert.equal(status, 404);
    }
    counter.onView = onView;
    assert.equal((await ask(url, legacy(request('ping'), { session }))).status, 200);
  });

  it('ends a session on DELETE, everywhere and for good', async () => {
    const session = await initialize(url);
    await ask(`${second.url}/mcp/desk`, legacy(request('ping'), { session }));
    const ended = await fetch(url, {
      method: 'DELETE',
      headers: { Authorization: 'Bearer good', 'Mcp-Session-Id': session },
    });
    assert.equal(ended.status, 204);
    const third = await openReplica(counter, ground, { now: () => now });
    for (const base of [replica.url, second.url, third.url]) {
      assert.equal((await ask(`${base}/mcp/desk`, legacy(request('ping'), { session }))).status, 404);
    }
    await third.close();
  });

  it('ends a session after 24 hours', async () => {
    const session = await initialize(url);
    const then = now;
    now = new Date(then.getTime() + 24 * 3600 * 1000);
    assert.equal((await ask(url, legacy(request('ping'), { session }))).status, 404);
    now = then;
  });

  it('asks for a session where one is missing, and answers DELETE without one 405', async () => {
    const { status, body } = await ask(url, legacy(request('tools/list')));
    assert.equal(status, 400);
    assert.equal(body.error?.code, -32600);
    assert.equal(body.id, 1);
    const response = await ask(url, { method: 'DELETE', headers: { Authorization: 'Bearer good' } });
    assert.equal(response.status, 405);
  });

  it('refuses a version header it does not know with 400', async () => {
    const session = await initialize(url);
    const headers = { 'MCP-Protocol-Version': '2024-11-05' };
    assert.equal((await ask(url, legacy(request('ping'), { session, headers }))).status, 400);
    const get = { headers: { ...headers, Authorization: 'Bearer good', 'Mcp-Session-Id': session } };
    assert.equal((await ask(url, get)).status, 400);
  });

  it('answers notifications and responses 202 without a body', async () => {
    const session = await initialize(url);
    for (const body of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', method: 'notifications/roots/list_changed', params: {} },
      { jsonrpc: '2.0', id: 3, result: {} },
    ]) {
      const response = await fetch(url, legacy(body, { session }));
      assert.equal(response.status, 202);
      assert.equal(await response.text(), '');
    }
  });

  it('lists what an older client can read of each tool', async () => {
    const session = await initialize(url);
    const { body } = await ask(url, legacy(request('tools/list'), { session }));
    const tools = body.result?.['tools'] as { name: string; outputSchema?: object }[];
    assert.deepEqual(
      tools.map((tool) => [tool.name, tool.outputSchema]),
      [
        ['crm__find', undefined],
        ['crm__save', undefined],
      ],
    );
    assert.deepEqual(Object.keys(body.result ?? {}), ['tools']);
  });

  it('leaves structured results to the revisions that have them', async () => {
    counter.onCall = async () => ({
      callId: 'c',
      result: {
        content: [{ type: 'resource_link', uri: 'a://b', name: 'b' }],
        structuredContent: { a: 1 },
        isError: false,
      },
    });
    for (const [revision, structured] of [
      ['2025-11-25', { a: 1 }],
      ['2025-03-26', undefined],
    ] as const) {
      const session = await initialize(url, revision);
      const { body } = await ask(url, legacy(request('tools/call', { name: 'crm__find' }), { session }));
      assert.deepEqual(body.result?.['structuredContent'], structured);
      const blocks = body.result?.['content'] as { type: string }[] | undefined;
      assert.equal(blocks?.[0]?.type, structured ? 'resource_link' : 'text');
      assert.equal(counter.calls.at(-1)?.protocol, `mcp/${revision}`);
    }
    counter.onCall = answers;
  });

  it('answers an unknown method -32601 in a 200, and methods of later work among them', async () => {
    const session = await initialize(url);
    for (const method of [
      'server/discover',
      'resources/list',
      'prompts/get',
      'logging/setLevel',
      'completion/complete',
    ]) {
      const { status, body } = await ask(url, legacy(request(method, {}), { session }));
      assert.equal(status, 200);
      assert.equal(body.error?.code, -32601);
    }
  });

  it('takes a batch in 2025-03-26 alone', async () => {
    counter.onCall = async (call) => ({
      callId: 'c',
      result: { content: [{ type: 'text', text: String(call.tool) }], isError: false },
    });
    const batch = [
      request('tools/call', { name: 'crm__find' }, 1),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      request('tools/call', { name: 'gone' }, 'two'),
      request('initialize', {}, 3),
      { jsonrpc: '2.0', id: null, method: 'ping' },
      request('ping', undefined, 4),
    ];
    const session = await initialize(url, '2025-03-26');
    const response = await fetch(url, legacy(batch, { session }));
    assert.equal(response.status, 200);
    const body = (await response.json()) as Answered[];
    assert.deepEqual(
      body.map(({ id, error }) => [id, error?.code]),
      [
        [1, undefined],
        ['two', -32602],
        [3, -32600],
        [undefined, -32600],
        [4, undefined],
      ],
    );
    const quiet = await fetch(url, legacy([batch[1]], { session }));
    assert.equal(quiet.status, 202);
    assert.equal((await ask(url, legacy([], { session }))).status, 400);
    for (const revision of ['2025-06-18', '2025-11-25']) {
      const later = await initialize(url, revision);
      const refused = await ask(url, legacy(batch, { session: later }));
      assert.equal(refused.status, 400);
      assert.equal(refused.body.error?.code, -32600);
    }
    counter.onCall = answers;
  });

  it('cancels the session’s own request, and nobody else’s of the same id', async () => {
    const [mine, theirs] = [await initialize(url), await initialize(url, '2025-11-25', 'other')];
    const signals = new Map<string, AbortSignal>();
    const called = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    counter.onCall = async ({ signal, caller }) => {
      signals.set(caller.principal.id, signal);
      if (signals.size === 2) called.resolve();
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
        void release.promise.then(resolve);
      });
      return { callId: 'c', result: { content: [], isError: signal.aborted } };
    };
    const call = request('tools/call', { name: 'crm__find' }, 7);
    const first = fetch(url, legacy(call, { session: mine }));
    const other = ask(url, legacy(call, { session: theirs, key: 'other' }));
    await called.promise;
    const cancel = (requestId: unknown) => ({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId },
    });
    await fetch(url, legacy(cancel('7'), { session: mine }));
    assert.equal(signals.get('key-1')?.aborted, false);
    await fetch(url, legacy(cancel(7), { session: mine }));
    const cancelled = await first;
    assert.equal(cancelled.status, 202);
    assert.equal(await cancelled.text(), '');
    assert.equal(signals.get('key-2')?.aborted, false);
    release.resolve();
    assert.equal((await other).body.id, 7);
    counter.onCall = answers;
  });

  it('relays progress where it was asked for', async () => {
    counter.onCall = async ({ onProgress }) => {
      onProgress?.({ progress: 0.5, total: 1 });
      return answers();
    };
    const session = await initialize(url);
    const call = request('tools/call', { name: 'crm__find', _meta: { progressToken: 5 } });
    const response = await fetch(url, legacy(call, { session }));
    const messages: Answered[] = [];
    for await (const message of eventsOf(response)) messages.push(message);
    assert.deepEqual(messages[0]?.params, { progressToken: 5, progress: 0.5, total: 1 });
    assert.equal(messages[1]?.id, 1);
    counter.onCall = answers;
  });

  it('gives 50 sessions that all use the id 1 their own answers', async () => {
    counter.onCall = async (call) => {
      await new Promise((resolve) => setImmediate(resolve));
      return {
        callId: 'c',
        result: { content: [{ type: 'text', text: JSON.stringify(call.arguments) }], isError: false },
      };
    };
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        const session = await initialize(url);
        const call = request('tools/call', { name: 'crm__find', arguments: { n } });
        const { body } = await ask(url, legacy(call, { session }));
        assert.deepEqual(body.result?.['content'], [{ type: 'text', text: JSON.stringify({ n }) }]);
      }),
    );
    counter.onCall = answers;
  });

  it('answers 503, not 404, where it cannot learn whether a session has ended', async () => {
    const session = await initialize(url);
    const away = {
      ...ground.database,
      transaction: () => Promise.reject(new (class extends Error {})('away')),
    };
    const blind = await openReplica(counter, { bus: ground.bus, database: away }, { now: () => now });
    const { status } = await ask(
      `${blind.url}/mcp/desk`,
      legacy({ jsonrpc: '2.0', method: 'notifications/x' }, { session }),
    );
    assert.equal(status, 503);
    await blind.close();
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Fault, type OpenDatabase } from '../../src/kernel/index.ts';
import {
  ask,
  createCounter,
  eventsOf,
  legacy,
  modern,
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

describe('MCP 2026-07-28', () => {
  let ground: OpenDatabase;
  let counter: Counter;
  let replica: Replica;
  let url: string;

  before(async () => {
    ground = await openGround();
    counter = createCounter([toolOf('crm__find'), toolOf('crm__save')]);
    replica = await openReplica(counter, ground);
    url = `${replica.url}/mcp/desk`;
  });
  after(async () => {
    await replica.close();
    await ground.database.close();
  });

  it('discovers versions, capabilities and who answers, without a session', async () => {
    const { status, headers, body } = await ask(url, modern('server/discover'));
    assert.equal(status, 200);
    assert.equal(headers.get('mcp-session-id'), null);
    assert.equal(body.result?.['resultType'], 'complete');
    assert.deepEqual(body.result?.['capabilities'], { tools: { listChanged: true } });
    assert.equal((body.result?.['supportedVersions'] as string[] | undefined)?.[0], '2026-07-28');
    assert.equal(body.result?.['cacheScope'], 'private');
    assert.equal(body.result?.['instructions'], 'Tools of the desk.');
    const meta = body.result?.['_meta'] as { [key: string]: { name: string } };
    assert.equal(meta['io.modelcontextprotocol/serverInfo']?.name, 'toolcrib');
  });

  it('lists tools in their order, private, with a time to live', async () => {
    const { body } = await ask(url, modern('tools/list'));
    const tools = body.result?.['tools'] as { name: string }[];
    assert.deepEqual(
      tools.map((tool) => tool.name),
      ['crm__find', 'crm__save'],
    );
    assert.equal(body.result?.['cacheScope'], 'private');
    assert.equal(typeof body.result?.['ttlMs'], 'number');
    assert.equal(body.result?.['nextCursor'], undefined);
  });

  it('calls a tool and says its result is complete', async () => {
    const { body } = await ask(
      url,
      modern('tools/call', { name: 'crm__find', arguments: { q: 'é' } }, { id: 'a' }),
    );
    assert.equal(body.id, 'a');
    assert.equal(body.result?.['resultType'], 'complete');
    assert.deepEqual(body.result?.['content'], [{ type: 'text', text: '{"q":"é"}' }]);
    assert.equal(counter.calls.at(-1)?.protocol, 'mcp/2026-07-28');
  });

  it('serves the address of a registered user, with and without a slash', async () => {
    for (const slash of ['', '/']) {
      const path = `/api/v1/tool-packs/${packId}/registered-users/${userId}/mcp${slash}`;
      const { status } = await ask(replica.url + path, modern('tools/call', { name: 'crm__find' }));
      assert.equal(status, 200);
      assert.equal(counter.calls.at(-1)?.address.userId, userId);
    }
  });

  it('answers an unknown method 404 with -32601, and claims nothing that is not served', async () => {
    for (const method of [
      'ping',
      'initialize',
      'prompts/list',
      'resources/list',
      'logging/setLevel',
      '__proto__',
    ]) {
      const { status, body } = await ask(url, modern(method));
      assert.equal(status, 404, method);
      assert.equal(body.error?.code, -32601);
      assert.equal(body.id, 1);
    }
  });

  it('refuses an unknown, disabled or forbidden tool with one -32602', async () => {
    const { status, body } = await ask(url, modern('tools/call', { name: 'nope' }));
    assert.equal(status, 200);
    assert.deepEqual(body.error, { code: -32602, message: 'No such tool here.' });
  });

  const wrong: [title: string, init: () => RequestInit, status: number, code: number][] = [
    [
      'a version header that is missing',
      () => strip(modern('tools/list'), 'MCP-Protocol-Version'),
      400,
      -32020,
    ],
    [
      'a version header that is not the version in _meta',
      () => modern('tools/list', {}, { headers: { 'MCP-Protocol-Version': '2025-11-25' } }),
      400,
      -32020,
    ],
    ['a method header that is missing', () => strip(modern('tools/list'), 'Mcp-Method'), 400, -32020],
    [
      'a method header in other case',
      () => modern('tools/list', {}, { headers: { 'Mcp-Method': 'Tools/list' } }),
      400,
      -32020,
    ],
    [
      'a name header that is missing',
      () => strip(modern('tools/call', { name: 'crm__find' }), 'Mcp-Name'),
      400,
      -32020,
    ],
    [
      'a name header of another tool',
      () => modern('tools/call', { name: 'crm__find' }, { headers: { 'Mcp-Name': 'crm__save' } }),
      400,
      -32020,
    ],
    [
      'a version nobody has heard of',
      () =>
        modern(
          'tools/list',
          {},
          {
            headers: { 'MCP-Protocol-Version': '1900-01-01' },
            meta: { 'io.modelcontextprotocol/protocolVersion': '1900-01-01' },
          },
        ),
      400,
      -32022,
    ],
    [
      'no client capabilities',
      () => modern('tools/list', {}, { meta: { 'io.modelcontextprotocol/clientCapabilities': undefined } }),
      400,
      -32602,
    ],
    [
      'no version in _meta',
      () => modern('tools/list', {}, { meta: { 'io.modelcontextprotocol/protocolVersion': undefined } }),
      400,
      -32602,
    ],
    ['an id of null', () => edit(modern('tools/list'), '"id":1', '"id":null'), 400, -32600],
    [
      'an id that would come back as another number',
      () => edit(modern('tools/list'), '"id":1', '"id":9007199254740993'),
      400,
      -32600,
    ],
    ['a batch', () => edit(modern('tools/list'), /^(.*)$/, '[$1]'), 400, -32600],
    ['the same key twice', () => edit(modern('tools/list'), '"id":1', '"id":1,"id":1'), 400, -32700],
    ['half a body', () => edit(modern('tools/list'), '"id":1', '"id":'), 400, -32700],
    ['a cursor of its own making', () => modern('tools/list', { cursor: 'MTA' }), 200, -32602],
    ['an empty cursor', () => modern('tools/list', { cursor: '' }), 200, -32602],
    [
      'a tool name that is no text',
      () => modern('tools/call', { name: 7 }, { headers: { 'Mcp-Name': '7' } }),
      400,
      -32020,
    ],
    ['a call without a name', () => modern('tools/call'), 200, -32602],
    [
      'a text that is not JSON by its type',
      () => modern('tools/list', {}, { headers: { 'Content-Type': 'text/plain' } }),
      415,
      -32600,
    ],
    [
      'an Accept of HTML alone',
      () => modern('tools/list', {}, { headers: { Accept: 'text/html' } }),
      406,
      -32600,
    ],
    [
      'a subscription that takes no stream',
      () =>
        modern('subscriptions/listen', { notifications: {} }, { headers: { Accept: 'application/json' } }),
      406,
      -32600,
    ],
    ['a subscription without wishes', () => modern('subscriptions/listen'), 200, -32602],
    [
      'more than 1 MiB',
      () => edit(modern('tools/list'), '"id":1', `"id":"${'x'.repeat(1024 * 1024)}"`),
      413,
      -32600,
    ],
    ['a missing runtime scope', () => modern('tools/list', {}, { key: 'manager' }), 403, -32600],
  ];
  for (const [title, init, status, code] of wrong) {
    it(`refuses ${title} with ${status} and ${code}`, async () => {
      const calls = counter.calls.length;
      const answer = await ask(url, init());
      assert.equal(answer.body.error?.code, code);
      assert.equal(answer.status, status);
      assert.equal(counter.calls.length, calls);
    });
  }

  it('names the versions it speaks where it speaks none that was asked for', async () => {
    const version = '2030-01-01';
    const { body } = await ask(
      url,
      modern(
        'tools/list',
        {},
        {
          headers: { 'MCP-Protocol-Version': version },
          meta: { 'io.modelcontextprotocol/protocolVersion': version },
        },
      ),
    );
    assert.equal(body.error?.data?.['requested'], version);
    assert.equal((body.error?.data?.['supported'] as string[] | undefined)?.[0], '2026-07-28');
  });

  it('decodes a name in its base64 sentinel before comparing', async () => {
    const encoded = `=?base64?${Buffer.from('crm__find').toString('base64')}?=`;
    const good = await ask(
      url,
      modern('tools/call', { name: 'crm__find' }, { headers: { 'Mcp-Name': encoded } }),
    );
    assert.equal(good.status, 200);
    const bad = await ask(
      url,
      modern('tools/call', { name: 'crm__save' }, { headers: { 'Mcp-Name': encoded } }),
    );
    assert.equal(bad.body.error?.code, -32020);
  });

  it('asks who is calling, and says where that is explained', async () => {
    for (const method of ['POST', 'GET', 'DELETE', 'PUT']) {
      const response = await fetch(url, { method });
      assert.equal(response.status, 401);
      assert.equal(
        response.headers.get('www-authenticate'),
        'Bearer resource_metadata="http://crib.example/.well-known/oauth-protected-resource/mcp/desk"',
      );
      await response.body?.cancel();
    }
  });

  it('answers an absent pack and an odd spelling with one body', async () => {
    const bodies = new Set<string>();
    for (const path of [
      '/mcp/absent',
      '/mcp/%E0%A4%A',
      `/mcp/${userId}`,
      '/api/v1/tool-packs/x/registered-users/y/mcp',
    ]) {
      const response = await fetch(replica.url + path, modern('tools/list'));
      assert.equal(response.status, 404);
      const body = (await response.json()) as { error: { code: number; message: string } };
      assert.equal(body.error.code, -32601);
      assert.equal(body.error.message, 'Resource not in API key scope.');
      bodies.add(JSON.stringify(body.error));
    }
    assert.equal(bodies.size, 1);
  });

  it('answers other methods 405 and says which it takes', async () => {
    const response = await fetch(url, { method: 'PUT', headers: { Authorization: 'Bearer good' } });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'POST, GET, DELETE');
    await response.body?.cancel();
  });

  it('answers GET without a session 405 with a sentence for HTTP+SSE clients', async () => {
    const { status, headers, body } = await ask(url, {
      headers: { Authorization: 'Bearer good', Accept: 'text/event-stream' },
    });
    assert.equal(status, 405);
    assert.equal(headers.get('allow'), 'POST');
    assert.match(body.error?.message ?? '', /HTTP\+SSE transport of 2024-11-05 is not served/);
  });

  it('takes a notification with 202 and no body', async () => {
    const init = modern('notifications/anything');
    const response = await fetch(url, edit(init, '"id":1,', ''));
    assert.equal(response.status, 202);
    assert.equal(await response.text(), '');
  });

  it('relays progress under the client’s token, forward only, then the result', async () => {
    counter.onCall = async ({ onProgress }) => {
      onProgress?.({ progress: 1, total: 3, message: 'one' });
      onProgress?.({ progress: 1 });
      onProgress?.({ progress: 2 });
      return { callId: 'c', result: { content: [], isError: false } };
    };
    const init = modern('tools/call', { name: 'crm__find' }, { id: 9, meta: { progressToken: 'p' } });
    const response = await fetch(url, init);
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    const messages: Answered[] = [];
    for await (const message of eventsOf(response)) messages.push(message);
    assert.deepEqual(
      messages.map(({ method, params, id }) => (method ? [method, params?.['progress']] : id)),
      [['notifications/progress', 1], ['notifications/progress', 2], 9],
    );
    assert.deepEqual(messages[0]?.params, { progressToken: 'p', progress: 1, total: 3, message: 'one' });
  });

  it('answers JSON to a client that takes no stream, progress asked or not', async () => {
    const { headers, body } = await ask(
      url,
      modern(
        'tools/call',
        { name: 'crm__find' },
        { meta: { progressToken: 1 }, headers: { Accept: 'application/json' } },
      ),
    );
    assert.equal(headers.get('content-type'), 'application/json');
    assert.equal(body.result?.['resultType'], 'complete');
  });

  it('aborts the call when its client leaves, streaming or not', async () => {
    for (const meta of [{}, { progressToken: 1 }]) {
      const leaving = new AbortController();
      const called = Promise.withResolvers<void>();
      const aborted = Promise.withResolvers<void>();
      counter.onCall = ({ signal, onProgress }) => {
        onProgress?.({ progress: 1 });
        signal.addEventListener('abort', () => aborted.resolve());
        called.resolve();
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error)),
        );
      };
      const answer = fetch(
        url,
        modern('tools/call', { name: 'crm__find' }, { meta, signal: leaving.signal }),
      );
      answer.then((response) => response.text()).catch(() => undefined);
      await called.promise;
      leaving.abort();
      await aborted.promise;
    }
  });

  it('says when to come back where the call cannot be recorded', async () => {
    counter.onCall = async () => {
      throw new Fault('unavailable', 'The database is not available. Try again shortly.', { retryAfter: 2 });
    };
    const { status, headers, body } = await ask(url, modern('tools/call', { name: 'crm__find' }));
    assert.equal(status, 503);
    assert.equal(headers.get('retry-after'), '2');
    assert.equal(body.error?.code, -32603);
  });

  it('keeps the cause of a failure of ours out of the answer', async () => {
    counter.onCall = async () => {
      throw new Error('password=hunter2');
    };
    const { status, body } = await ask(url, modern('tools/call', { name: 'crm__find' }));
    assert.equal(status, 200);
    assert.equal(body.error?.code, -32603);
    assert.deepEqual(body.error?.data, { requestId: 'req_1' });
    assert.doesNotMatch(JSON.stringify(body), /hunter2/);
  });

  it('pages a long list so that each tool comes once, though the list moves meanwhile', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => toolOf(`t${index}`));
    const earlier = counter.view;
    counter.view = { ...counter.view, tools: many };
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const { body } = await ask(url, modern('tools/list', cursor === undefined ? {} : { cursor }));
      const tools = body.result?.['tools'] as { name: string }[] | undefined;
      seen.push(...(tools ?? []).map((tool) => tool.name));
      cursor = body.result?.['nextCursor'];
      counter.view = { ...counter.view, tools: [toolOf(`new${seen.length}`), ...counter.view.tools] };
    } while (cursor !== undefined);
    assert.equal(seen.length, 2500);
    assert.equal(new Set(seen).size, 2500);
    counter.view = earlier;
  });

  it('checks headers that mirror arguments against the arguments', async () => {
    const earlier = counter.view;
    const inputSchema = {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        size: { type: 'integer', 'x-mcp-header': 'Size' },
      },
    };
    counter.view = { ...counter.view, tools: [toolOf('db__ask', { inputSchema })] };
    counter.onCall = async () => ({ callId: 'c', result: { content: [], isError: false } });
    const call = (args: object, headers: Record<string, string>) =>
      ask(url, modern('tools/call', { name: 'db__ask', arguments: args }, { headers }));
    assert.equal(
      (await call({ region: 'eu', size: 42 }, { 'Mcp-Param-Region': 'eu', 'Mcp-Param-Size': '42.0' })).status,
      200,
    );
    assert.equal((await call({ region: null }, {})).status, 200);
    for (const headers of [{}, { 'Mcp-Param-Region': 'us' }, { 'Mcp-Param-Region': '=?base64?!?=' }]) {
      assert.equal(
        (await call({ region: 'eu' }, headers as Record<string, string>)).body.error?.code,
        -32020,
      );
    }
    assert.equal((await call({}, { 'Mcp-Param-Region': 'eu' })).body.error?.code, -32020);
    counter.view = earlier;
  });

  it('gives 50 clients that all use the id 1 their own answers', async () => {
    counter.onCall = async (call) => {
      await new Promise((resolve) => setImmediate(resolve));
      return {
        callId: 'c',
        result: { content: [{ type: 'text', text: JSON.stringify(call.arguments) }], isError: false },
      };
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        ask(url, modern('tools/call', { name: 'crm__find', arguments: { n } })),
      ),
    );
    answers.forEach(({ body }, n) => {
      assert.deepEqual(body.result?.['content'], [{ type: 'text', text: JSON.stringify({ n }) }]);
    });
  });

  it('does not take a session for a proof of who is calling', async () => {
    const { status } = await ask(url, legacy(request('ping'), { session: 'x'.repeat(52), key: 'nobody' }));
    assert.equal(status, 401);
  });
});

function strip(init: RequestInit, header: string): RequestInit {
  const headers = new Headers(init.headers);
  headers.delete(header);
  return { ...init, headers };
}

function edit(init: RequestInit, from: string | RegExp, to: string): RequestInit {
  return { ...init, body: (init.body as string).replace(from, to) };
}

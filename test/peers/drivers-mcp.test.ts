import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SealedValue } from '../../src/drivers/index.ts';
import type { Target } from '../../src/drivers/index.ts';
import { renderResult } from '../../src/tools/index.ts';
import { credentialOf, invocationOf, loopbackDrivers, openVault, targetOf } from '../fakes/drivers.ts';
import { everythingServer } from '../fakes/everything-server.ts';
import { isFault } from '../fakes/faults.ts';
import { modernMcp } from '../fakes/modern-mcp.ts';
import type { ModernFake } from '../fakes/modern-mcp.ts';
import { event, failure, openStream, result, scriptedMcp, textResult } from '../fakes/scripted-mcp.ts';
import type { Script, ScriptedMcp } from '../fakes/scripted-mcp.ts';

const open: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of open.toReversed()) await one.close();
});
const keep = <One extends { close(): Promise<void> }>(one: One): One => {
  open.push(one);
  return one;
};
const scripted = async (script: Script): Promise<ScriptedMcp> => keep(await scriptedMcp(script));
const vault = openVault(
  { k1: { token: 'token-of-k1', api_key: 'key-of-k1' } },
  {
    s1: JSON.stringify({ query: { tenant: 'acme' }, headers: { 'X-Extra': 'extra-value' } }),
    s2: 'sealed-argument',
  },
);
const { drivers } = keep(loopbackDrivers({ unsealer: vault }));
const soon = () => AbortSignal.timeout(20_000);
const call = (target: Target, tool: string, args = {}, more = {}) =>
  drivers.invoke(invocationOf(target, { kind: 'mcp', tool }, { arguments: args, ...more }));

describe('a server of 2026-07-28', () => {
  let fake: ModernFake;
  let target: Target;
  before(async () => {
    fake = keep(await modernMcp());
    target = targetOf(fake.url);
  });

  it('lists its tools as definitions', async () => {
    const { definitions, server, instructions } = await drivers.list(target, null, soon());
    assert.deepEqual(server, { name: 'modern-fake', version: '3.2.1' });
    assert.equal(instructions, 'Be kind.');
    const add = definitions.find((one) => one.name === 'add')!;
    assert.equal(add.effect, 'read');
    assert.equal(add.idempotent, true);
    assert.equal(add.quarantine, null);
    assert.deepEqual(add.outputSchema?.['required'], ['sum']);
    assert.deepEqual(definitions.find((one) => one.name === 'region')!.binding, {
      kind: 'mcp',
      tool: 'region',
      headers: { '/region': 'mcp-param-region' },
    });
  });

  it('answers a call with its structured content as the value', async () => {
    const reply = await call(target, 'add', { a: 2, b: 3 });
    assert.equal(reply.isError, false);
    assert.deepEqual(reply.value, { sum: 5 });
    assert.deepEqual(reply.content, [{ type: 'text', text: '5' }]);
    const { headers } = fake.requests.at(-1)!;
    assert.equal(headers['mcp-method'], 'tools/call');
    assert.equal(headers['mcp-name'], 'add');
    assert.equal(headers['mcp-protocol-version'], '2026-07-28');
    assert.match(String(headers['traceparent']), /^00-/);
    assert.equal(headers['mcp-session-id'], undefined);
  });

  it('hands on an error as the answer it is', async () => {
    const broken = await call(target, 'fail');
    assert.equal(broken.isError, true);
    assert.deepEqual(broken.content, [{ type: 'text', text: 'It broke.' }]);
    const absent = await call(target, 'no-such-tool');
    assert.equal(absent.isError, true);
    const wrong = await call(target, 'add', { a: 'x' });
    assert.equal(wrong.isError, true);
  });

  it('relays progress', async () => {
    const seen: unknown[] = [];
    const reply = await call(target, 'steps', {}, { onProgress: (one: unknown) => seen.push(one) });
    assert.deepEqual(seen, [
      { progress: 1, total: 2, message: 'step 1' },
      { progress: 2, total: 2, message: 'step 2' },
    ]);
    assert.deepEqual(reply.content, [{ type: 'text', text: 'done' }]);
  });

  it('is told of a cancellation by the closed stream', async () => {
    const leaving = new AbortController();
    const waiting = call(target, 'wait', {}, { signal: leaving.signal, onProgress: () => undefined });
    setTimeout(() => leaving.abort(), 200);
    await assert.rejects(waiting, isFault('upstream', 'cancelled'));
    await fake.cancelled;
  });

  it('gets marked arguments mirrored in headers, whatever they hold', async () => {
    const { definitions } = await drivers.list(target, null, soon());
    const { binding } = definitions.find((one) => one.name === 'region')!;
    for (const region of ['us-west1', 'Zürich\r\nX-Evil: 1', ' padded ', '=?base64?x?=']) {
      const reply = await drivers.invoke(invocationOf(target, binding, { arguments: { region } }));
      assert.deepEqual(reply.content, [{ type: 'text', text: region }]);
    }
    assert.equal(fake.requests.at(-1)!.headers['x-evil'], undefined);
  });

  it('is asked for its era once for many calls at a time', async () => {
    const other = keep(await modernMcp());
    await Promise.all(Array.from({ length: 20 }, () => call(targetOf(other.url), 'add', { a: 1, b: 1 })));
    const opening = other.requests.filter(({ headers }) => headers['mcp-method'] !== 'tools/call');
    assert.equal(opening.length, 1);
  });
});

describe('a server of the older era', () => {
  let fake: { url: string };
  let target: Target;
  before(async () => {
    fake = keep(await everythingServer());
    target = targetOf(fake.url, 'mcp', { connectionId: 'everything' });
  });

  it('lists, calls, fails and reports progress', async () => {
    const { definitions, server } = await drivers.list(target, null, soon());
    assert.match(server!.name, /everything/);
    assert.ok(definitions.length > 5);
    assert.deepEqual(
      definitions.filter((one) => one.quarantine !== null),
      [],
    );
    const echo = await call(target, 'echo', { message: 'hello' });
    assert.deepEqual(echo.content, [{ type: 'text', text: 'Echo: hello' }]);
    const weather = await call(target, 'get-structured-content', { location: 'Chicago' });
    assert.deepEqual(Object.keys(weather.value as object).sort(), ['conditions', 'humidity', 'temperature']);
    assert.equal((await call(target, 'no-such-tool')).isError, true);
    const seen: number[] = [];
    await call(
      target,
      'trigger-long-running-operation',
      { duration: 0.2, steps: 2 },
      { onProgress: (one: { progress: number }) => seen.push(one.progress) },
    );
    assert.deepEqual(seen, [1, 2]);
  });
});

describe('sessions of the older era', () => {
  it('open once, are named on every call, and end with DELETE', async () => {
    const fake = await scripted({
      era: 'legacy',
      sessions: true,
      call: ({ id }, response) => result(response, id, textResult('ok')),
    });
    const target = targetOf(fake.url, 'mcp', { connectionId: 'once' });
    await Promise.all([call(target, 'x'), call(target, 'x'), call(target, 'x')]);
    assert.equal(fake.messages.filter(({ method }) => method === 'initialize').length, 1);
    const calls = fake.requests.filter(({ headers }) => headers['mcp-session-id'] === 'session-1');
    assert.ok(calls.every(({ headers }) => headers['mcp-protocol-version'] === '2025-06-18'));
    await drivers.forget('once');
    const last = fake.requests.at(-1)!;
    assert.equal(last.method, 'DELETE');
    assert.equal(last.headers['mcp-session-id'], 'session-1');
  });

  it('are opened anew when the server has forgotten them, and the call is made once', async () => {
    let executed = 0;
    const fake = await scripted({
      era: 'legacy',
      sessions: true,
      call({ id }, response) {
        executed += 1;
        result(response, id, textResult('ok'));
      },
    });
    const target = targetOf(fake.url, 'mcp', { connectionId: 'expired' });
    await call(target, 'x');
    fake.forgetSessions();
    const reply = await call(target, 'x');
    assert.equal(reply.isError, false);
    assert.equal(executed, 2);
    assert.equal(
      fake.requests.filter((one) => one.headers['mcp-session-id'] === 'session-2').length >= 1,
      true,
    );
  });

  it('are per credential', async () => {
    const fake = await scripted({
      era: 'legacy',
      sessions: true,
      call: ({ id }, response, _request, seen) =>
        result(
          response,
          id,
          textResult([seen.headers['mcp-session-id'], seen.headers.authorization].join(' ')),
        ),
    });
    const target = targetOf(fake.url, 'mcp', { connectionId: 'two' });
    const credential = credentialOf(fake.url, { type: 'bearer' });
    const plain = await call(target, 'x');
    const signed = await call(target, 'x', {}, { credential });
    assert.deepEqual(plain.content[0]!['text'], 'session-1 ');
    assert.deepEqual(signed.content[0]!['text'], 'session-2 Bearer ***');
  });

  it('send a cancellation as a notification', async () => {
    let told: (message: unknown) => void;
    const notified = new Promise((resolve) => (told = resolve));
    const leaving = new AbortController();
    const fake = await scripted({
      era: 'legacy',
      intercept(_seen, message) {
        if (message?.method === 'notifications/cancelled') told(message.params?.['requestId']);
        return false;
      },
      call: () => leaving.abort(),
    });
    const target = targetOf(fake.url, 'mcp', { connectionId: 'cancels' });
    await assert.rejects(call(target, 'x', {}, { signal: leaving.signal }), isFault('upstream', 'cancelled'));
    const sent = fake.messages.find(({ method }) => method === 'tools/call')!;
    assert.equal(await notified, sent.id);
  });

  it('answer a ping and refuse what was never declared, in the middle of a call', async () => {
    const answers: unknown[] = [];
    const fake = await scripted({
      era: 'legacy',
      call({ id }, response) {
        openStream(response);
        response.write(event({ jsonrpc: '2.0', id: 'p', method: 'ping' }));
        response.write(event({ jsonrpc: '2.0', id: 'e', method: 'elicitation/create', params: {} }));
        held = () => response.end(event({ jsonrpc: '2.0', id, result: textResult('ok') }));
      },
      intercept(_seen, message) {
        if (message?.id !== 'p' && message?.id !== 'e') return false;
        answers.push(message.result ?? message.error?.code);
        if (answers.length === 2) held();
        return false;
      },
    });
    let held: () => void;
    const reply = await call(targetOf(fake.url, 'mcp', { connectionId: 'asks' }), 'x');
    assert.equal(reply.isError, false);
    assert.deepEqual(new Set(answers.map((one) => JSON.stringify(one))), new Set(['{}', '-32601']));
  });
});

describe('a stream of the older era that is closed early', () => {
  it('is taken up again where it ended', async () => {
    const seen: (string | undefined)[] = [];
    let id: number | string | undefined;
    const fake = await scripted({
      era: 'legacy',
      call(message, response) {
        id = message.id;
        openStream(response);
        response.end('id: e1\nretry: 10\ndata:\n\n');
      },
      intercept(request, _message, response) {
        if (request.method !== 'GET') return false;
        seen.push(request.headers['last-event-id'] as string | undefined);
        openStream(response);
        if (seen.length === 1) response.end('id: e2\ndata:\n\n');
        else response.end(event({ jsonrpc: '2.0', id, result: textResult('late') }));
        return true;
      },
    });
    const reply = await call(targetOf(fake.url, 'mcp', { connectionId: 'resumes' }), 'x');
    assert.equal(reply.content[0]!['text'], 'late');
    assert.deepEqual(seen, ['e1', 'e2']);
    assert.equal(fake.messages.filter(({ method }) => method === 'tools/call').length, 1);
  });

  it('is an error where the server does not go on', async () => {
    const fake = await scripted({
      era: 'legacy',
      call(_message, response) {
        openStream(response);
        response.end('id: e1\nretry: 10\ndata:\n\n');
      },
    });
    await assert.rejects(
      call(targetOf(fake.url, 'mcp', { connectionId: 'stays-closed' }), 'x'),
      isFault('upstream', 'bad_reply'),
    );
  });
});

for (const era of ['modern', 'legacy'] as const) {
  describe(`a hostile server (${era})`, () => {
    const hostile = async (script: Omit<Script, 'era'>) => {
      const fake = await scripted({ era, ...script });
      return { fake, target: targetOf(fake.url, 'mcp', { connectionId: fake.url }) };
    };

    it('that hangs ends in a timeout', async () => {
      const { target } = await hostile({ call: () => undefined });
      await call(target, 'x', {}, { signal: AbortSignal.timeout(300) }).then(
        () => assert.fail(),
        (error: unknown) => assert.ok(isFault('upstream', 'timeout')(error)),
      );
    });

    it('that drips ends in a timeout, and its connection is closed', async () => {
      let closed: () => void;
      const freed = new Promise<void>((resolve) => (closed = resolve));
      const { target } = await hostile({
        call(_message, response) {
          openStream(response);
          const drip = setInterval(() => response.write(': still here\n'), 10);
          response.on('close', () => {
            clearInterval(drip);
            closed();
          });
        },
      });
      await assert.rejects(
        call(target, 'x', {}, { signal: AbortSignal.timeout(300) }),
        isFault('upstream', 'timeout'),
      );
      await freed;
    });

    for (const kind of ['application/json', 'text/event-stream']) {
      it(`that answers 100 MB of ${kind} is cut off early`, async () => {
        let sent = 0;
        let closed: () => void;
        const freed = new Promise<void>((resolve) => (closed = resolve));
        const { target } = await hostile({
          call(_message, response) {
            response.writeHead(200, { 'content-type': kind });
            response.on('close', () => closed());
            response.write('data: "');
            const block = Buffer.alloc(65_536, 'a');
            const pour = (): void => {
              while (!response.destroyed && sent < 100 * 1024 * 1024) {
                sent += block.length;
                if (!response.write(block)) break;
              }
            };
            response.on('drain', pour);
            pour();
          },
        });
        await assert.rejects(call(target, 'x'), isFault('upstream', 'reply_too_large'));
        await freed;
        assert.ok(sent < 50 * 1024 * 1024);
      });
    }

    it('that answers another id has not answered', async () => {
      const plain = await hostile({
        call: (_message, response) => result(response, 'other', textResult('no')),
      });
      await assert.rejects(call(plain.target, 'x'), isFault('upstream', 'bad_reply'));
      const stream = await hostile({
        call({ id }, response) {
          openStream(response);
          response.write(event({ jsonrpc: '2.0', id: 999_999, result: textResult('no') }));
          response.write(event({ jsonrpc: '2.0', id: String(id), result: textResult('no') }));
          response.end(event({ jsonrpc: '2.0', id, result: textResult('yes') }));
        },
      });
      assert.equal((await call(stream.target, 'x')).content[0]!['text'], 'yes');
    });

    it('that answers nonsense is a bad reply', async () => {
      const bodies: [string, string][] = [
        ['application/json', '{"jsonrpc"'],
        ['application/json', '[]'],
        ['application/json', 'null'],
        ['text/html', '<html>'],
        ['text/event-stream', 'data: {"jsonrpc"\n\n'],
        ['text/event-stream', ''],
      ];
      for (const [type, body] of bodies) {
        const { target } = await hostile({
          call: (_message, response) => response.writeHead(200, { 'content-type': type }).end(body),
        });
        await assert.rejects(call(target, 'x'), isFault('upstream', 'bad_reply'), `${type} ${body}`);
      }
      for (const value of [null, 5, {}, { content: 'x' }, { content: [{ text: 'no type' }] }]) {
        const { target } = await hostile({ call: ({ id }, response) => result(response, id, value) });
        await assert.rejects(call(target, 'x'), isFault('upstream', 'bad_reply'), JSON.stringify(value));
      }
    });

    it('that resets the connection cannot be reached', async () => {
      const { target } = await hostile({ call: (_message, _response, request) => request.socket.destroy() });
      await assert.rejects(call(target, 'x'), isFault('upstream', 'unreachable'));
    });

    it('that refuses with 401 is told apart and not taken for another era', async () => {
      const { fake, target } = await hostile({
        intercept(_seen, _message, response) {
          response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
          return true;
        },
      });
      const reply = await call(target, 'x');
      assert.equal(reply.isError, true);
      assert.equal(reply.status, 401);
      assert.ok(!fake.messages.some(({ method }) => method === 'initialize'));
      await assert.rejects(drivers.list(target, null, soon()), isFault('upstream', 'unauthorized'));
    });

    it('that answers 503 once is asked again for a read and not for a write', async () => {
      let calls = 0;
      const { target } = await hostile({
        call({ id }, response) {
          calls += 1;
          if (calls % 2 === 1) response.writeHead(503).end();
          else result(response, id, textResult('ok'));
        },
      });
      assert.equal((await call(target, 'x', {}, { idempotent: true })).isError, false);
      assert.equal(calls, 2);
      const write = await call(target, 'x');
      assert.equal(write.status, 503);
      assert.equal(calls, 3);
    });

    it('that repeats the credential has it taken out', async () => {
      const { target, fake } = await hostile({
        call: ({ id, params }, response, _request, seen) =>
          result(response, id, {
            content: [{ type: 'text', text: `${seen.headers.authorization} ${JSON.stringify(params)}` }],
            structuredContent: { 'token-of-k1': [seen.headers['x-extra']], url: seen.url },
          }),
      });
      const reply = await call(
        { ...target, sealedSecretId: 's1' },
        'x',
        { deep: [new SealedValue('s2')] },
        { credential: credentialOf(fake.url, { type: 'bearer' }) },
      );
      const text = JSON.stringify(reply);
      assert.doesNotMatch(text, /token-of-k1|extra-value|sealed-argument/);
      const sent = fake.messages.find(({ method }) => method === 'tools/call')!;
      assert.deepEqual(sent.params!['arguments'], { deep: ['sealed-argument'] });
      assert.equal(fake.requests.at(-1)!.url, '/mcp?tenant=acme');
    });

    it('lists every page, and is refused when the pages do not end', async () => {
      const pages = await hostile({
        tools: (cursor) => ({
          tools: [{ name: `tool-${cursor ?? 0}` }],
          ...(cursor === '2' ? {} : { nextCursor: String(Number(cursor ?? 0) + 1) }),
        }),
      });
      const { definitions } = await drivers.list(pages.target, null, soon());
      assert.deepEqual(
        definitions.map((one) => one.name),
        ['tool-0', 'tool-1', 'tool-2'],
      );
      const circle = await hostile({ tools: () => ({ tools: [], nextCursor: 'again' }) });
      await assert.rejects(drivers.list(circle.target, null, soon()), isFault('upstream', 'bad_reply'));
      let page = 0;
      const endless = await hostile({ tools: () => ({ tools: [], nextCursor: `${(page += 1)}` }) });
      await assert.rejects(drivers.list(endless.target, null, soon()), isFault('upstream', 'bad_reply'));
      assert.ok(page <= 1_000);
    });

    it('is refused where the pages together are more than any list of tools', async () => {
      const description = 'x'.repeat(200_000);
      let page = 0;
      const huge = await hostile({
        tools: () => ({
          tools: Array.from({ length: 40 }, (_, at) => ({ name: `t${page}_${at}`, description })),
          nextCursor: `${(page += 1)}`,
        }),
      });
      await assert.rejects(drivers.list(huge.target, null, soon()), isFault('upstream', 'bad_reply'));
      assert.ok(page <= 5);
    });

    it('loses one tool to a bad schema, never the list', async () => {
      let deep: object = {};
      for (let i = 0; i < 500; i += 1) deep = { properties: { a: deep } };
      const bad = {
        wrong_type: { type: 'objekt' },
        foreign: { type: 'object', properties: { a: { $ref: 'https://example.com/s.json' } } },
        dangling: { type: 'object', properties: { a: { $ref: '#/$defs/none' } } },
        deep,
        large: { type: 'object', description: 'x', enum: ['x'.repeat(300_000)] },
        not_an_object: { type: 'string' },
        text: 'schema',
      };
      const { target } = await hostile({
        tools: [
          {
            name: 'good',
            inputSchema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
          },
          { name: 'bare' },
          5,
          { name: 7 },
          ...Object.entries(bad).map(([name, inputSchema]) => ({ name, inputSchema })),
        ],
      });
      const { definitions } = await drivers.list(target, null, soon());
      const put = Object.fromEntries(definitions.map((one) => [one.name, one.quarantine]));
      assert.equal(put['good'], null);
      assert.equal(put['bare'], null);
      for (const name of Object.keys(bad)) assert.match(put[name]!, /^Its input schema /, name);
      assert.equal(definitions.length, 2 + Object.keys(bad).length);
    });
  });
}

describe('finding the era', () => {
  it('asks anew when a server has moved from one era to the other', async () => {
    let now: 'legacy' | 'modern' = 'legacy';
    const old = await scripted({
      era: 'legacy',
      call: ({ id }, response) => result(response, id, textResult('old')),
    });
    const fresh = await scripted({
      era: 'modern',
      call: ({ id }, response) => result(response, id, textResult('new')),
    });
    const front = await scripted({
      era: 'legacy',
      intercept(seen, message, response) {
        const modern = seen.headers['mcp-method'] !== undefined;
        if (now === 'modern' && !modern) {
          response.writeHead(400, { 'content-type': 'application/json' });
          response.end(
            JSON.stringify(failure(message?.id, -32020, 'Header mismatch: Mcp-Method is missing')),
          );
          return true;
        }
        void fetch(now === 'modern' ? fresh.url : old.url, {
          method: 'POST',
          headers: { ...(seen.headers as Record<string, string>), connection: 'close' },
          body: seen.body,
        }).then(async (answer) => {
          response.writeHead(answer.status, {
            'content-type': answer.headers.get('content-type') ?? 'text/plain',
          });
          response.end(await answer.text());
        });
        return true;
      },
    });
    const target = targetOf(front.url, 'mcp', { connectionId: 'moves' });
    assert.equal((await call(target, 'x')).content[0]!['text'], 'old');
    now = 'modern';
    assert.equal((await call(target, 'x')).content[0]!['text'], 'new');
  });

  it('does not repeat a call that a server of the same era refused in its own way', async () => {
    let executed = 0;
    const fake = await scripted({
      era: 'modern',
      call({ id }, response) {
        executed += 1;
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify(failure(id, -32000, 'Not today')));
      },
    });
    const reply = await call(targetOf(fake.url, 'mcp', { connectionId: 'odd' }), 'x');
    assert.deepEqual(reply.content, [{ type: 'text', text: 'Not today' }]);
    assert.equal(executed, 1);
  });

  it('shows agents the message of a JSON-RPC error that came with an HTTP status, and nothing else of it', async () => {
    const fake = await scripted({
      era: 'modern',
      call({ id }, response) {
        const error = { code: -32602, message: 'The project does not exist.', data: 'internals' };
        response.writeHead(400, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
      },
    });
    const reply = await call(targetOf(fake.url, 'mcp', { connectionId: 'said' }), 'x');
    assert.equal(reply.status, 400);
    assert.deepEqual(renderResult(reply, null).content, [
      {
        type: 'text',
        text: 'The service answered with an error (status 400). The project does not exist.',
      },
    ]);
  });

  it('never takes 5xx for an older server', async () => {
    const fake = await scripted({
      era: 'legacy',
      intercept(_seen, _message, response) {
        response.writeHead(500).end();
        return true;
      },
    });
    const reply = await call(targetOf(fake.url, 'mcp', { connectionId: 'ill' }), 'x');
    assert.equal(reply.status, 500);
    assert.ok(!fake.messages.some(({ method }) => method === 'initialize'));
  });

  it('keeps a credential from an origin it was not given for', async () => {
    const fake = await scripted({ era: 'legacy' });
    const credential = credentialOf('https://elsewhere.test', { type: 'bearer' });
    await assert.rejects(
      call(targetOf(fake.url, 'mcp', { connectionId: 'foreign' }), 'x', {}, { credential }),
      isFault('upstream', 'credential_origin'),
    );
    assert.equal(fake.requests.length, 0);
  });
});

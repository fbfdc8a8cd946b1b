import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { CallEnd, CallStart } from '../../src/journal/index.ts';
import { newId } from '../../src/kernel/index.ts';
import { startWorld, type Json, type World } from '../world.ts';

let world: World;
let organization: { id: string; key: string };
before(async () => void (world = await startWorld()));
after(() => world.close());
beforeEach(async () => void (organization = await world.organization()));

/** Writes a call’s rows as the gateway does. */
async function record(more: Partial<CallStart> = {}, end: Partial<CallEnd> | null = {}): Promise<string> {
  const { callJournal } = world.crib;
  const callId = newId();
  const now = new Date();
  await callJournal.start({
    organizationId: organization.id,
    callId,
    startedAt: now,
    deadlineAt: new Date(now.getTime() + 60_000),
    tool: 'desk__look',
    toolId: null,
    connectionId: null,
    packId: null,
    principal: { type: 'key', id: newId() },
    registeredUserId: null,
    ranAs: 'none',
    protocol: 'rest',
    traceId: 'ab'.repeat(16),
    ...more,
  });
  if (end) {
    callJournal.end({
      organizationId: organization.id,
      callId,
      endedAt: new Date(),
      outcome: 'ok',
      reason: null,
      gatewayUs: 1500,
      upstreamUs: 20_000,
      bytesRaw: 900,
      bytesServed: 300,
      view: null,
      ...end,
    });
  }
  await callJournal.drain();
  return callId;
}

const ids = (answer: { json: Json }): string[] => answer.json.data.map((row: Json) => row.id);

describe('call rows', () => {
  it('have the fields of the contract, in its order', async () => {
    const id = await record();
    const { json } = await world.ask('GET', `/v1/calls/${id}`, { key: organization.key });
    const { started_at, ended_at, principal, ...rest } = json.data;
    assert.ok(started_at <= ended_at);
    assert.equal(principal.type, 'key');
    assert.deepEqual(rest, {
      id,
      tool: 'desk__look',
      connection_id: null,
      pack_id: null,
      registered_user_id: null,
      ran_as: 'none',
      approval_id: null,
      outcome: 'ok',
      reason: null,
      trace_id: 'ab'.repeat(16),
      gateway_ms: 1.5,
      upstream_ms: 20,
      bytes_raw: 900,
      bytes_served: 300,
    });
    const order =
      'id started_at ended_at tool connection_id pack_id principal registered_user_id ran_as approval_id outcome reason trace_id gateway_ms upstream_ms bytes_raw bytes_served';
    assert.deepEqual(Object.keys(json.data), order.split(' '));
  });

  it('are listed newest first and filtered by what they say', async () => {
    const { key } = organization;
    const packId = newId();
    const first = await record({ startedAt: new Date(Date.now() - 2000), packId });
    const second = await record(
      { startedAt: new Date(Date.now() - 1000), tool: 'desk__write' },
      { outcome: 'denied', reason: 'pinned' },
    );
    const open = await record({}, null);
    assert.deepEqual(ids(await world.ask('GET', '/v1/calls', { key })), [open, second, first]);
    assert.deepEqual(ids(await world.ask('GET', '/v1/calls?outcome=denied', { key })), [second]);
    assert.deepEqual(ids(await world.ask('GET', '/v1/calls?outcome=started', { key })), [open]);
    assert.deepEqual(ids(await world.ask('GET', `/v1/calls?pack_id=${packId}`, { key })), [first]);
    assert.deepEqual(ids(await world.ask('GET', '/v1/calls?tool=desk__write', { key })), [second]);
    assert.equal((await world.ask('GET', '/v1/calls?outcome=odd', { key })).status, 422);
  });

  it('are counted by tool and outcome', async () => {
    await record();
    await record();
    await record({}, { outcome: 'failed', reason: 'timeout' });
    const { json } = await world.ask('GET', '/v1/calls/stats', { key: organization.key });
    const counts = json.data.map((row: Json) => [row.outcome, row.calls, row.gateway_ms]);
    assert.deepEqual(new Set(counts.map(String)), new Set(['ok,2,3', 'failed,1,1.5']));
  });

  it('keep a shape of their own at /api/v1/logs/tool-calls/', async () => {
    const { key } = organization;
    await record({}, { outcome: 'denied', reason: 'pinned' });
    const { json } = await world.ask('GET', '/api/v1/logs/tool-calls/?status=blocked', { key });
    assert.equal(json.count, 1);
    assert.equal(json.results[0].tool_name, 'desk__look');
    assert.equal(json.results[0].error, 'pinned');
    assert.equal((await world.ask('GET', '/api/v1/logs/tool-calls/?status=success', { key })).json.count, 0);
  });

  it('are shown to a key bound to users for those users alone', async () => {
    const { key } = organization;
    const user = await world.ask('POST', '/v1/users', {
      key,
      body: { origin_user_id: 'u', origin_user_name: 'U' },
    });
    const userId: string = user.json.data.id;
    const theirs = await record({ registeredUserId: userId });
    const other = await record();
    const bound = (await world.ask('POST', '/v1/keys', { key, body: { user_ids: [userId] } })).json.data.key;
    assert.deepEqual(ids(await world.ask('GET', '/v1/calls', { key: bound })), [theirs]);
    assert.equal((await world.ask('GET', `/v1/calls/${other}`, { key: bound })).status, 404);
    assert.equal((await world.ask('GET', '/v1/calls/stats', { key: bound })).json.data[0].calls, 1);
  });
});

describe('the stream of calls', () => {
  const open = async (key: string) => {
    const leave = new AbortController();
    const headers = { authorization: `Bearer ${key}` };
    const response = await fetch(`${world.url}/v1/calls/stream`, { headers, signal: leave.signal });
    assert.match(response.headers.get('content-type')!, /^text\/event-stream/);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return {
      leave: () => leave.abort(),
      /** Reads until `mark` has come; null when the stream ends first. */
      async until(mark: string): Promise<string | null> {
        while (!text.includes(mark)) {
          const { done, value } = await reader.read();
          if (done) return null;
          text += value;
        }
        return text;
      },
    };
  };

  it('tells of each call as it ends, and of nobody else’s', async () => {
    const stream = await open(organization.key);
    await stream.until(': listening');
    const mine = organization;
    organization = await world.organization();
    const foreign = await record();
    organization = mine;
    const id = await record();
    const text = await stream.until(`id: ${id}`);
    assert.match(text!, /event: call\n/);
    assert.equal(text!.includes(foreign), false);
    stream.leave();
  });

  it('ends when its key is revoked', async () => {
    const { key } = organization;
    const made = await world.ask('POST', '/v1/keys', { key, body: { scopes: ['calls:read'] } });
    const stream = await open(made.json.data.key);
    await stream.until(': listening');
    await world.ask('DELETE', `/v1/keys/${made.json.data.id}`, { key });
    const id = await record();
    assert.equal(await stream.until(id), null);
  });
});

describe('POST /v1/calls', () => {
  it('hands the call to the gateway with the name exactly as it was sent, and answers its result', async (t) => {
    const seen: unknown[] = [];
    const real = world.crib.gateway;
    const gateway: typeof real = {
      ...real,
      async call(request) {
        seen.push([request.address, request.tool, request.arguments, request.protocol]);
        return { callId: newId(), result: { content: [{ type: 'text', text: 'done' }], isError: false } };
      },
    };
    const other = await startWorld({ beside: world, deps: { gateway } });
    t.after(() => other.close());
    const raw = '{"pack":"desk","tool":"Desk__look ","arguments":{"__proto__":{"a":1},"b":2}}';
    const headers = { 'content-type': 'application/json' };
    const answer = await other.ask('POST', '/v1/calls', { key: organization.key, raw, headers });
    assert.equal(answer.status, 200);
    assert.equal(answer.json.content[0].text, 'done');
    assert.equal(answer.json.isError, false);
    assert.match(answer.json.call_id, /^[0-9a-f-]{36}$/);
    const [[address, tool, args, protocol]] = seen as [[unknown, string, object, string]];
    assert.deepEqual(address, { pack: 'desk', userId: null });
    assert.equal(tool, 'Desk__look ');
    assert.deepEqual(Object.keys(args), ['__proto__', 'b']);
    assert.equal(protocol, 'rest');
  });

  it('answers 404 for a pack that is absent, with no row', async () => {
    const { key } = organization;
    assert.equal((await world.ask('POST', '/v1/calls', { key, body: { pack: 'x', tool: 'y' } })).status, 404);
    assert.equal((await world.ask('GET', '/v1/calls', { key })).json.data.length, 0);
  });
});

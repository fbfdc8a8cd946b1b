import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Json } from '../world.ts';
import { askedFor, openApprovalsDesk, type ApprovalsDesk } from './approvals-desk.ts';
import { ask, eventsOf, legacy, modern, request, type Answered } from './mcp-counter.ts';

// The person at the client: asked in the result (2026-07-28) or on the stream of the call (older revisions).

let desk: ApprovalsDesk;
let key: string;
let address: string;
let order = 0;
before(async () => {
  desk = await openApprovalsDesk();
  address = `${desk.world.url}/mcp/desk`;
});
after(() => desk.close());
beforeEach(async () => {
  ({ key } = await desk.key());
  order += 1;
  desk.reached();
});

const byForm = { elicitation: { form: {} } };
const capable = (declared: object = byForm) => ({
  key,
  meta: { 'io.modelcontextprotocol/clientCapabilities': declared },
});
const callOf = (more: object = {}, id = order) => ({
  name: 'shop__delete_order',
  arguments: { id },
  ...more,
});
const send = async (params: object, options: object = capable(), at = address): Promise<Answered> =>
  (await ask(at, modern('tools/call', params as { [key: string]: unknown }, options))).body;
const answered = (state: unknown, action = 'accept', id = order) =>
  callOf({ requestState: state, inputResponses: { confirm_call: { action } } }, id);
const isRun = ({ result }: Answered): void =>
  assert.equal(result?.['isError'], false, JSON.stringify(result));
const isAsked = ({ result }: Answered): string => {
  assert.equal(result?.['resultType'], 'input_required', JSON.stringify(result));
  return result!['requestState'] as string;
};

/** Another key for the same account: a yes from before is none. */
const reconnect = async (): Promise<void> => {
  const { status, text } = await desk.world.fetchJson('PUT', '/v1/credentials', {
    connection: desk.connectionId,
    owner: { type: 'organization' },
    fields: { api_key: `shop-key-${order}` },
  });
  assert.ok(status < 300, text);
};

describe('2026-07-28', () => {
  it('a client with form elicitation is asked: the tool, the account and the exact arguments', async () => {
    const { result } = await send(callOf());
    const { _meta, requestState, ...rest } = result as Json;
    assert.equal(typeof requestState, 'string');
    assert.deepEqual(rest, {
      resultType: 'input_required',
      inputRequests: {
        confirm_call: {
          method: 'elicitation/create',
          params: {
            mode: 'form',
            message: `Run shop__delete_order at Shop, with the organization’s account, with these arguments?\n{\n  "id": ${order}\n}`,
            requestedSchema: { type: 'object', properties: {} },
          },
        },
      },
    });
    assert.equal(desk.reached(), 0);
  });

  it('accept is the yes: the call runs, once', async () => {
    const state = isAsked(await send(callOf()));
    isRun(await send(answered(state)));
    assert.equal(desk.reached(), 1);
    assert.notEqual(isAsked(await send(answered(state))), state, 'a replay asks anew');
    assert.equal(desk.reached(), 0);
    const [id] = state.split('.');
    const { json } = await desk.world.ask('GET', `/v1/approvals/${id}`);
    assert.deepEqual([json.data.status, json.data.via], ['used', 'client']);
  });

  it('decline and cancel are the no', async () => {
    for (const action of ['decline', 'cancel']) {
      const state = isAsked(await send(callOf()));
      const { result } = await send(answered(state, action));
      assert.equal((result as Json).structuredContent.error, 'confirmation_denied', action);
      const [id] = state.split('.');
      assert.equal((await desk.world.ask('GET', `/v1/approvals/${id}`)).json.data.status, 'denied');
    }
    assert.equal(desk.reached(), 0);
  });

  it('changed arguments, another principal, another tool, expiry, an edit, a re-connection: the service is untouched', async () => {
    const state = isAsked(await send(callOf()));
    isAsked(await send(answered(state, 'accept', order + 1000)));
    await desk.patchTool('get_order', { requires_confirmation: true });
    const other = { ...answered(state), name: 'shop__get_order' };
    isAsked(await send(other));
    await desk.patchTool('get_order', { requires_confirmation: null });
    const stranger = await desk.key();
    const { error } = await send(answered(state), { ...capable(), key: stranger.key });
    assert.equal(error?.code, -32602);
    await desk.patchTool('delete_order', { description: `Edit ${order}.` });
    isAsked(await send(answered(state)));
    const fresh = isAsked(await send(callOf()));
    desk.pass(15 * 60_000);
    isAsked(await send(answered(fresh)));
    const before = isAsked(await send(callOf()));
    await reconnect();
    isAsked(await send(answered(before)));
    assert.equal(desk.reached(), 0);
  });

  it('a forged state is refused, a missing one too, and the call is a denied row', async () => {
    const state = isAsked(await send(callOf()));
    const [id] = state.split('.');
    const forged = [`${id}.AAAA`, `${id}`, '', `${id}.`, `${state}.x`, state.toUpperCase(), undefined, 7];
    for (const wrong of forged) {
      const { error } = await send(answered(wrong));
      assert.equal(error?.code, -32602, String(wrong));
    }
    assert.equal((await send(answered(state, 'perhaps'))).error?.code, -32602);
    assert.equal(desk.reached(), 0);
    await desk.world.crib.callJournal.drain();
    const { json } = await desk.world.ask('GET', '/v1/calls?limit=20&outcome=denied');
    assert.ok(json.data.some((row: Json) => row.reason === 'forged_state'));
    isRun(await send(answered(state)));
  });

  it('a yes without a question is none', async () => {
    const { error } = await send(callOf({ inputResponses: { confirm_call: { action: 'accept' } } }));
    assert.equal(error?.code, -32602);
    assert.equal(desk.reached(), 0);
  });

  it('a client without form elicitation is told by the result, and runs after a member’s yes', async () => {
    for (const declared of [{}, { elicitation: { url: {} } }]) {
      const { result } = await send(callOf(), capable(declared));
      askedFor(result);
    }
    const id = askedFor((await send(callOf(), capable({}))).result);
    await desk.approve(id);
    isRun(await send(callOf(), capable({})));
    assert.equal(desk.reached(), 1);
  });

  it('an approval holds across protocols for the same principal', async () => {
    const id = askedFor(await desk.call(key, 'delete_order', { id: order }));
    const state = isAsked(await send(callOf()));
    assert.equal(state.split('.')[0], id, 'one question, asked by REST and MCP');
    await desk.approve(id);
    isRun(await send(callOf()));
    assert.equal(desk.reached(), 1);
    askedFor(await desk.call(key, 'delete_order', { id: order }));
  });

  it('characters nobody sees are shown by their number', async () => {
    await desk.patchTool('create_order', { requires_confirmation: true });
    const args = { customer_id: 1, constructor: 'a\u202Eb\u200Bc\nd' };
    const { result } = await send({ name: 'shop__create_order', arguments: args });
    const { message } = (result as Json).inputRequests.confirm_call.params;
    assert.ok(message.includes('"a\\u{202e}b\\u{200b}c\\nd"'), message);
    await desk.patchTool('create_order', { requires_confirmation: null });
  });
});

describe('a pack that wants a member, and an agent’s own key', () => {
  it('approve_by member: the client is not asked, and its person’s yes from elsewhere does not count', async () => {
    const { json, status } = await desk.world.fetchJson('POST', '/v1/packs', {
      name: `Strict ${order}`,
      approve_by: 'member',
      entries: [{ slug: 'shop' }],
    });
    assert.deepEqual([status, json.data.approve_by], [201, 'member']);
    const strict = `${desk.world.url}/mcp/${json.data.slug}`;
    const state = isAsked(await send(callOf()));
    const { result } = await send(answered(state), capable(), strict);
    const id = askedFor(result);
    assert.equal(desk.reached(), 0);
    await desk.approve(id);
    isRun(await send(callOf(), capable(), strict));
  });

  it('a client’s yes given in one pack opens no other that wants a member’s', async () => {
    const { json } = await desk.world.fetchJson('POST', '/v1/packs', {
      name: `Strict ${order}`,
      approve_by: 'member',
      entries: [{ slug: 'shop' }],
    });
    const session = await openSession('2025-11-25');
    const events = eventsOf(await fetch(address, legacy(request('tools/call', callOf()), { key, session })));
    const question = (await events.next()).value as Answered;
    // Answered elsewhere by the very client: the yes is there before the call that waits takes it.
    const strict = `${desk.world.url}/mcp/${json.data.slug}`;
    await respond(session, question.id, { action: 'accept' });
    askedFor((await send(callOf(), capable(), strict)).result);
    isRun((await events.next()).value as Answered);
    assert.equal(desk.reached(), 1);
  });

  it('a key bound to its packs cannot make one of them ask fewer', async () => {
    const pack = await desk.world.fetchJson('POST', '/v1/packs', {
      name: `Strict ${order}`,
      approve_by: 'member',
      entries: [{ slug: 'shop' }],
    });
    const { id } = pack.json.data;
    const bound = await desk.key({ scopes: ['runtime:all', 'packs:write'], pack_ids: [id] });
    const body = { approve_by: 'client' };
    assert.equal((await desk.world.fetchJson('PATCH', `/v1/packs/${id}`, body, bound.key)).status, 403);
    const { json } = await desk.world.fetchJson('PATCH', `/v1/packs/${id}`, { approve_by: null });
    assert.equal(json.data.approve_by, 'client');
  });

  it('an agent’s own key is asked nothing, whatever its client can do', async () => {
    const { json, status, text } = await desk.world.fetchJson('POST', '/v1/agents', {
      name: 'Clerk',
      handle: `clerk${order}`,
      tools: [{ connector_id: desk.connectionId, name: 'delete_order' }],
    });
    assert.equal(status, 201, text);
    const at = `${desk.world.url}/mcp/agents/clerk${order}`;
    const { result } = await send(callOf(), { ...capable(), key: json.data.key }, at);
    askedFor(result);
  });
});

const openSession = async (revision: string, capabilities: object = byForm): Promise<string> => {
  const params = { protocolVersion: revision, capabilities, clientInfo: { name: 'test', version: '1' } };
  const response = await fetch(address, legacy(request('initialize', params), { key }));
  await response.json();
  return response.headers.get('mcp-session-id')!;
};

const respond = async (
  session: string,
  id: unknown,
  result: object,
  options: { key?: string; at?: string } = {},
): Promise<Response> =>
  fetch(options.at ?? address, legacy({ jsonrpc: '2.0', id, result }, { key: options.key ?? key, session }));

for (const revision of ['2025-11-25', '2025-06-18'] as const) {
  describe(`${revision}: a session with elicitation`, () => {
    const begin = async (): Promise<{
      session: string;
      events: AsyncGenerator<Answered>;
      question: Json;
    }> => {
      const session = await openSession(revision, revision === '2025-06-18' ? { elicitation: {} } : byForm);
      const response = await fetch(address, legacy(request('tools/call', callOf(), 'c1'), { key, session }));
      assert.equal(response.status, 200);
      const events = eventsOf(response);
      return { session, events, question: (await events.next()).value };
    };

    it('is asked by a request on the stream of the call; accept is the yes', async () => {
      const { session, events, question } = await begin();
      assert.equal(question.method, 'elicitation/create');
      assert.match(question.params.message, /shop__delete_order/);
      assert.equal(question.params.mode, revision === '2025-11-25' ? 'form' : undefined);
      assert.equal(desk.reached(), 0);
      const { status } = await respond(session, question.id, { action: 'accept', content: {} });
      assert.equal(status, 202);
      const answer = (await events.next()).value as Answered;
      assert.equal(answer.id, 'c1');
      isRun(answer);
      assert.equal(desk.reached(), 1);
      await respond(session, question.id, { action: 'accept' });
      assert.equal(desk.reached(), 0);
    });

    it('decline is the no', async () => {
      const { session, events, question } = await begin();
      await respond(session, question.id, { action: 'decline' });
      const { result } = (await events.next()).value as Answered;
      assert.equal((result as Json).structuredContent.error, 'confirmation_denied');
      assert.equal(desk.reached(), 0);
    });

    it('goes on when somebody else decides while the client’s person is asked', async () => {
      const { events, question } = await begin();
      await desk.approve(question.id.split('.')[0]);
      isRun((await events.next()).value as Answered);
      assert.equal(desk.reached(), 1);
    });

    it('an answer that is not the caller’s own, or forged, decides nothing', async () => {
      const { session, events, question } = await begin();
      const [id] = question.id.split('.');
      assert.equal((await respond(session, `${id}.AAAA`, { action: 'accept' })).status, 400);
      const stranger = await desk.key();
      const theirs = await respond(session, question.id, { action: 'accept' }, { key: stranger.key });
      assert.equal(theirs.status, 404, 'the session is not theirs');
      assert.equal((await desk.world.ask('GET', `/v1/approvals/${id}`)).json.data.status, 'pending');
      assert.equal(desk.reached(), 0);
      await respond(session, question.id, { action: 'accept' });
      isRun((await events.next()).value as Answered);
    });

    it('an edit of the tool, a re-connection, expiry: a yes that comes after it runs nothing, and it is asked anew', async () => {
      const between: (() => unknown)[] = [
        () => desk.patchTool('delete_order', { description: `Edit ${order} for ${revision}.` }),
        reconnect,
        () => desk.pass(15 * 60_000),
      ];
      for (const happens of between) {
        const { session, events, question } = await begin();
        const [id] = question.id.split('.');
        await happens();
        assert.equal((await respond(session, question.id, { action: 'accept' })).status, 202);
        const anew = askedFor(((await events.next()).value as Answered).result);
        assert.notEqual(anew, id);
        assert.equal(desk.reached(), 0);
      }
    });

    it('a yes is to the arguments that were asked about: a call with others asks, and runs nothing', async () => {
      const { session, question } = await begin();
      const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c1' } };
      assert.equal((await fetch(address, legacy(cancelled, { key, session }))).status, 202);
      assert.equal((await respond(session, question.id, { action: 'accept' })).status, 202);
      const other = legacy(request('tools/call', callOf({}, order + 1000), 'c2'), { key, session });
      const events = eventsOf(await fetch(address, other));
      const asked = (await events.next()).value as Json;
      assert.equal(asked.method, 'elicitation/create');
      assert.notEqual(asked.id.split('.')[0], question.id.split('.')[0]);
      assert.equal(desk.reached(), 0);
      await respond(session, asked.id, { action: 'decline' });
      const { result } = (await events.next()).value as Answered;
      assert.equal((result as Json).structuredContent.error, 'confirmation_denied');
      // The yes itself was good: what it was said of runs.
      isRun(await send(callOf(), capable({})));
      assert.equal(desk.reached(), 1);
    });

    it('a client that cannot ask after all is told by the result, and the question stays open', async () => {
      const { session, events, question } = await begin();
      const error = { jsonrpc: '2.0', id: question.id, error: { code: -32601, message: 'No.' } };
      await fetch(address, legacy(error, { key, session }));
      const id = askedFor(((await events.next()).value as Answered).result);
      assert.equal((await desk.approve(id)).status, 200);
    });
  });
}

describe('clients that are not asked', () => {
  it('a session without elicitation, one that takes no stream, and a batch are told by the result', async () => {
    const plain = await openSession('2025-11-25', {});
    const call = legacy(request('tools/call', callOf()), { key, session: plain });
    askedFor((await ask(address, call)).body.result);
    const able = await openSession('2025-11-25');
    const headers = { Accept: 'application/json' };
    const noStream = legacy(request('tools/call', callOf()), { key, session: able, headers });
    askedFor((await ask(address, noStream)).body.result);
    const old = await openSession('2025-03-26');
    const batch = legacy([request('tools/call', callOf()), request('tools/call', callOf(), 2)], {
      key,
      session: old,
    });
    const { body } = await ask(address, batch);
    const ids = (body as unknown as Answered[]).map(({ result }) => askedFor(result));
    assert.equal(ids[0], ids[1]);
    await desk.approve(ids[0]!);
    const again = (await ask(address, batch)).body as unknown as Answered[];
    assert.equal(again.filter(({ result }) => result!['isError'] === false).length, 1, 'exactly once');
    assert.equal(desk.reached(), 1);
  });
});

describe('the official clients put the question before their person', () => {
  const info = { name: 'test', version: '1' };
  const withKey = () => ({ requestInit: { headers: { Authorization: `Bearer ${key}` } } });
  const runs = async (answers: ('accept' | 'decline')[], open: Opening): Promise<void> => {
    const asked: string[] = [];
    const client = await open((message) => {
      asked.push(message);
      return answers.shift() ?? assert.fail('asked once too often');
    });
    const denied = (await client.callTool(callOf())) as Json;
    assert.equal(denied.isError, true);
    assert.equal(denied.structuredContent.error, 'confirmation_denied');
    assert.equal(desk.reached(), 0);
    const done = (await client.callTool(callOf())) as Json;
    assert.equal(done.isError, false, JSON.stringify(done));
    assert.equal(desk.reached(), 1);
    assert.equal(asked.length, 2);
    assert.match(asked[0]!, /shop__delete_order at Shop/);
    await client.close();
  };
  type Opened = { callTool(call: ReturnType<typeof callOf>): Promise<object>; close(): Promise<void> };
  type Opening = (answer: (message: string) => 'accept' | 'decline') => Promise<Opened>;

  for (const mode of ['auto', 'legacy'] as const) {
    it(`of the current generation, ${mode === 'auto' ? 'in 2026-07-28' : 'in the older era'}`, async () => {
      await runs(['decline', 'accept'], async (answer) => {
        const client = new ModernClient(info, { capabilities: byForm, versionNegotiation: { mode } });
        client.setRequestHandler('elicitation/create', async ({ params }) => ({
          action: answer((params as { message: string }).message),
          content: {},
        }));
        await client.connect(new ModernTransport(new URL(address), withKey()));
        return client;
      });
    });
  }

  it('of the earlier generation', async () => {
    await runs(['decline', 'accept'], async (answer) => {
      const client = new LegacyClient(info, { capabilities: { elicitation: {} } });
      client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({
        action: answer(params.message),
        content: {},
      }));
      await client.connect(new LegacyTransport(new URL(address), withKey()));
      return client;
    });
  });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { OpenDatabase } from '../../src/kernel/index.ts';
import {
  ask,
  createCounter,
  eventsOf,
  legacy,
  modern,
  openGround,
  openReplica,
  request,
  toolOf,
  type Answered,
  type Counter,
  type Replica,
} from './mcp-counter.ts';

// Sending a person to a page: what each revision says of it, over a gateway whose answers the test decides.

const url = 'https://crib.example/connect/abc';
const needsConsent = { connectionId: 'mail', message: 'Connect mail.', url, expiresAt: new Date() };
const refused = {
  callId: 'c',
  result: { content: [{ type: 'text', text: 'reauth_required' }], isError: true },
  needsConsent,
};
const done = { callId: 'c', result: { content: [{ type: 'text', text: 'sent' }], isError: false } };
const byUrl = { elicitation: { url: {} } };
const capabilities = (more: object) => ({ meta: { 'io.modelcontextprotocol/clientCapabilities': more } });
const call = { name: 'mail__send', arguments: { to: 'bob' } };

let ground: OpenDatabase;
let counter: Counter;
let replica: Replica;
let address: string;
before(async () => void (ground = await openGround()));
after(() => ground.database.close());
beforeEach(async () => {
  await replica?.close();
  counter = createCounter([toolOf('mail__send')]);
  counter.view = { ...counter.view, unconnected: ['mail'] };
  counter.onCall = async () => refused;
  replica = await openReplica(counter, ground);
  address = `${replica.url}/mcp/desk`;
});
after(() => replica.close());

describe('2026-07-28: a call whose account is not connected', () => {
  const accepted = { ...call, inputResponses: { connect_account: { action: 'accept' } } };
  const again = (action: unknown) => ({ ...call, inputResponses: { connect_account: { action } } });

  it('asks a client that declared elicitation by URL to open the page', async () => {
    const { status, body } = await ask(address, modern('tools/call', call, capabilities(byUrl)));
    assert.equal(status, 200);
    const { _meta, ...result } = body.result!;
    assert.ok(_meta);
    assert.deepEqual(result, {
      resultType: 'input_required',
      inputRequests: {
        connect_account: {
          method: 'elicitation/create',
          params: { mode: 'url', message: 'Connect mail.', url },
        },
      },
    });
  });

  it('tells every other client by the result of the call', async () => {
    for (const declared of [{}, { elicitation: {} }, { elicitation: { form: {} } }]) {
      const { body } = await ask(address, modern('tools/call', call, capabilities(declared)));
      assert.equal(body.result?.['resultType'], 'complete');
      assert.equal(body.result?.['isError'], true);
    }
  });

  it('waits for a person who went to the page, and runs when the account is connected', async () => {
    const [waiting, connected] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    counter.onWait = () => {
      waiting.resolve();
      return connected.promise;
    };
    const answer = ask(address, modern('tools/call', accepted, capabilities(byUrl)));
    await waiting.promise;
    assert.equal(counter.calls.length, 0);
    counter.onCall = async () => done;
    connected.resolve();
    assert.deepEqual((await answer).body.result?.['content'], done.result.content);
    assert.equal(counter.calls.length, 1);
  });

  it('does not ask again who went in vain or would not go: the result tells', async () => {
    for (const action of ['accept', 'decline', 'cancel']) {
      const { body } = await ask(address, modern('tools/call', again(action), capabilities(byUrl)));
      assert.equal(body.result?.['resultType'], 'complete', action);
      assert.equal(body.result?.['isError'], true);
    }
  });

  it('waits for nobody who would not go', async () => {
    counter.onWait = async () => assert.fail('waited');
    for (const action of ['decline', 'cancel']) {
      const { body } = await ask(address, modern('tools/call', again(action), capabilities(byUrl)));
      assert.equal(body.result?.['isError'], true);
    }
  });

  it('asks anew where the answer is to another question, and refuses one that is none', async () => {
    const other = { ...call, inputResponses: { something: { action: 'accept' } } };
    const { body } = await ask(address, modern('tools/call', other, capabilities(byUrl)));
    assert.equal(body.result?.['resultType'], 'input_required');
    for (const wrong of [again('maybe'), again(undefined), { ...call, inputResponses: ['accept'] }]) {
      const answer = await ask(address, modern('tools/call', wrong, capabilities(byUrl)));
      assert.equal(answer.body.error?.code, -32602);
    }
    assert.equal(counter.calls.length, 1);
  });

  it('a key that was revoked while its person was away calls nothing', async () => {
    counter.onWait = async () => void counter.keys.delete('good');
    const { status, headers } = await ask(address, modern('tools/call', accepted, capabilities(byUrl)));
    assert.equal(status, 401);
    assert.match(headers.get('www-authenticate') ?? '', /^Bearer resource_metadata="/);
    assert.equal(counter.calls.length, 0);
  });

  it('waits no longer when the client leaves, or when the process stops', async () => {
    for (const leave of ['client', 'process'] as const) {
      const [waiting, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      counter.onWait = (signal) => {
        waiting.resolve();
        signal.addEventListener('abort', () => over.resolve(), { once: true });
        return over.promise;
      };
      const leaving = new AbortController();
      const options = { ...capabilities(byUrl), signal: leaving.signal };
      const answer = ask(address, modern('tools/call', accepted, options)).catch(() => null);
      await waiting.promise;
      if (leave === 'client') leaving.abort();
      else await replica.edge.close();
      await over.promise;
      const told = await answer;
      if (leave === 'process') assert.equal(told?.body.result?.['isError'], true);
    }
  });
});

describe('2025-11-25: a call whose account is not connected', () => {
  async function open(revision: string, declared: object): Promise<string> {
    const params = {
      protocolVersion: revision,
      capabilities: declared,
      clientInfo: { name: 'test', version: '1' },
    };
    const response = await fetch(address, legacy(request('initialize', params)));
    await response.json();
    return response.headers.get('mcp-session-id')!;
  }
  const callIn = async (session: string): Promise<Answered> =>
    (await ask(address, legacy(request('tools/call', call), { session }))).body;
  const streamOf = async (session: string): Promise<AsyncGenerator<Answered>> => {
    const { body: _body, method: _method, ...init } = legacy('', { session });
    return eventsOf(await fetch(address, { ...init, method: 'GET' }));
  };

  it('is error -32042 with the page, for a client that declared elicitation by URL', async () => {
    const { error } = await callIn(await open('2025-11-25', byUrl));
    assert.equal(error?.code, -32042);
    assert.equal(error?.message, 'Connect mail.');
    const [elicitation, ...others] = error!.data!['elicitations'] as { [key: string]: unknown }[];
    assert.deepEqual(others, []);
    const { elicitationId, ...rest } = elicitation!;
    assert.equal(typeof elicitationId, 'string');
    assert.deepEqual(rest, { mode: 'url', url, message: 'Connect mail.' });
  });

  it('is the call’s result for every other client, and in the revisions that know no pages', async () => {
    for (const [revision, declared] of [
      ['2025-11-25', {}],
      ['2025-11-25', { elicitation: {} }],
      ['2025-06-18', byUrl],
      ['2025-03-26', byUrl],
    ] as const) {
      const { result } = await callIn(await open(revision, declared));
      assert.equal(result?.['isError'], true, revision);
    }
  });

  it('names the same page by the same id, and tells its session alone when it is done', async () => {
    const [session, other] = [await open('2025-11-25', byUrl), await open('2025-11-25', byUrl)];
    const idOf = async (): Promise<unknown> => {
      const { error } = await callIn(session);
      return (error!.data!['elicitations'] as { elicitationId: string }[])[0]!.elicitationId;
    };
    const id = await idOf();
    assert.equal(await idOf(), id);
    const [events, foreign] = [await streamOf(session), await streamOf(other)];
    counter.view = { ...counter.view, unconnected: [] };
    counter.change([toolOf('mail__send'), toolOf('mail__read')]);
    const told = (await events.next()).value as Answered;
    assert.equal(told.method, 'notifications/elicitation/complete');
    assert.deepEqual(told.params, { elicitationId: id });
    const changed = 'notifications/tools/list_changed';
    assert.equal(((await events.next()).value as Answered).method, changed);
    assert.equal(((await foreign.next()).value as Answered).method, changed);
  });

  it('a session that listens only afterwards is told then', async () => {
    const session = await open('2025-11-25', byUrl);
    await callIn(session);
    counter.view = { ...counter.view, unconnected: [] };
    counter.tell();
    const events = await streamOf(session);
    assert.equal(((await events.next()).value as Answered).method, 'notifications/elicitation/complete');
  });
});

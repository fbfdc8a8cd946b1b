import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  ask,
  eventsOf,
  initialize,
  legacy,
  modern,
  request,
  type Answered,
} from '../contracts/mcp-counter.ts';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';
import {
  cleanUp,
  freshEnv,
  grounds,
  needsServer,
  serverGround,
  startServer,
  until,
  type Answer,
  type Server,
} from '../processes.ts';

after(cleanUp);

const told = (answer: Answer): { error?: string; approval_id?: string } =>
  (answer.json['structuredContent'] as never) ?? {};

const isAsked = (answer: Answer): string => {
  assert.equal(told(answer).error, 'confirmation_required', answer.text);
  return told(answer).approval_id!;
};
const isRun = (answer: Answer): void => assert.equal(answer.json['isError'], false, answer.text);

async function setTool(server: Server, stock: Stock, body: object): Promise<void> {
  const path = `/v1/tools/${stock.toolId('write_note')}`;
  const { status, text } = await server.ask('PATCH', path, { key: stock.admin, body });
  assert.equal(status, 200, text);
}

const approve = async (server: Server, stock: Stock, id: string): Promise<void> => {
  const { status, text } = await server.ask('POST', `/v1/approvals/${id}/approve`, { key: stock.admin });
  assert.equal(status, 200, text);
};

for (const [name, ground] of grounds) {
  describe(`a restart, over ${name}`, () => {
    it('keeps the question and the yes: the call runs once, whichever of them came before', async () => {
      const { env } = await ground();
      let server = await startServer(env);
      const stock = await stockPack(server, adminTold(server));
      await setTool(server, stock, { requires_confirmation: true });
      const again = async (signal: NodeJS.Signals): Promise<void> => {
        await server.stop(signal);
        server = await startServer(env);
      };
      const id = isAsked(await callTool(server, stock));
      await again('SIGKILL');
      assert.equal(isAsked(await callTool(server, stock)), id);
      await approve(server, stock, id);
      await again('SIGKILL');
      isRun(await callTool(server, stock));
      await again('SIGTERM');
      assert.notEqual(isAsked(await callTool(server, stock)), id);
      assert.equal(stock.ledger.requests.length, 1);
    });
  });
}

describe('two replicas over one PostgreSQL', { skip: needsServer }, () => {
  let a: Server;
  let b: Server;
  let stock: Stock;
  before(async () => {
    const ground = await serverGround();
    const { PORT, TOOLCRIB_DATA_DIR } = await freshEnv();
    a = await startServer(ground.env);
    b = await startServer({ ...ground.env, PORT: PORT!, TOOLCRIB_DATA_DIR: TOOLCRIB_DATA_DIR! });
    stock = await stockPack(a, adminTold(a));
  });

  /** Sets the tool on A and waits until B does as it says. */
  const setBoth = async (body: object, inForce: (answer: Answer) => boolean): Promise<void> => {
    await setTool(a, stock, body);
    const turn = `wait-${JSON.stringify(body)}`;
    for (const server of [a, b]) {
      await until('the setting is in force', 5_000, async () =>
        inForce(await callTool(server, stock, 'write_note', turn)) ? true : null,
      );
    }
  };

  it('a call asked about on one runs on the other, exactly once for 20 at the same moment on both', async () => {
    await setBoth({ requires_confirmation: true }, (answer) => told(answer).error !== undefined);
    const before = stock.ledger.requests.length;
    const id = isAsked(await callTool(a, stock, 'write_note', 'once'));
    assert.equal(isAsked(await callTool(b, stock, 'write_note', 'once')), id);
    await approve(b, stock, id);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => callTool(index % 2 ? a : b, stock, 'write_note', 'once')),
    );
    assert.equal(answers.filter(({ json }) => json['isError'] === false).length, 1);
    assert.equal(stock.ledger.requests.length - before, 1);
  });

  it('a yes on one replica goes to the call that waits on the other', async () => {
    await setBoth({ requires_confirmation: true }, (answer) => told(answer).error !== undefined);
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: { elicitation: {} },
      clientInfo: { name: 'test', version: '1' },
    };
    const [atA, atB] = [a, b].map(({ url }) => `${url}/mcp/${stock.pack}`) as [string, string];
    const key = stock.runtime;
    const opened = await fetch(atA, legacy(request('initialize', params), { key }));
    await opened.json();
    const session = opened.headers.get('mcp-session-id')!;
    const call = { name: `${stock.pack}__write_note`, arguments: { text: 'parked' } };
    const before = stock.ledger.requests.length;
    const events = eventsOf(await fetch(atA, legacy(request('tools/call', call, 'c1'), { key, session })));
    const question = (await events.next()).value as Answered;
    const answer = { jsonrpc: '2.0', id: question.id, result: { action: 'accept', content: {} } };
    assert.equal((await fetch(atB, legacy(answer, { key, session }))).status, 202);
    const done = (await events.next()).value as Answered;
    assert.equal(done.result?.['isError'], false, JSON.stringify(done));
    assert.equal(stock.ledger.requests.length - before, 1);
  });

  it('limit 5, 100 calls at once, in both eras and over REST: exactly 5 arrive', async () => {
    const limit = { requires_confirmation: false, max_calls_per_turn: 5 };
    await setBoth(limit, (answer) => told(answer).error === undefined && answer.json['isError'] === false);
    const made = await a.ask('POST', '/v1/keys', {
      key: stock.admin,
      body: { name: 'n', scopes: ['runtime:all'] },
    });
    const key: string = made.json['data']['key'];
    const addresses = [a, b].map(({ url }) => `${url}/mcp/${stock.pack}`);
    const sessions = [
      await initialize(addresses[0]!, '2025-11-25', key),
      await initialize(addresses[1]!, '2025-06-18', key),
    ];
    const call = { name: `${stock.pack}__write_note`, arguments: { text: 'many' } };
    const before = stock.ledger.requests.length;
    const one = async (index: number): Promise<boolean> => {
      const at = index % 2;
      const way = index % 3;
      if (way === 0) {
        const answer = await callTool([a, b][at]!, { ...stock, runtime: key }, 'write_note', 'many');
        return answer.json['isError'];
      }
      const sent =
        way === 1
          ? modern('tools/call', call, { key })
          : legacy(request('tools/call', call), { key, session: sessions[at]! });
      const { body } = await ask(addresses[at]!, sent);
      return body.result!['isError'] as boolean;
    };
    const refused = await Promise.all(Array.from({ length: 100 }, (_, index) => one(index)));
    assert.equal(refused.filter((isError) => !isError).length, 5);
    assert.equal(stock.ledger.requests.length - before, 5);
  });
});

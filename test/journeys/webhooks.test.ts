import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { appendEvent } from '../../src/journal/index.ts';
import { isSignedWith, startReceiver, type Receiver } from '../fakes/receiver.ts';
import {
  cleanUp,
  freshEnv,
  grounds,
  needsServer,
  onCleanUp,
  serverGround,
  startServer,
  until,
  withCrib,
  type Ground,
  type Json,
  type Server,
} from '../processes.ts';
import { adminTold, callTool, stockPack, type Stock } from '../stock.ts';

after(cleanUp);

async function openReceiver(): Promise<Receiver> {
  const receiver = await startReceiver();
  onCleanUp(() => receiver.close());
  return receiver;
}

async function listen(
  server: Server,
  key: string,
  receiver: Receiver,
): Promise<{ id: string; secret: string }> {
  const body = { url: receiver.url, events: ['call.denied'] };
  const { json, text, status } = await server.ask('POST', '/v1/webhooks', { key, body });
  assert.equal(status, 201, text);
  return { id: json['data']['id'], secret: json['data']['secret'] };
}

const deliveriesOf = async (server: Server, key: string, id: string): Promise<Json[]> =>
  (await server.ask('GET', `/v1/webhooks/${id}/deliveries?limit=100`, { key })).json['data'];

/** A call of a tool that is not there. */
const deny = async (server: Server, stock: Stock): Promise<void> => {
  assert.equal((await callTool(server, stock, 'nothing')).status, 404);
};

for (const [name, makeGround] of grounds) {
  describe(`webhooks when the process is killed, on ${name}`, () => {
    let ground: Ground;
    let server: Server;
    let receiver: Receiver;
    let webhook: { id: string; secret: string };
    let stock: Stock;

    it('are told again what was answered but not written down', async () => {
      ground = await makeGround();
      server = await startServer(ground.env);
      receiver = await openReceiver();
      stock = await stockPack(server, adminTold(server));
      webhook = await listen(server, stock.admin, receiver);
      receiver.answer = (response) => {
        server.child.kill('SIGKILL');
        response.writeHead(200).end();
      };
      await deny(server, stock);
      const first = await receiver.arrived(1);
      await server.exited;
      receiver.answer = 200;
      // Others could still be at it, so a claim ends with its lease: let it pass.
      const [claimed] = await ground.owner<{ status: string; attempts: number }>(
        "update deliveries set due_at = now() - interval '1 second' returning status, attempts",
      );
      assert.deepEqual(claimed, { status: 'pending', attempts: 1 });
      server = await startServer(ground.env);
      const again = await receiver.arrived(2);
      assert.equal(again.id, first.id);
      assert.equal(again.text, first.text);
      assert.ok(isSignedWith(webhook.secret, again));
      await until('it is written down', 10_000, async () => {
        const [delivery] = await deliveriesOf(server, stock.admin, webhook.id);
        return delivery?.['status'] === 'delivered' && delivery['attempts'] === 2 ? true : null;
      });
    });

    it('are told at the next start what happened while nobody delivered', async () => {
      await server.stop();
      await withCrib(ground.env, async ({ database, clock }, { caller: { principal } }) => {
        const { organizationId } = principal;
        await database.transaction({ organizationId }, (tx) =>
          appendEvent(tx, clock, organizationId, { type: 'call.denied', data: { reason: 'meanwhile' } }),
        );
      });
      assert.equal(receiver.messages.length, 2);
      server = await startServer(ground.env);
      const { json } = await receiver.arrived(3);
      assert.equal(json.data.reason, 'meanwhile');
    });
  });
}

describe('webhooks over two replicas', { skip: needsServer }, () => {
  it('are told each event once', async () => {
    const ground = await serverGround();
    const { PORT, TOOLCRIB_DATA_DIR } = await freshEnv();
    const a = await startServer(ground.env);
    const b = await startServer({ ...ground.env, PORT: PORT!, TOOLCRIB_DATA_DIR: TOOLCRIB_DATA_DIR! });
    const stock = await stockPack(a, adminTold(a));
    const receiver = await openReceiver();
    const webhook = await listen(b, stock.admin, receiver);
    const servers = Array.from({ length: 40 }, (_, index) => (index % 2 ? a : b));
    await Promise.all(servers.map((server) => deny(server, stock)));
    await receiver.arrived(40);
    const seen = await until('all are written down', 10_000, async () => {
      const all = await deliveriesOf(a, stock.admin, webhook.id);
      return all.length === 40 && all.every((one) => one['status'] === 'delivered') ? all : null;
    });
    assert.ok(seen.every((one) => one['attempts'] === 1));
    assert.equal(new Set(receiver.messages.map((message) => message.id)).size, 40);
    assert.equal(receiver.messages.length, 40);
    assert.ok(receiver.messages.every((message) => isSignedWith(webhook.secret, message)));
  });
});

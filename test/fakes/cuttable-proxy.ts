import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between a server and its database, and can come between them. */
export type CuttableProxy = {
  port: number;
  /** Ends every connection and takes no new one: the database is away. */
  cut(): void;
  /** Keeps connections open and passes nothing on: the network swallows everything. */
  freeze(): void;
  /** Ends connections that say this, now and later; the others live on. */
  cutWhoSays(text: string): void;
  restore(): void;
  close(): Promise<void>;
};

export async function startCuttableProxy(target: { host: string; port: number }): Promise<CuttableProxy> {
  let state: 'open' | 'cut' | 'frozen' = 'open';
  let forbidden: string | null = null;
  const pairs = new Map<Socket, { server: Socket; said: string }>();
  const drop = (socket: Socket): void => {
    socket.destroy();
    pairs.get(socket)?.server.destroy();
    pairs.delete(socket);
  };
  const proxy = createServer((client) => {
    client.on('error', () => drop(client));
    if (state === 'cut') return drop(client);
    const pair = { server: connect(target), said: '' };
    pairs.set(client, pair);
    pair.server.on('error', () => drop(client));
    client.on('close', () => drop(client));
    pair.server.on('close', () => drop(client));
    client.on('data', (chunk) => {
      if (pair.said.length < 10_000) pair.said += chunk.toString('latin1');
      if (forbidden !== null && pair.said.includes(forbidden)) drop(client);
      else if (state === 'open') pair.server.write(chunk);
    });
    pair.server.on('data', (chunk) => {
      if (state === 'open') client.write(chunk);
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const dropAll = (which: (pair: { said: string }) => boolean): void => {
    for (const [client, pair] of pairs) if (which(pair)) drop(client);
  };
  return {
    port: (proxy.address() as AddressInfo).port,
    cut() {
      state = 'cut';
      dropAll(() => true);
    },
    freeze() {
      state = 'frozen';
    },
    cutWhoSays(text) {
      forbidden = text;
      dropAll(({ said }) => said.includes(text));
    },
    restore() {
      // What was swallowed is lost for good, so the connections it was on are of no use.
      if (state === 'frozen') dropAll(() => true);
      state = 'open';
      forbidden = null;
    },
    async close() {
      dropAll(() => true);
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

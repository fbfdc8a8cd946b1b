import { EventEmitter } from 'node:events';
import { CompiledQuery } from 'kysely';
import pg from 'pg';

/** What replicas tell each other. Small: facts are read from the database, messages only say that they moved. */
export type BusMessage = { topic: string; organizationId: string; subject?: string };

export type Bus = {
  /** The statement that tells the other replicas, run inside the transaction. */
  notification(message: BusMessage): CompiledQuery;
  /** Tells this process at once. */
  deliver(message: BusMessage): void;
  subscribe(listener: (message: BusMessage) => void): () => void;
  close(): Promise<void>;
};

const channel = 'toolcrib';
const askEvery = 10_000;
const patience = 3_000;

/** A bus within one process: all there is to tell with the embedded database. */
export function createLocalBus(): Bus {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    notification: (message) =>
      CompiledQuery.raw('select pg_notify($1, $2)', [channel, JSON.stringify(message)]),
    deliver: (message) => void emitter.emit('message', message),
    subscribe(listener) {
      emitter.on('message', listener);
      return () => void emitter.off('message', listener);
    },
    close: async () => void emitter.removeAllListeners(),
  };
}

/**
 * A bus over PostgreSQL's NOTIFY. It may be cut for a while (the connection is made anew every second); who
 * relies on it compares versions as a backstop.
 */
export function createNotifyBus(connection: pg.ClientConfig, onState: (up: boolean) => void): Bus {
  const local = createLocalBus();
  let client: pg.Client | null = null;
  let closed = false;
  let retry: NodeJS.Timeout | null = null;
  // A connection that only listens would never learn that the network has dropped it: it asks.
  const asking = setInterval(() => {
    const asked = client;
    asked?.query('select 1').catch(() => asked.emit('end'));
  }, askEvery);
  asking.unref();

  const listen = async (): Promise<void> => {
    const next = new pg.Client({ ...connection, connectionTimeoutMillis: patience, query_timeout: patience });
    const lost = (): void => {
      if (client === next) client = null;
      next.removeAllListeners();
      next.on('error', () => undefined);
      void next.end().catch(() => undefined);
      if (closed || retry) return;
      onState(false);
      retry = setTimeout(() => {
        retry = null;
        void listen();
      }, 1000);
      retry.unref();
    };
    next.on('error', lost);
    next.on('end', lost);
    next.on('notification', ({ payload }) => {
      if (payload) local.deliver(JSON.parse(payload) as BusMessage);
    });
    try {
      await next.connect();
      await next.query(`listen ${channel}`);
      // Closed while it was being opened, as by a start that is refused: an open one would keep the process.
      if (closed) return lost();
      client = next;
      onState(true);
    } catch {
      lost();
    }
  };
  void listen();

  return {
    ...local,
    async close() {
      closed = true;
      clearInterval(asking);
      if (retry) clearTimeout(retry);
      await local.close();
      await client?.end().catch(() => undefined);
    },
  };
}

import pg from 'pg';

const tick = 500;
/** How long a connection may be in use before it is asked whether the database still answers at all. */
const suspicious = 1_500;
const probeTime = 1_500;

/**
 * Ends connections over which nothing comes back because the network swallows everything: without this a
 * request would wait for the system to give up on them, a quarter of an hour. A slow statement is left alone,
 * since a new connection shows that the database answers.
 */
export function dropDeadConnections(pool: pg.Pool, connectionString: string): { close(): void } {
  const inUse = new Map<pg.PoolClient, number>();
  let isProbing = false;
  // A client that breaks while it is in use says so as an event too, and one nobody hears ends the process.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  pool.on('acquire', (client) => void inUse.set(client, performance.now()));
  pool.on('release', (_error, client) => void inUse.delete(client));
  pool.on('remove', (client) => void inUse.delete(client));

  const look = async (): Promise<void> => {
    const before = performance.now() - suspicious;
    const suspects = [...inUse].filter(([, since]) => since < before);
    if (suspects.length === 0 || (await answers(connectionString))) return;
    for (const [client, since] of suspects) {
      if (inUse.get(client) !== since) continue; // it has come back meanwhile
      inUse.delete(client);
      // Cuts the socket where a statement is under way; the statement then fails as "terminated".
      void (client as unknown as pg.Client).end().catch(() => undefined);
    }
  };
  const timer = setInterval(() => {
    if (isProbing) return;
    isProbing = true;
    void look().finally(() => (isProbing = false));
  }, tick);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

/** Whether a new connection gets an answer. */
async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: probeTime,
    query_timeout: probeTime,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    void client.end().catch(() => undefined);
  }
}

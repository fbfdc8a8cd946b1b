import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { change, insertAdminKey, newKeyText, organizationRows, revokeAdminKeys } from './access/index.ts';
import { createMetricsServer } from './edges/index.ts';
import { verifyAudit as walkAudit, type ChainCheck } from './journal/index.ts';
import { Fault } from './kernel/index.ts';
import { announce } from './main/announce.ts';
import { keepClientFile, writeClientFile } from './main/client-file.ts';
import { endCallsOfBefore, startHousekeeping } from './main/housekeeping.ts';
import { keyUses } from './main/key-uses.ts';
import { lockDataDir } from './main/lock-data-dir.ts';
import { openCrib, type Crib, type CribOptions } from './main/open-crib.ts';
import { openEdges, version } from './main/open-edges.ts';
import { readConfig, type Config } from './main/read-config.ts';
import { sampleAtStart, type RunningSample } from './main/sample-at-start.ts';
import { rotateKeys as rotate, type Rotated, type RotationStep } from './vault/index.ts';

export { version };
export { clientFileOf, type ClientFile } from './main/client-file.ts';
export { readConfig, type Config } from './main/read-config.ts';

export type { Rotated, RotationStep } from './vault/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export type Running = {
  config: Config;
  url: string;
  crib: Crib;
  /** Told once: at the very first start. */
  adminKey: string | null;
  sample: RunningSample | null;
  /** Not ready first, what is under way finishes, everything queued is written. */
  stop(grace?: number): Promise<void>;
};

/**
 * Builds and starts everything. Fault `invalid` or `conflict`, in one sentence, when it cannot: a bad
 * variable, another process on the data directory, a master key that does not fit.
 */
export async function startCrib(env: Environment, options: CribOptions = {}): Promise<Running> {
  const config = readConfig(env);
  const lock = await holdDataDir(config, options);
  let crib: Crib | null = null;
  try {
    await claimPort(config);
    crib = await openCrib(config, options);
    return await serve(crib, options, () => lock.release());
  } catch (error) {
    await crib?.close();
    lock.release();
    throw error;
  }
}

/** Opens the doors of what stands. */
async function serve(crib: Crib, options: CribOptions, release: () => void): Promise<Running> {
  const { config } = crib;
  // One process with its own database: whatever has no end by now was lost with the process before it.
  if (config.databaseUrl === null) await endCallsOfBefore(crib);
  const edges = openEdges(crib);
  try {
    const { port } = await listening(edges.http.listen(config.port, config.host), config);
    const metrics = config.metricsPort === null ? null : createMetricsServer(edges.metrics);
    await metrics?.listen(config.metricsPort ?? 0, config.host);
    const sample = await sampleAtStart(crib);
    if (config.isLaptop && !options.inMemory) await keepClientFile(crib);
    const housekeeping = startHousekeeping(crib, edges.api);
    return {
      config,
      url: config.publicUrl.origin.replace(/:0$/, `:${port}`),
      crib,
      adminKey: crib.founded.adminKey,
      sample,
      async stop(grace) {
        housekeeping.stop();
        // Whoever spreads requests over replicas looks at /readyz: it gets a moment to see that we go.
        await edges.refuseReadiness(config.isLaptop ? 0 : noticeTime);
        await edges.close(grace);
        await metrics?.close(0);
        await sample?.helpdesk.close();
        await crib.close();
        release();
      },
    };
  } catch (error) {
    await edges.close(0);
    throw error;
  }
}

/** Milliseconds between "not ready" and closing the door, where others stand before us. */
const noticeTime = 1_000;

/**
 * `toolcrib start`: runs until it is told to stop, and says what a newcomer needs to know. A second signal
 * does not wait.
 */
export async function start(env: Environment): Promise<void> {
  const running = await startCrib(env);
  for (const line of announce(running)) process.stdout.write(`${line}\n`);
  await new Promise<void>((resolve, reject) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      running.stop(7_000).then(resolve, reject);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}

/**
 * Fails where the port is taken, before anything is founded: a first start that fails later would have made
 * an admin key that nobody is told.
 */
async function claimPort({ port, host }: Config): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  await listening(
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => server.close(() => resolve()));
    }),
    { port, host },
  );
}

/** Turns the reasons why nothing can listen there into one sentence. */
async function listening<T>(attempt: Promise<T>, config: Pick<Config, 'port' | 'host'>): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new Fault(
        'conflict',
        `PORT ${config.port} is in use. Stop what listens there, or set PORT to another.`,
      );
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
      throw new Fault('invalid', `HOST ${config.host} with PORT ${config.port} cannot be listened on.`);
    }
    throw error;
  }
}

async function holdDataDir(config: Config, options: CribOptions): Promise<{ release(): void }> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  if (config.databaseUrl || options.inMemory) return { release: () => undefined };
  return lockDataDir(config.dataDir);
}

/** Opens what is stored without serving it, for repairs from the command line. */
async function withCrib<T>(env: Environment, work: (crib: Crib) => Promise<T>): Promise<T> {
  const config = readConfig(env);
  const lock = await holdDataDir(config, {});
  try {
    const crib = await openCrib({ ...config, logLevel: 'warn' });
    try {
      return await work(crib);
    } finally {
      await crib.close();
    }
  } finally {
    lock.release();
  }
}

/** Ends every admin key of the operator's organization and makes a new one. Answers its text. */
export function resetAdmin(env: Environment): Promise<string> {
  return withCrib(env, async (crib) => {
    const text = newKeyText('admin');
    const { operator } = crib.founded;
    const { organizationId } = operator;
    const ctx = crib.ctxFor({ principal: operator, requestId: 'reset-admin' });
    await change(ctx, 'key.admin_reset', async (tx) => {
      await revokeAdminKeys(tx, organizationId, crib.clock.now());
      const keyId = await insertAdminKey(tx, organizationId, text, crib.clock.now());
      return { result: undefined, target: { type: 'key', id: keyId }, changes: { admin_keys_revoked: true } };
    });
    // The command line's own key was an admin key too; it goes on with the new one.
    if (crib.config.isLaptop) writeClientFile(crib.config, text);
    return text;
  });
}

/** Walks every organization's audit chain. */
export function verifyAudit(env: Environment): Promise<readonly ChainCheck[]> {
  return withCrib(env, (crib) => walkAudit(crib.database));
}

/** Rotates the keys (src/vault/rotate-keys.ts) and answers what came of it. Organizations are told by their slugs. */
export function rotateKeys(env: Environment, tell: (step: RotationStep) => void): Promise<Rotated> {
  return withCrib(env, async (crib) => {
    const rows = await crib.database.transaction('system', organizationRows);
    const slugs = new Map(rows.map((row) => [row.organization_id, row.slug]));
    const named = <T extends { organizationId: string }>(told: T): T => ({
      ...told,
      organizationId: slugs.get(told.organizationId) ?? told.organizationId,
    });
    const rotated = await rotate(crib, keyUses, (step) =>
      tell('organizationId' in step ? named(step) : step),
    );
    return { ...rotated, unreadable: rotated.unreadable.map(named) };
  });
}

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { createLocalBus, createNotifyBus, type Bus } from './bus.ts';
import { databaseFault, type Database, openDatabase } from './database.ts';
import { dropDeadConnections } from './drop-dead-connections.ts';
import { Fault } from './fault.ts';
import { migrate, migrationsHash } from './migrate.ts';

export type OpenDatabase = { database: Database; bus: Bus };

/** The role requests are served under: not the owner, so row-level security and append-only rights hold. */
const role = 'toolcrib_app';

export type EmbeddedOptions = {
  /** Where the database lives; null keeps it in memory (tests). */
  directory: string | null;
  migrations: string;
  /** Folders that may hold a migrated template, `<hash of the migrations>.tar.gz`. */
  templates: readonly string[];
};

/**
 * Opens the embedded database, made from a migrated template where one fits. It is one session: the pool
 * holds exactly one connection, and statements queue for it.
 */
export async function openEmbeddedDatabase(options: EmbeddedOptions): Promise<OpenDatabase> {
  const { directory } = options;
  // Stands beside a database that is being made: one that was interrupted holds nothing yet and is made anew.
  const mark = directory && `${directory}.unfinished`;
  if (directory && mark && existsSync(mark)) rmSync(directory, { recursive: true, force: true });
  const isNew = directory === null || !existsSync(join(directory, 'PG_VERSION'));
  const name = `${migrationsHash(options.migrations)}.tar.gz`;
  const template = options.templates.map((folder) => join(folder, name)).find((file) => existsSync(file));
  const loadDataDir = isNew && template ? new Blob([readFileSync(template)]) : undefined;
  if (mark && isNew) {
    mkdirSync(dirname(mark), { recursive: true, mode: 0o700 });
    writeFileSync(mark, '', { mode: 0o600 });
  }
  if (directory) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pglite = await PGlite.create({
    ...(directory ? { dataDir: directory } : {}),
    ...(loadDataDir ? { loadDataDir } : {}),
  });
  const pool = new pg.Pool(Object.assign(createPgConfig(pglite), { max: 1 }) as unknown as pg.PoolConfig);
  const owner = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  await migrate(owner, options.migrations);
  if (mark) rmSync(mark, { force: true });
  await pool.query(`set role ${role}`);
  const bus = createLocalBus();
  const database = openDatabase('embedded', pool, bus);
  return {
    bus,
    database: {
      ...database,
      async close() {
        await database.close();
        await pglite.close();
      },
    },
  };
}

/** A migrated, empty embedded database as one compressed file: what a first start is made from. */
export async function dumpTemplate(migrations: string): Promise<Buffer> {
  const pglite = await PGlite.create();
  const pool = new pg.Pool(Object.assign(createPgConfig(pglite), { max: 1 }) as unknown as pg.PoolConfig);
  await migrate(new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }), migrations);
  await pool.query('checkpoint');
  const dump = await pglite.dumpDataDir('gzip');
  await pool.end();
  await pglite.close();
  return Buffer.from(await dump.arrayBuffer());
}

export type ServerOptions = {
  url: string;
  migrations: string;
  /** Connections at most; the bus and the journal use two further ones. */
  max?: number;
  onBus?: (up: boolean) => void;
};

/** Opens a PostgreSQL server (15 or newer): migrates as the owner, then serves as the application's role. */
export async function openServerDatabase(options: ServerOptions): Promise<OpenDatabase> {
  const connectionString = options.url;
  const owner = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 4000 });
  owner.on('connect', (client) => void client.on('error', () => undefined));
  owner.on('error', () => undefined);
  const ownerKysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: owner }) });
  try {
    await migrate(ownerKysely, options.migrations);
  } catch (error) {
    throw unopened(error);
  } finally {
    await ownerKysely.destroy();
  }
  const pool = new pg.Pool({
    connectionString,
    max: options.max ?? 12,
    connectionTimeoutMillis: 3000,
    statement_timeout: 15_000,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    options: `-c role=${role}`,
  });
  pool.on('error', () => undefined); // an idle connection that broke: the next query takes a new one
  const dropping = dropDeadConnections(pool, connectionString);
  const bus = createNotifyBus({ connectionString }, options.onBus ?? (() => undefined));
  const database = openDatabase('server', pool, bus);
  return {
    bus,
    database: {
      ...database,
      async close() {
        await bus.close();
        await database.close();
        dropping.close();
      },
    },
  };
}

/** Why a database server could not be opened, in one sentence that does not repeat its address. */
function unopened(error: unknown): unknown {
  const code = String((error as { code?: unknown }).code);
  if (/^(28|3D)/.test(code)) {
    return new Fault('invalid', `DATABASE_URL is refused by its server: ${(error as Error).message}.`);
  }
  const away = databaseFault(error);
  if (!(away instanceof Fault) || away.kind !== 'unavailable') return error;
  return new Fault('unavailable', 'DATABASE_URL names a database that does not answer.', { cause: error });
}

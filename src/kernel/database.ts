import { AsyncLocalStorage } from 'node:async_hooks';
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { Fault } from './fault.ts';
import type { Bus, BusMessage } from './bus.ts';

/** Whose rows a transaction may see: one organization's, or (before the organization is known) the system's. */
export type RowScope = { organizationId: string } | 'system';

/** One open transaction. `kysely` is bound to it; rooms give it their own table types in their store. */
export type Tx = {
  readonly kysely: Kysely<unknown>;
  /** Told to every replica when, and only when, the transaction commits. */
  notify(message: BusMessage): void;
};

export type Database = {
  readonly kind: 'embedded' | 'server';
  /** Runs `work` in one transaction, its rows limited by row-level security to `scope`. */
  transaction<T>(scope: RowScope, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A handle outside a transaction, for append-only inserts that need no scope (the call journal). */
  readonly append: Kysely<unknown>;
  readonly pool: pg.Pool;
  close(): Promise<void>;
};

const uuid = /^[0-9a-f-]{36}$/;

/** The statement that opens a transaction and says whose rows it may see, in one round trip. */
function opening(scope: RowScope): string {
  if (scope === 'system') return `begin; set local toolcrib.scope = 'system'`;
  if (!uuid.test(scope.organizationId)) throw new Fault('internal', 'Not an organization id.');
  return `begin; set local toolcrib.organization_id = '${scope.organizationId}'`;
}

/**
 * A transaction inside a transaction would wait for ever for the embedded database's one connection, and
 * elsewhere would not see its own rows: refused at once on both, so that a test finds it.
 */
const inTransaction = new AsyncLocalStorage<true>();

/** Database over a pool of connections; both kinds of database come through here (docs/adr/0005-embedded-database.md). */
export function openDatabase(kind: 'embedded' | 'server', pool: pg.Pool, bus: Bus): Database {
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  return {
    kind,
    pool,
    append: kysely,
    async transaction(scope, work) {
      if (inTransaction.getStore()) throw new Fault('internal', 'A transaction was opened inside another.');
      try {
        return await kysely.connection().execute(async (connection) => {
          const messages: BusMessage[] = [];
          await connection.executeQuery(CompiledQuery.raw(opening(scope)));
          try {
            const tx: Tx = {
              kysely: connection as Kysely<unknown>,
              notify: (message) => void messages.push(message),
            };
            const result = await inTransaction.run(true, () => work(tx));
            if (kind === 'server') {
              for (const message of messages) await connection.executeQuery(bus.notification(message));
            }
            const { rows } = await connection.executeQuery<{ command?: string }>(CompiledQuery.raw('commit'));
            // A statement failed and `work` went on: the database then answers a commit with a rollback.
            if (rows[0]?.command === 'ROLLBACK') {
              throw new Fault('internal', 'A transaction went on after a statement of it had failed.');
            }
            for (const message of messages) bus.deliver(message);
            return result;
          } catch (error) {
            await connection.executeQuery(CompiledQuery.raw('rollback')).catch(() => undefined);
            throw error;
          }
        });
      } catch (error) {
        throw databaseFault(error);
      }
    },
    async close() {
      await kysely.destroy();
    },
  };
}

/** From its first statement on, all that the transaction reads is of one moment. */
export async function readOneMoment(tx: Tx): Promise<void> {
  await sql`set transaction isolation level repeatable read`.execute(tx.kysely);
}

/** Holds a lock of this number or name over all replicas until the transaction ends. */
export async function holdLock(tx: Tx, key: number | string): Promise<void> {
  const number = typeof key === 'number' ? sql`${key}` : sql`hashtextextended(${key}, 0)`;
  await sql`select pg_advisory_xact_lock(${number})`.execute(tx.kysely);
}

/** The same where nobody else holds it; else false at once. */
export async function tryLock(tx: Tx, key: string): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${key}, 0)) as held`.execute(tx.kysely);
  return rows[0]?.held ?? false;
}

/**
 * SQLSTATEs that mean "not now": the database is away, stopping or out of means, a statement took too long,
 * or two transactions stood in each other's way. None says that the statement is wrong.
 */
const away = /^(08|57|53|40001|40P01|55P03)/;
const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOENT',
]);

/** Turns a lost database into Fault `unavailable`; every other error passes as it is. */
export function databaseFault(error: unknown): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  const code = (error as { code?: unknown }).code;
  const lost =
    (typeof code === 'string' && (away.test(code) || awayCodes.has(code))) ||
    /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(
      error.message,
    );
  if (!lost) return error;
  return new Fault('unavailable', 'The database is not available. Try again shortly.', {
    retryAfter: 2,
    cause: error,
  });
}

/** True for a violation of the named unique index or constraint. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code, constraint: name } = error as { code?: unknown; constraint?: unknown };
  return code === '23505' && (constraint === undefined || name === constraint);
}

import { CompiledQuery } from 'kysely';
import type { Database, RowScope, Tx } from './database.ts';
import { Fault } from './fault.ts';

/** What a rehearsal came to: thrown, so that everything it wrote is rolled back. */
class Undone<T> {
  readonly result: T;
  constructor(result: T) {
    this.result = result;
  }
}

/**
 * Runs `work` in one transaction that is always rolled back, and answers what it answers. `work` is given a database
 * whose own transactions happen inside that one: each sees what those before it wrote, and what fails is undone alone.
 * Nobody is told of anything.
 */
export async function rehearse<T>(
  database: Database,
  scope: RowScope,
  work: (rehearsal: Database) => Promise<T>,
): Promise<T> {
  try {
    return await database.transaction(scope, async (tx): Promise<T> => {
      // oxlint-disable-next-line typescript/only-throw-error -- no failure: it is what ends the transaction
      throw new Undone(await work(insideOf(database, scope, tx)));
    });
  } catch (error) {
    if (error instanceof Undone) return (error as Undone<T>).result;
    throw error;
  }
}

function insideOf(database: Database, scope: RowScope, tx: Tx): Database {
  const inner: Tx = { kysely: tx.kysely, notify: () => undefined };
  const say = (statement: string) => tx.kysely.executeQuery(CompiledQuery.raw(statement));
  const outside = (): never => {
    throw new Fault('internal', 'A rehearsal has its one transaction and nothing outside of it.');
  };
  return {
    kind: database.kind,
    async transaction(wanted, work) {
      if (organizationOf(wanted) !== organizationOf(scope)) outside();
      await say('savepoint rehearsed');
      try {
        const result = await work(inner);
        await say('release savepoint rehearsed');
        return result;
      } catch (error) {
        await say('rollback to savepoint rehearsed');
        throw error;
      }
    },
    get append() {
      return outside();
    },
    get pool() {
      return outside();
    },
    close: async () => outside(),
  };
}

const organizationOf = (scope: RowScope): string => (scope === 'system' ? scope : scope.organizationId);

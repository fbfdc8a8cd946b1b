import { sql } from 'kysely';
import type { Database } from './database.ts';

/** One round trip; Fault `unavailable` when the database does not take it. */
export async function ping(database: Database): Promise<void> {
  await database.transaction('system', (tx) => sql`select 1`.execute(tx.kysely));
}

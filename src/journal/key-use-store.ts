import { sql } from 'kysely';
import type { Tx } from '../kernel/index.ts';

/** Rows that are never written again, and hold what a version of the organization's key sealed. */
type SealedTable = 'call_ends' | 'call_arguments';

/** Which of these versions of the organization's key rows of a table are sealed with. */
const keyVersionsIn =
  (table: SealedTable) =>
  async (tx: Tx, organizationId: string, versions: readonly number[]): Promise<readonly number[]> => {
    const { rows } = await sql<{ version: number }>`
    select version from unnest(${[...versions]}::int[]) as version
    where exists (select from ${sql.table(table)}
      where organization_id = ${organizationId} and key_version = version)`.execute(tx.kysely);
    return rows.map(({ version }) => version);
  };

/** For calls' views. */
export const keyVersionsOfCalls = keyVersionsIn('call_ends');

/** For kept arguments. */
export const keyVersionsOfKept = keyVersionsIn('call_arguments');

import type { Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import type { ToolTables } from './store.ts';

/** Which of these connections have anything that waits for a person. */
export async function connectionsHolding(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (connectionIds.length === 0) return new Set();
  const rows = await (tx.kysely as Kysely<ToolTables>)
    .selectFrom('tools')
    .select('connection_id')
    .distinct()
    .where('organization_id', '=', organizationId)
    .where('connection_id', 'in', [...connectionIds])
    .where('held_since', 'is not', null)
    .execute();
  return new Set(rows.map((row) => row.connection_id));
}

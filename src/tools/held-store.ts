import { sql, type Kysely } from 'kysely';
import type { Definition } from '../connectors/index.ts';
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

export type LaidRow = {
  tool_id: string;
  /** Null: both stay. */
  definition: Definition | null;
  updated_at: Date | null;
  newest: Definition | null;
  accepted_at: Date | null;
  held_since: Date | null;
  vanished_at: Date | null;
  is_enabled: boolean;
};

const piece = 500;

/** Writes what a listing moved, many tools in one statement: the database of a small installation does one thing at a time. */
export async function layRows(tx: Tx, organizationId: string, rows: readonly LaidRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += piece) {
    const some = JSON.stringify(rows.slice(start, start + piece));
    await sql`
      update tools set definition = coalesce(laid.definition, tools.definition),
        updated_at = coalesce(laid.updated_at, tools.updated_at), newest = laid.newest,
        accepted_at = laid.accepted_at, held_since = laid.held_since, vanished_at = laid.vanished_at,
        is_enabled = laid.is_enabled
      from json_to_recordset(${some}::json) as laid (tool_id uuid, definition json, updated_at timestamptz,
        newest json, accepted_at timestamptz, held_since timestamptz, vanished_at timestamptz, is_enabled boolean)
      where tools.organization_id = ${organizationId} and tools.tool_id = laid.tool_id
    `.execute(tx.kysely);
  }
}

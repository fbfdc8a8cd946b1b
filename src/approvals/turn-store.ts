import { sql } from 'kysely';
import { newId, type Tx } from '../kernel/index.ts';

export type TurnRow = { turn_id: string; last_call_at: Date };
export type TurnPlace = {
  organizationId: string;
  principalId: string;
  connectionId: string;
  nameHash: Buffer;
};

/** The row calls of one turn take turns at: held until the transaction ends, as it was before this call. */
export async function holdTurnRow(tx: Tx, place: TurnPlace, now: Date): Promise<TurnRow> {
  const { rows } = await sql<TurnRow>`
    insert into turns (organization_id, principal_id, connection_id, name_hash, turn_id, last_call_at)
    values (${place.organizationId}, ${place.principalId}, ${place.connectionId}, ${place.nameHash}, ${newId()}, ${now})
    on conflict (organization_id, principal_id, connection_id, name_hash)
      do update set last_call_at = turns.last_call_at
    returning turn_id, last_call_at`.execute(tx.kysely);
  return rows[0]!;
}

/** Notes a call of the turn, or begins another turn in its place. */
export async function moveTurn(tx: Tx, place: TurnPlace, turnId: string, now: Date): Promise<void> {
  await sql`update turns set turn_id = ${turnId}, last_call_at = greatest(last_call_at, ${now}::timestamptz)
    where organization_id = ${place.organizationId} and principal_id = ${place.principalId}
      and connection_id = ${place.connectionId} and name_hash = ${place.nameHash}`.execute(tx.kysely);
}

export async function forgetCounts(tx: Tx, organizationId: string, turnId: string): Promise<void> {
  await sql`delete from turn_counts where organization_id = ${organizationId} and turn_id = ${turnId}`.execute(
    tx.kysely,
  );
}

/** How many calls the turn has made, by what is counted. */
export async function readCounts(
  tx: Tx,
  organizationId: string,
  turnId: string,
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ counted_id: string; calls: number }>`
    select counted_id, calls from turn_counts
    where organization_id = ${organizationId} and turn_id = ${turnId}`.execute(tx.kysely);
  return new Map(rows.map((row) => [row.counted_id, row.calls]));
}

/** One call more, for each of these. */
export async function addToCounts(
  tx: Tx,
  organizationId: string,
  turnId: string,
  countedIds: readonly string[],
): Promise<void> {
  await sql`
    insert into turn_counts (organization_id, turn_id, counted_id, calls)
    select ${organizationId}::uuid, ${turnId}::uuid, counted, 1 from unnest(${[...countedIds]}::uuid[]) as counted
    on conflict (organization_id, turn_id, counted_id) do update set calls = turn_counts.calls + 1`.execute(
    tx.kysely,
  );
}

/** Drops turns without a call since `before`, and counts of turns that are no more. Needs a system transaction. */
export async function deleteTurnsBefore(tx: Tx, before: Date): Promise<void> {
  await sql`delete from turns where last_call_at < ${before}`.execute(tx.kysely);
  await sql`delete from turn_counts c where not exists (
    select from turns t where t.organization_id = c.organization_id and t.turn_id = c.turn_id)`.execute(
    tx.kysely,
  );
}

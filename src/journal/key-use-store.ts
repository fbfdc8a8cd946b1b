import { sql } from 'kysely';
import type { Tx } from '../kernel/index.ts';

/** Which of these versions of the organization's key calls' views are sealed with: rows that are never written again. */
export async function keyVersionsOfCalls(
  tx: Tx,
  organizationId: string,
  versions: readonly number[],
): Promise<readonly number[]> {
  const { rows } = await sql<{ version: number }>`
    select version from unnest(${[...versions]}::int[]) as version
    where exists (select from call_ends where organization_id = ${organizationId} and key_version = version)`.execute(
    tx.kysely,
  );
  return rows.map(({ version }) => version);
}

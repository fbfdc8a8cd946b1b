import { sql } from 'kysely';
import type { Tx } from '../../kernel/index.ts';

/** Which of these versions of the organization's key the tokens of links that are under way are sealed with. */
export async function keyVersionsOfAuthorizations(
  tx: Tx,
  organizationId: string,
  versions: readonly number[],
): Promise<readonly number[]> {
  const { rows } = await sql<{ version: number }>`
    select distinct (request -> 'token' ->> 'keyVersion')::int as version from authorizations
    where organization_id = ${organizationId}
      and (request -> 'token' ->> 'keyVersion')::int = any(${[...versions]}::int[])`.execute(tx.kysely);
  return rows.map(({ version }) => version);
}

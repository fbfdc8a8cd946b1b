import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Tx } from '../../kernel/index.ts';

export type RevocationTables = {
  revocations: {
    organization_id: string;
    revocation_id: string;
    connection_id: string;
    tokens: unknown;
    secret_ids: string[];
    local_origin: string | null;
    due_at: Date;
    created_at: Date;
  };
};

export type RevocationRow = Selectable<RevocationTables['revocations']>;

const of = (tx: Tx): Kysely<RevocationTables> => tx.kysely as Kysely<RevocationTables>;

export async function insertRevocation(
  tx: Tx,
  row: Insertable<RevocationTables['revocations']>,
): Promise<void> {
  await of(tx).insertInto('revocations').values(row).execute();
}

export async function findRevocation(
  tx: Tx,
  organizationId: string,
  revocationId: string,
): Promise<RevocationRow | undefined> {
  return of(tx)
    .selectFrom('revocations')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('revocation_id', '=', revocationId)
    .executeTakeFirst();
}

/** False where somebody else has done it already. */
export async function deleteRevocation(
  tx: Tx,
  organizationId: string,
  revocationId: string,
): Promise<boolean> {
  const { numDeletedRows } = await of(tx)
    .deleteFrom('revocations')
    .where('organization_id', '=', organizationId)
    .where('revocation_id', '=', revocationId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Of any organization, the longest due first. Needs a system transaction. */
export async function dueRevocations(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<readonly { organizationId: string; revocationId: string }[]> {
  const rows = await of(tx)
    .selectFrom('revocations')
    .select(['organization_id', 'revocation_id'])
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ organizationId: row.organization_id, revocationId: row.revocation_id }));
}

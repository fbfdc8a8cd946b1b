import type { Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import type { AccessTables } from './tables.ts';

const of = (tx: Tx): Kysely<AccessTables> => tx.kysely as Kysely<AccessTables>;

export type OtherKey = { key_id: string; kind: AccessTables['keys']['kind']; name: string; hint: string };

/** The organization's keys that work, but this one. */
export async function liveKeysBut(
  tx: Tx,
  organizationId: string,
  keyId: string,
): Promise<readonly OtherKey[]> {
  return of(tx)
    .selectFrom('keys')
    .select(['key_id', 'kind', 'name', 'hint'])
    .where('organization_id', '=', organizationId)
    .where('key_id', '<>', keyId)
    .where('revoked_at', 'is', null)
    .orderBy('created_at')
    .orderBy('key_id')
    .execute();
}

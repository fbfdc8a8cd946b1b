import { sql, type Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import type { VaultTables } from './store.ts';

const of = (tx: Tx): Kysely<VaultTables> => tx.kysely as Kysely<VaultTables>;

export type DueCredential = { organizationId: string; credentialId: string; version: number };

const due = ['organization_id', 'credential_id', 'version'] as const;
type DueRow = { organization_id: string; credential_id: string; version: number };
const dueOf = (row: DueRow): DueCredential => ({
  organizationId: row.organization_id,
  credentialId: row.credential_id,
  version: row.version,
});

/**
 * How long what has failed again and again is left alone beyond its rest, while nobody asks for it: a minute more for
 * each failure past the sixth, up to ten. An app that a service has dropped has as many failing accounts as users.
 */
const longRest = sql`make_interval(mins => least(greatest(failures - 6, 0), 10))`;

/** Credentials of any organization whose refresh is due, the longest due first. Needs a system transaction. */
export async function dueCredentials(tx: Tx, now: Date, limit: number): Promise<readonly DueCredential[]> {
  const rows = await of(tx)
    .selectFrom('credentials')
    .select(due)
    .where('refresh_due_at', '<=', now)
    .where('status', '<>', 'auth_failed')
    .where(sql<boolean>`(retry_at is null or retry_at + ${longRest} <= ${now})`)
    .orderBy('refresh_due_at')
    .limit(limit)
    .execute();
  return rows.map(dueOf);
}

/** Those that ran out with nothing to refresh them with, and are not marked so yet. Needs a system transaction. */
export async function expiredCredentials(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<readonly DueCredential[]> {
  const rows = await of(tx)
    .selectFrom('credentials')
    .select(due)
    .where('expires_at', '<=', now)
    .where('refresh_due_at', 'is', null)
    .where('status', '=', 'connected')
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  return rows.map(dueOf);
}

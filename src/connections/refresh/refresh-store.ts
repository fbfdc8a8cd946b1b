import type { Kysely } from 'kysely';
import type { Tx } from '../../kernel/index.ts';

export type RefreshOutcome = 'refreshed' | 'terminal' | 'passing' | 'lost' | 'overtaken';

type RefreshTables = {
  refresh_attempts: {
    organization_id: string;
    attempt_id: string;
    credential_id: string;
    version: number;
    replica_id: string;
    started_at: Date;
    lease_until: Date;
    ended_at: Date | null;
    outcome: RefreshOutcome | null;
    reason: string | null;
  };
};

/** One refresh under way: who is at it, and until when others leave it alone. */
export type RefreshAttempt = {
  organizationId: string;
  id: string;
  credentialId: string;
  version: number;
  replicaId: string;
  startedAt: Date;
  leaseUntil: Date;
};

const of = (tx: Tx): Kysely<RefreshTables> => tx.kysely as Kysely<RefreshTables>;

/** Opens an attempt, if the credential has none open. */
export async function insertAttempt(tx: Tx, attempt: RefreshAttempt): Promise<boolean> {
  const rows = await of(tx)
    .insertInto('refresh_attempts')
    .values({
      organization_id: attempt.organizationId,
      attempt_id: attempt.id,
      credential_id: attempt.credentialId,
      version: attempt.version,
      replica_id: attempt.replicaId,
      started_at: attempt.startedAt,
      lease_until: attempt.leaseUntil,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('attempt_id')
    .execute();
  return rows.length > 0;
}

export async function findOpenAttempt(
  tx: Tx,
  organizationId: string,
  credentialId: string,
): Promise<RefreshAttempt | null> {
  const row = await of(tx)
    .selectFrom('refresh_attempts')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('credential_id', '=', credentialId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (!row) return null;
  return {
    organizationId,
    id: row.attempt_id,
    credentialId,
    version: row.version,
    replicaId: row.replica_id,
    startedAt: row.started_at,
    leaseUntil: row.lease_until,
  };
}

/** Ends an attempt that is still open. */
export async function closeAttempt(
  tx: Tx,
  attempt: Pick<RefreshAttempt, 'organizationId' | 'id'>,
  end: { at: Date; outcome: RefreshOutcome; reason: string | null },
): Promise<void> {
  await of(tx)
    .updateTable('refresh_attempts')
    .set({ ended_at: end.at, outcome: end.outcome, reason: end.reason })
    .where('organization_id', '=', attempt.organizationId)
    .where('attempt_id', '=', attempt.id)
    .where('ended_at', 'is', null)
    .execute();
}

/** What is said of the last refresh of this version whose answer was not kept; null: there was none. */
export async function lastLost(
  tx: Tx,
  organizationId: string,
  at: { credentialId: string; version: number },
): Promise<string | null> {
  const row = await of(tx)
    .selectFrom('refresh_attempts')
    .select('reason')
    .where('organization_id', '=', organizationId)
    .where('credential_id', '=', at.credentialId)
    .where('version', '=', at.version)
    .where('outcome', '=', 'lost')
    .orderBy('started_at', 'desc')
    .executeTakeFirst();
  return row?.reason ?? null;
}

/** Attempts of any organization whose lease has run out unanswered. Needs a system transaction. */
export async function lapsedAttempts(
  tx: Tx,
  now: Date,
  limit: number,
): Promise<readonly { organizationId: string; credentialId: string; version: number }[]> {
  const rows = await of(tx)
    .selectFrom('refresh_attempts')
    .select(['organization_id', 'credential_id', 'version'])
    .where('ended_at', 'is', null)
    .where('lease_until', '<=', now)
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    organizationId: row.organization_id,
    credentialId: row.credential_id,
    version: row.version,
  }));
}

/** Deletes attempts that ended before. Needs a system transaction. */
export async function forgetAttempts(tx: Tx, before: Date): Promise<void> {
  await of(tx).deleteFrom('refresh_attempts').where('ended_at', '<', before).execute();
}

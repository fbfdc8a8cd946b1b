import type { Kysely } from 'kysely';
import type { Tx } from '../../kernel/index.ts';

type Tables = {
  ended_sessions: { organization_id: string; session_hash: Buffer; ended_at: Date };
};

const of = (tx: Tx): Kysely<Tables> => tx.kysely;

/** Keeps that a session has ended, and drops rows of sessions that are too old to be told apart. */
export async function insertEndedSession(
  tx: Tx,
  organizationId: string,
  hash: Buffer,
  now: Date,
  forgetBefore: Date,
): Promise<void> {
  await of(tx)
    .deleteFrom('ended_sessions')
    .where('organization_id', '=', organizationId)
    .where('ended_at', '<', forgetBefore)
    .execute();
  await of(tx)
    .insertInto('ended_sessions')
    .values({ organization_id: organizationId, session_hash: hash, ended_at: now })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function hasEnded(tx: Tx, organizationId: string, hash: Buffer): Promise<boolean> {
  const row = await of(tx)
    .selectFrom('ended_sessions')
    .select('session_hash')
    .where('organization_id', '=', organizationId)
    .where('session_hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}

import type { Caller } from '../access/index.ts';
import type { ClientAnswer } from './admit-call.ts';
import type { Clock, Database } from '../kernel/index.ts';
import { settleApproval } from './settle-approval.ts';
import { findApproval } from './store.ts';

/**
 * The answer of the person at the caller's own client, where it comes as a message of its own: to whichever replica.
 * The call that waits hears of it. Nothing happens where there is nothing to answer any more.
 */
export async function answerApproval(
  { database, clock }: { database: Database; clock: Clock },
  { principal, requestId }: Caller,
  { approvalId, action }: ClientAnswer,
): Promise<void> {
  const { organizationId } = principal;
  await database.transaction({ organizationId }, async (tx) => {
    const row = await findApproval(tx, organizationId, approvalId, { lock: true });
    if (!row || row.principal_id !== principal.id) return;
    if (row.status !== 'pending' || row.expires_at <= clock.now()) return;
    const verdict = { approved: action === 'accept', memo: null, lasts: 'once' } as const;
    await settleApproval(tx, clock, row, verdict, { principal, requestId, via: 'client' });
  });
}

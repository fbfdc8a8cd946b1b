import type { Clock, Database } from '../kernel/index.ts';
import { longestTurn } from './approval.ts';
import { deleteApprovalsBefore } from './store.ts';
import { deleteTurnsBefore } from './turn-store.ts';

/** How long it can be looked up who said yes to what; the audit keeps it for ever. */
const approvalsKept = 30 * 24 * 3_600_000;

/** Drops old approvals, and turns that nobody has called in for a day. */
export async function forgetApprovals({
  database,
  clock,
}: {
  database: Database;
  clock: Clock;
}): Promise<void> {
  const now = clock.now().getTime();
  await database.transaction('system', async (tx) => {
    await deleteApprovalsBefore(tx, new Date(now - approvalsKept));
    await deleteTurnsBefore(tx, new Date(now - longestTurn));
  });
}

import { appendAudit, appendEvent } from '../journal/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { hour, longestTurn, type Reach, type Via } from './approval.ts';
import { updateApproval, type ApprovalRow } from './store.ts';

/** The bus topic that says: a person has decided. */
export const approvalDecided = 'approval-decided';

export type Verdict = { approved: boolean; memo: string | null; lasts: Reach };
export type Decider = { principal: { type: string; id: string }; requestId: string | null; via: Via };

/**
 * Writes a person's answer to an open question that is held, with its audit row and its event, and tells whoever waits.
 * `told`: the caller hears of a no in this very answer.
 */
export async function settleApproval(
  tx: Tx,
  clock: Clock,
  row: ApprovalRow,
  { approved, memo, lasts }: Verdict,
  decider: Decider,
  told = false,
): Promise<ApprovalRow> {
  const { organization_id: organizationId, approval_id: approvalId } = row;
  const now = clock.now();
  const settled = await updateApproval(tx, organizationId, approvalId, {
    status: approved ? 'approved' : 'denied',
    via: decider.via,
    decided_by_type: decider.principal.type,
    decided_by_id: decider.principal.id,
    decided_at: now,
    memo,
    lasts,
    told_at: told ? now : null,
    ...(approved ? { expires_at: endOf(row, lasts, now) } : {}),
  });
  const word = approved ? 'approved' : 'denied';
  await appendAudit(tx, clock, organizationId, {
    actor: { type: decider.principal.type, id: decider.principal.id },
    action: `approval.${word}`,
    target: { type: 'approval', id: approvalId },
    outcome: 'allowed',
    reason: null,
    requestId: decider.requestId,
    changes: {
      tool: row.tool,
      asked_by: { type: row.principal_type, id: row.principal_id },
      via: decider.via,
      ...(approved ? { for: lasts } : {}),
      ...(memo === null ? {} : { memo }),
    },
  });
  await appendEvent(tx, clock, organizationId, {
    type: 'approval.decided',
    data: {
      approval_id: approvalId,
      status: word,
      tool: row.tool,
      connection_id: row.connection_id,
      pack_id: row.pack_id,
      principal: { type: row.principal_type, id: row.principal_id },
      decided_by: { type: decider.principal.type, id: decider.principal.id },
      via: decider.via,
      ...(approved ? { for: lasts } : {}),
      memo,
    },
  });
  tx.notify({ topic: approvalDecided, organizationId, subject: approvalId });
  return settled;
}

/** A single yes keeps as long as the question said; one that lasts begins with the answer. */
function endOf(row: ApprovalRow, lasts: Reach, now: Date): Date {
  if (lasts === 'once') return row.expires_at;
  const life = lasts === 'hour' ? hour : longestTurn;
  return new Date(now.getTime() + life);
}

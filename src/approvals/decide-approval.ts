import { auditDenied, authorize, isMadeBy, type Ctx } from '../access/index.ts';
import { Fault, notFound, type Tx } from '../kernel/index.ts';
import { findTool } from '../tools/index.ts';
import { findCredentials, type Vault } from '../vault/index.ts';
import type { Approval } from './approval.ts';
import { readApproval, statusOf } from './read-approval.ts';
import { settleApproval, type Verdict } from './settle-approval.ts';
import { findApproval, updateApproval, type ApprovalRow } from './store.ts';

/**
 * A person's yes or no. Fault `forbidden` (`own_approval`) for who asked and for keys that it made, whatever their
 * scopes; `conflict` for what was decided before, has run out, or is about a tool or an account that is another now.
 */
export async function decideApproval(
  ctx: Ctx & { vault: Vault },
  approvalId: string,
  verdict: Verdict,
): Promise<Approval> {
  const { principal, requestId } = ctx.caller;
  authorize(principal, 'approvals:decide');
  const { organizationId } = principal;
  const scope = { organizationId };
  const decided = await ctx.database.transaction(scope, async (tx) => {
    const row = await findApproval(tx, organizationId, approvalId, { bounds: principal, lock: true });
    if (!row) throw notFound();
    if (await isMadeBy(tx, organizationId, principal.id, row.principal_id)) return 'own';
    const status = statusOf(row, ctx.clock.now());
    if (status === 'expired')
      throw conflict('approval_expired', 'It has run out. The call has to be made again.');
    if (status !== 'pending') throw conflict('approval_decided', 'It has been decided before.');
    if (!(await isCurrent(tx, row))) {
      await updateApproval(tx, organizationId, approvalId, { status: 'void' });
      return 'void';
    }
    return settleApproval(tx, ctx.clock, row, verdict, { principal, requestId, via: 'member' });
  });
  if (decided === 'void') {
    const message = 'The tool or its account was changed since. The call has to be made again.';
    throw conflict('approval_void', message);
  }
  if (decided === 'own') {
    const target = { type: 'approval', id: approvalId };
    await auditDenied(
      ctx,
      verdict.approved ? 'approval.approved' : 'approval.denied',
      target,
      'own_approval',
    );
    throw new Fault('forbidden', 'Whoever asked cannot decide, and no key that it made.', {
      code: 'own_approval',
    });
  }
  return readApproval(ctx, decided);
}

const conflict = (code: string, message: string): Fault => new Fault('conflict', message, { code });

/** Whether a yes could still let the call through. */
async function isCurrent(tx: Tx, row: ApprovalRow): Promise<boolean> {
  const { organization_id: organizationId, credential_id: credentialId } = row;
  const tool = await findTool(tx, organizationId, { id: row.tool_id });
  if (!tool || tool.updatedAt > row.requested_at) return false;
  if (credentialId === null) return true;
  return (await findCredentials(tx, organizationId, { credentialId })).length > 0;
}

import { authorize, read, type Ctx } from '../access/index.ts';
import { notFound, type JsonObject, type Page, type Position } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Approval, ApprovalStatus } from './approval.ts';
import { argumentsContext } from './ask-approval.ts';
import { findApproval, listApprovalRows, type ApprovalRow } from './store.ts';

type ReadCtx = Ctx & { vault: Vault };

/** Approvals of one status, the pending unless another is named, or of all, newest first. */
export async function listApprovals(
  ctx: ReadCtx,
  status: ApprovalStatus | null,
  page: { limit: number; after: Position | null },
): Promise<Page<Approval>> {
  const { principal } = ctx.caller;
  authorize(principal, 'approvals:decide');
  const filter = { status, bounds: principal, now: ctx.clock.now() };
  const { rows, next } = await read(ctx, (tx) =>
    listApprovalRows(tx, principal.organizationId, filter, page),
  );
  const approvals: Approval[] = [];
  for (const row of rows) approvals.push(await readApproval(ctx, row));
  return { rows: approvals, next };
}

export async function getApproval(ctx: ReadCtx, approvalId: string): Promise<Approval> {
  const { principal } = ctx.caller;
  authorize(principal, 'approvals:decide');
  const row = await read(ctx, (tx) =>
    findApproval(tx, principal.organizationId, approvalId, { bounds: principal }),
  );
  if (!row) throw notFound();
  return readApproval(ctx, row);
}

/** As people are told it: what ran out says so, and a single yes that was used. */
export function statusOf(row: ApprovalRow, now: Date): ApprovalStatus {
  if (row.status === 'approved' && row.lasts === 'once' && row.used_at !== null) return 'used';
  if ((row.status === 'pending' || row.status === 'approved') && row.expires_at <= now) return 'expired';
  return row.status;
}

export async function readApproval(ctx: ReadCtx, row: ApprovalRow): Promise<Approval> {
  const { organization_id: organizationId, approval_id: id } = row;
  const sealed = { sealed: row.arguments, keyVersion: row.key_version };
  const text = await ctx.vault.open(organizationId, argumentsContext(id), sealed);
  return {
    id,
    organizationId,
    status: statusOf(row, ctx.clock.now()),
    principal: { type: row.principal_type, id: row.principal_id },
    tool: row.tool,
    toolId: row.tool_id,
    connectionId: row.connection_id,
    packId: row.pack_id,
    userId: row.user_id,
    ranAs: row.ran_as,
    arguments: JSON.parse(text.toString('utf8')) as JsonObject,
    protocol: row.protocol,
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    decidedAt: row.decided_at,
    decidedBy: row.decided_by_id === null ? null : { type: row.decided_by_type!, id: row.decided_by_id },
    via: row.via,
    lasts: row.status === 'approved' ? row.lasts : null,
    memo: row.memo,
    usedAt: row.used_at,
    uses: row.uses,
    callId: row.call_id,
  };
}

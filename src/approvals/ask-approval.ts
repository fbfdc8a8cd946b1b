import { appendEvent } from '../journal/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import type { Sealed } from '../vault/index.ts';
import { approvalLife, type AskedCall } from './approval.ts';
import { countOpen, findOpen, insertApproval, updateApproval, type CallHashes } from './store.ts';

/** Open questions of one caller; one that asks without end fills no table and no person's list. */
const openAtMost = 100;

export type Question = {
  /** The id a new question gets. */
  approvalId: string;
  call: AskedCall;
  hashes: CallHashes;
  /** The arguments, sealed ahead: nothing is sealed while rows are held. */
  sealed: Sealed;
  publicUrl: string;
};

export type Asked = { kind: 'waiting'; approvalId: string; expiresAt: Date } | { kind: 'too_many' };

/** Where a person sees and decides an approval. */
export const approvalUrl = (publicUrl: string, approvalId: string): string =>
  `${publicUrl}/v1/approvals/${approvalId}`;

/** Asks a person about a call, once: the same call again is the same question, until it is answered or runs out. */
export async function askApproval(tx: Tx, clock: Clock, question: Question, turnId: string): Promise<Asked> {
  const { call, hashes, approvalId, sealed } = question;
  const { organizationId, principal } = call;
  const now = clock.now();
  const open = await findOpen(tx, organizationId, hashes);
  if (open && open.expires_at > now) {
    return { kind: 'waiting', approvalId: open.approval_id, expiresAt: open.expires_at };
  }
  if (open) await updateApproval(tx, organizationId, open.approval_id, { status: 'expired' });
  if ((await countOpen(tx, organizationId, principal.id, now)) >= openAtMost) return { kind: 'too_many' };
  const expiresAt = new Date(now.getTime() + approvalLife);
  const isNew = await insertApproval(tx, {
    organization_id: organizationId,
    approval_id: approvalId,
    principal_type: principal.type,
    principal_id: principal.id,
    tool_id: call.toolId,
    connection_id: call.connectionId,
    workspace_id: call.workspaceId,
    pack_id: call.packId,
    user_id: call.userId,
    tool: call.tool,
    ran_as: call.ranAs,
    credential_id: call.credentialId,
    protocol: call.protocol,
    call_hash: hashes.call,
    scope_hash: hashes.scope,
    arguments: sealed.sealed,
    key_version: sealed.keyVersion,
    turn_id: turnId,
    status: 'pending',
    lasts: 'once',
    via: null,
    decided_by_type: null,
    decided_by_id: null,
    decided_at: null,
    memo: null,
    told_at: null,
    used_at: null,
    uses: 0,
    call_id: null,
    requested_at: now,
    expires_at: expiresAt,
  });
  if (!isNew) {
    const other = (await findOpen(tx, organizationId, hashes))!;
    return { kind: 'waiting', approvalId: other.approval_id, expiresAt: other.expires_at };
  }
  await appendEvent(tx, clock, organizationId, {
    type: 'approval.requested',
    data: {
      approval_id: approvalId,
      approval_url: approvalUrl(question.publicUrl, approvalId),
      tool: call.tool,
      connection_id: call.connectionId,
      pack_id: call.packId,
      principal: call.principal,
      registered_user_id: call.userId,
      expires_at: expiresAt.toISOString(),
    },
  });
  return { kind: 'waiting', approvalId, expiresAt };
}

/** Binds sealed arguments to their approval. */
export const argumentsContext = (approvalId: string): string => `approval-arguments:${approvalId}`;

import type { CallJournal, CallStart } from '../journal/index.ts';
import { newId, type Clock, type Database, type Tx } from '../kernel/index.ts';
import { findTool } from '../tools/index.ts';
import { findCredentials, type Vault } from '../vault/index.ts';
import { longestTurn, turnPause, type AskedCall } from './approval.ts';
import type { ApprovalKeys } from './approval-keys.ts';
import { argumentsContext, askApproval, type Asked, type Question } from './ask-approval.ts';
import { countCall, holdTurn, type TurnLimit } from './hold-turn.ts';
import { settleApproval } from './settle-approval.ts';
import { findApproval, findUsable, tellDenial, updateApproval, type ApprovalRow } from './store.ts';

/** What a client's person answered to the question it carried back. */
export type ClientAnswer = { approvalId: string; action: 'accept' | 'decline' | 'cancel' };

/** A call that asks, or is counted, or both. */
export type Admission = {
  start: CallStart;
  /** Null: it does not ask. */
  asked: AskedCall | null;
  answer: ClientAnswer | null;
  /** Only a member's yes counts here. */
  byMember: boolean;
  limits: readonly TurnLimit[];
  /** The turn's name; null: it was given none. */
  turn: string | null;
  requestId: string | null;
};

export type Admitted =
  | { kind: 'admitted' }
  | Asked
  | { kind: 'denied'; approvalId: string; memo: string | null }
  /** The tool or its account is another by now than the one the call was shaped for. */
  | { kind: 'changed' }
  | { kind: 'limited'; reached: TurnLimit; resetsAt: Date | null };

export type AdmitDeps = {
  database: Database;
  clock: Clock;
  vault: Vault;
  calls: CallJournal;
  approvalKeys: ApprovalKeys;
  publicUrl: string;
};

/**
 * The one durable step of a call that asks or is counted: burns the yes, counts the turn and writes the start, all or
 * nothing. Whatever it says, the call's row is written. Exact over replicas: calls of one turn take turns at its row,
 * and a yes is held while it is used.
 */
export async function admitCall(deps: AdmitDeps, admission: Admission): Promise<Admitted> {
  const { start, asked } = admission;
  const question = asked && (await prepare(deps, asked));
  return deps.database.transaction({ organizationId: start.organizationId }, async (tx) => {
    const { admitted, approvalId } = await decide(tx, deps, admission, question);
    await deps.calls.startWithin(tx, { ...start, approvalId });
    return admitted;
  });
}

async function prepare(deps: AdmitDeps, call: AskedCall): Promise<Question> {
  const approvalId = newId<'approval'>();
  const text = Buffer.from(JSON.stringify(call.shown), 'utf8');
  return {
    approvalId,
    call,
    hashes: { principalId: call.principal.id, ...deps.approvalKeys.hashesOf(call) },
    sealed: await deps.vault.seal(call.organizationId, argumentsContext(approvalId), text),
    publicUrl: deps.publicUrl,
  };
}

type Decided = { admitted: Admitted; approvalId: string | null };

async function decide(
  tx: Tx,
  deps: AdmitDeps,
  admission: Admission,
  question: Question | null,
): Promise<Decided> {
  const { start, limits, turn } = admission;
  const { organizationId } = start;
  const now = deps.clock.now();
  const place = {
    organizationId,
    principalId: start.principal.id,
    connectionId: start.connectionId!,
    nameHash: deps.approvalKeys.turnHash(turn ?? ''),
  };
  const { turnId } = await holdTurn(tx, place, { isNamed: turn !== null, now });
  const yes = question && (await findYes(tx, deps, admission, question, turnId));
  if (yes && 'admitted' in yes) return yes;
  const reached = await countCall(tx, organizationId, turnId, limits);
  if (reached) {
    const resetsAt = turn === null ? new Date(now.getTime() + turnPause) : null;
    return { admitted: { kind: 'limited', reached, resetsAt }, approvalId: null };
  }
  if (yes) await burn(tx, yes, { turnId, callId: start.callId, now });
  return { admitted: { kind: 'admitted' }, approvalId: yes?.approval_id ?? null };
}

/** The yes that lets the call through, or what becomes of it without one. */
async function findYes(
  tx: Tx,
  deps: AdmitDeps,
  admission: Admission,
  question: Question,
  turnId: string,
): Promise<ApprovalRow | Decided> {
  const { clock } = deps;
  const { call, hashes } = question;
  const { organizationId } = call;
  if (!(await isCurrent(tx, call))) return { admitted: { kind: 'changed' }, approvalId: null };
  const declined = await takeAnswer(tx, deps, admission, question);
  if (declined) return declined;
  const now = clock.now();
  const at = { now, turnId, byMember: admission.byMember };
  const usable = await findUsable(tx, organizationId, hashes, at);
  if (usable) return usable;
  const since = new Date(now.getTime() - longestTurn);
  const denial = await tellDenial(tx, organizationId, hashes, { now, since });
  if (denial) return denied(denial);
  const asked = await askApproval(tx, clock, question, turnId);
  return { admitted: asked, approvalId: asked.kind === 'waiting' ? asked.approvalId : null };
}

/** What replicas have in memory may be a second old; a yes must not outlive an edit by that second. */
async function isCurrent(tx: Tx, call: AskedCall): Promise<boolean> {
  const { organizationId, toolId, connectionId, credentialId } = call;
  const tool = await findTool(tx, organizationId, { id: toolId });
  if (tool?.updatedAt.getTime() !== call.toolUpdatedAt.getTime()) return false;
  if (credentialId === null) return true;
  const found = await findCredentials(tx, organizationId, { credentialId });
  return found.some((credential) => credential.connectionId === connectionId);
}

/** A client's answer counts for the very call that was asked about; anything else asks anew. */
async function takeAnswer(
  tx: Tx,
  { clock }: AdmitDeps,
  { answer, byMember, requestId }: Admission,
  { call, hashes }: Question,
): Promise<Decided | null> {
  if (!answer || byMember) return null;
  const row = await findApproval(tx, call.organizationId, answer.approvalId, { lock: true });
  if (!row || row.principal_id !== call.principal.id || !row.call_hash.equals(hashes.call)) return null;
  const approved = answer.action === 'accept';
  if (row.status === 'pending' && row.expires_at > clock.now()) {
    const verdict = { approved, memo: null, lasts: 'once' } as const;
    await settleApproval(
      tx,
      clock,
      row,
      verdict,
      { principal: call.principal, requestId, via: 'client' },
      true,
    );
  }
  return approved ? null : denied({ ...row, memo: null });
}

const denied = (row: ApprovalRow): Decided => ({
  admitted: { kind: 'denied', approvalId: row.approval_id, memo: row.memo },
  approvalId: row.approval_id,
});

/** Used: once where it was for one call. The first use says which turn a yes for the turn is about. */
async function burn(
  tx: Tx,
  yes: ApprovalRow,
  use: { turnId: string; callId: string; now: Date },
): Promise<void> {
  await updateApproval(tx, yes.organization_id, yes.approval_id, {
    used_at: yes.used_at ?? use.now,
    turn_id: yes.used_at ? yes.turn_id : use.turnId,
    uses: yes.uses + 1,
    call_id: use.callId,
  });
}

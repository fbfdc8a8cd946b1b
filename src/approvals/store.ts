import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import { paged, type Page, type Position, type Tx } from '../kernel/index.ts';
import type { ApprovalStatus, Reach, Via } from './approval.ts';

export type ApprovalTables = {
  approvals: {
    organization_id: string;
    approval_id: string;
    principal_type: string;
    principal_id: string;
    tool_id: string;
    connection_id: string;
    workspace_id: string;
    pack_id: string;
    user_id: string | null;
    tool: string;
    ran_as: string;
    credential_id: string | null;
    protocol: string;
    call_hash: Buffer;
    scope_hash: Buffer;
    arguments: Buffer;
    key_version: number;
    turn_id: string;
    status: 'pending' | 'approved' | 'denied' | 'expired' | 'void';
    lasts: Reach;
    via: Via | null;
    decided_by_type: string | null;
    decided_by_id: string | null;
    decided_at: Date | null;
    memo: string | null;
    told_at: Date | null;
    used_at: Date | null;
    uses: number;
    call_id: string | null;
    requested_at: Date;
    expires_at: Date;
  };
};
export type ApprovalRow = Selectable<ApprovalTables['approvals']>;

/** What the reading key is bound to; null: not bound in this dimension. */
export type ApprovalBounds = {
  packIds: readonly string[] | null;
  userIds: readonly string[] | null;
  workspaceIds: readonly string[] | null;
};

const of = (tx: Tx): Kysely<ApprovalTables> => tx.kysely as Kysely<ApprovalTables>;

function within(tx: Tx, organizationId: string, { packIds, userIds, workspaceIds }: ApprovalBounds) {
  let query = of(tx).selectFrom('approvals').where('organization_id', '=', organizationId);
  if (packIds) query = query.where(sql<boolean>`pack_id = any(${[...packIds]}::uuid[])`);
  if (userIds) query = query.where(sql<boolean>`user_id = any(${[...userIds]}::uuid[])`);
  if (workspaceIds) query = query.where(sql<boolean>`workspace_id = any(${[...workspaceIds]}::uuid[])`);
  return query;
}

/** As people are told it: what ran out says so, and a single yes that was used. */
const shownStatus = (now: Date) => sql<ApprovalStatus>`case
  when status = 'approved' and lasts = 'once' and used_at is not null then 'used'
  when status in ('pending', 'approved') and expires_at <= ${now} then 'expired'
  else status end`;

/** Approvals of one status, or of all, newest first. */
export async function listApprovalRows(
  tx: Tx,
  organizationId: string,
  filter: { status: ApprovalStatus | null; bounds: ApprovalBounds; now: Date },
  page: { limit: number; after: Position | null },
): Promise<Page<ApprovalRow>> {
  let query = within(tx, organizationId, filter.bounds).selectAll();
  if (filter.status) query = query.where(shownStatus(filter.now), '=', filter.status);
  // Said again in the words of an index: what is asked for most is found among few.
  if (filter.status === 'pending') query = query.where('status', '=', 'pending');
  if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(requested_at, approval_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const rows = await query
    .orderBy('requested_at', 'desc')
    .orderBy('approval_id', 'desc')
    .limit(page.limit + 1)
    .execute();
  return paged(rows, page.limit, (row) => ({ at: row.requested_at, id: row.approval_id }), null);
}

/** One approval; `lock` holds it until the transaction ends. */
export async function findApproval(
  tx: Tx,
  organizationId: string,
  approvalId: string,
  options: { bounds?: ApprovalBounds; lock?: boolean } = {},
): Promise<ApprovalRow | null> {
  const unbound = { packIds: null, userIds: null, workspaceIds: null };
  let query = within(tx, organizationId, options.bounds ?? unbound)
    .selectAll()
    .where('approval_id', '=', approvalId);
  if (options.lock) query = query.forUpdate();
  return (await query.executeTakeFirst()) ?? null;
}

/** What names a call among its caller's approvals. */
export type CallHashes = { principalId: string; call: Buffer; scope: Buffer };

/** A yes that lets the call through now, held until the transaction ends. */
export async function findUsable(
  tx: Tx,
  organizationId: string,
  hashes: CallHashes,
  at: { now: Date; turnId: string; byMember: boolean },
): Promise<ApprovalRow | null> {
  const { rows } = await sql<ApprovalRow>`
    select * from approvals where organization_id = ${organizationId} and principal_id = ${hashes.principalId}
      and scope_hash = ${hashes.scope} and status = 'approved' and expires_at > ${at.now}
      and (via = 'member' or not ${at.byMember})
      and ((used_at is null and call_hash = ${hashes.call}) or lasts = 'hour'
        or (lasts = 'turn' and turn_id = ${at.turnId}))
    order by lasts = 'once', requested_at limit 1 for update`.execute(tx.kysely);
  return rows[0] ?? null;
}

/** The open question about exactly this call, held until the transaction ends. */
export async function findOpen(
  tx: Tx,
  organizationId: string,
  { principalId, call }: CallHashes,
): Promise<ApprovalRow | null> {
  const row = await of(tx)
    .selectFrom('approvals')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('principal_id', '=', principalId)
    .where('call_hash', '=', call)
    .where('status', '=', 'pending')
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

/** A no to exactly this call that its caller has not been told yet: told now, and never again. */
export async function tellDenial(
  tx: Tx,
  organizationId: string,
  { principalId, call, scope }: CallHashes,
  at: { now: Date; since: Date },
): Promise<ApprovalRow | null> {
  const { rows } = await sql<ApprovalRow>`
    update approvals set told_at = ${at.now}
    where organization_id = ${organizationId} and principal_id = ${principalId} and scope_hash = ${scope}
      and call_hash = ${call} and status = 'denied' and told_at is null and decided_at > ${at.since}
    returning *`.execute(tx.kysely);
  return rows.toSorted((left, right) => Number(right.decided_at) - Number(left.decided_at))[0] ?? null;
}

export async function countOpen(
  tx: Tx,
  organizationId: string,
  principalId: string,
  now: Date,
): Promise<number> {
  const row = await of(tx)
    .selectFrom('approvals')
    .select(sql<string>`count(*)`.as('total'))
    .where('organization_id', '=', organizationId)
    .where('principal_id', '=', principalId)
    .where('status', '=', 'pending')
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow();
  return Number(row.total);
}

/** False where another call has asked the very same meanwhile. */
export async function insertApproval(tx: Tx, row: Insertable<ApprovalTables['approvals']>): Promise<boolean> {
  const result = await of(tx)
    .insertInto('approvals')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function updateApproval(
  tx: Tx,
  organizationId: string,
  approvalId: string,
  set: Updateable<ApprovalTables['approvals']>,
): Promise<ApprovalRow> {
  return of(tx)
    .updateTable('approvals')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('approval_id', '=', approvalId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Drops what was asked before `before`. Needs a system transaction. */
export async function deleteApprovalsBefore(tx: Tx, before: Date): Promise<void> {
  await of(tx).deleteFrom('approvals').where('requested_at', '<', before).execute();
}

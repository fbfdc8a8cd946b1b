import { Fault, notFound, type Listed, type ListPage } from '../kernel/index.ts';
import {
  readAudit,
  readCall,
  readCalls,
  readCallStats,
  readRequests,
  verifyAudit,
  type AuditFilter,
  type AuditRow,
  type CallFilter,
  type CallRecord,
  type ChainCheck,
  type RequestFilter,
  type RequestRow,
} from '../journal/index.ts';
import { read, type Ctx } from './change.ts';
import { authorize, type Principal } from './principal.ts';

// The journal below knows no principals: who may read what is decided here. A key bound to packs, users or
// workspaces sees only what concerns those.

const isBound = ({ packIds, userIds, workspaceIds }: Principal): boolean =>
  packIds !== null || userIds !== null || workspaceIds !== null;

const callsWithin = ({ packIds, userIds, workspaceIds }: Principal): CallFilter['within'] => ({
  packIds,
  userIds,
  workspaceIds,
});

/** Audit rows, newest first; for a bound key its own deeds and what befell the things it is bound to. */
export async function listAudit(
  ctx: Ctx,
  filter: Omit<AuditFilter, 'within'>,
  page: ListPage,
): Promise<Listed<AuditRow>> {
  const { principal } = ctx.caller;
  authorize(principal, 'audit:read');
  const targetIds = [principal.packIds, principal.userIds, principal.workspaceIds].flatMap(
    (ids) => ids ?? [],
  );
  const within = isBound(principal) ? { actorId: principal.id, targetIds } : undefined;
  return read(ctx, (tx) => readAudit(tx, principal.organizationId, { ...filter, within }, page));
}

export async function listCalls(
  ctx: Ctx,
  filter: Omit<CallFilter, 'within'>,
  page: ListPage,
): Promise<Listed<CallRecord>> {
  const { principal } = ctx.caller;
  authorize(principal, 'calls:read');
  const bounded = { ...filter, within: callsWithin(principal) };
  return read(ctx, (tx) => readCalls(tx, principal.organizationId, bounded, page));
}

/** Fault `not_found` for a call that is absent, foreign or outside what the key is bound to. */
export async function getCall(ctx: Ctx, callId: string): Promise<CallRecord> {
  const { principal } = ctx.caller;
  authorize(principal, 'calls:read');
  const within = callsWithin(principal);
  const call = await read(ctx, (tx) => readCall(tx, principal.organizationId, callId, within));
  if (!call) throw notFound();
  return call;
}

export async function callStats(
  ctx: Ctx,
  filter: Omit<CallFilter, 'within'>,
): ReturnType<typeof readCallStats> {
  const { principal } = ctx.caller;
  authorize(principal, 'calls:read');
  const bounded = { ...filter, within: callsWithin(principal) };
  return read(ctx, (tx) => readCallStats(tx, principal.organizationId, bounded));
}

/** Requests to the API, newest first; a bound key sees its own. */
export async function listRequests(
  ctx: Ctx,
  filter: RequestFilter,
  page: ListPage,
): Promise<Listed<RequestRow>> {
  const { principal } = ctx.caller;
  authorize(principal, 'audit:read');
  const { organizationId } = principal;
  if (isBound(principal) && filter.keyId !== undefined && filter.keyId !== principal.id) {
    return { rows: [], next: null, count: 0 };
  }
  const bounded = isBound(principal) ? { ...filter, keyId: principal.id } : filter;
  return read(ctx, (tx) => readRequests(tx, organizationId, bounded, page));
}

/** Walks the audit chain of the caller's organization; of every organization for the operator. */
export async function verifyAuditChains(ctx: Ctx): Promise<readonly ChainCheck[]> {
  const { principal } = ctx.caller;
  authorize(principal, 'audit:read');
  if (isBound(principal)) throw new Fault('forbidden', 'A key with bounds sees a part of the audit only.');
  return verifyAudit(ctx.database, principal.isOperator ? null : principal.organizationId);
}

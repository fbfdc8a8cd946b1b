import { holdLock, type Clock, type Database, type Tx } from '../kernel/index.ts';
import { appendAudit, bumpConfig, type AuditTarget } from '../journal/index.ts';
import type { Caller } from './principal.ts';

/** What commands need to run: who asks, and where things are kept. */
export type Ctx = { database: Database; clock: Clock; caller: Caller };

/** Whom a change is written down to: a key, or a link that a person opened. Every Ctx is one. */
export type Acting = Pick<Ctx, 'database' | 'clock'> & {
  caller: { principal: { type: string; id: string; organizationId: string }; requestId: string | null };
};

/** What a change says of itself to the audit. */
export type Said<T> = {
  result: T;
  target: AuditTarget;
  /** What became of what; never a secret. Null: nothing changed, so no audit row and no new version. */
  changes: Record<string, unknown> | null;
};

/**
 * One change and its audit row in one transaction. Moves the organization's configuration version, so that
 * whatever replicas compiled from the old state is dropped when, and only when, this commits.
 */
export async function change<T>(
  ctx: Acting,
  action: string,
  work: (tx: Tx) => Promise<Said<T>>,
  options: { organizationId?: string } = {},
): Promise<T> {
  const { principal, requestId } = ctx.caller;
  const organizationId = options.organizationId ?? principal.organizationId;
  return ctx.database.transaction({ organizationId }, async (tx) => {
    const { result, target, changes } = await work(tx);
    if (changes === null) return result;
    await appendAudit(tx, ctx.clock, organizationId, {
      actor: { type: principal.type, id: principal.id },
      action,
      target,
      outcome: 'allowed',
      reason: null,
      requestId,
      changes,
    });
    await bumpConfig(tx, organizationId);
    return result;
  });
}

/** The same where nobody asks: a token that ran out, a service that refused one. The audit's actor is the system. */
export async function systemChange<T>(
  ctx: Pick<Ctx, 'database' | 'clock'>,
  organizationId: string,
  action: string,
  work: (tx: Tx) => Promise<Said<T>>,
): Promise<T> {
  return ctx.database.transaction({ organizationId }, async (tx) => {
    const { result, target, changes } = await work(tx);
    if (changes === null) return result;
    await appendAudit(tx, ctx.clock, organizationId, {
      actor: { type: 'system', id: null },
      action,
      target,
      outcome: 'allowed',
      reason: null,
      requestId: null,
      changes,
    });
    await bumpConfig(tx, organizationId);
    return result;
  });
}

/** Reads rows of the caller's organization. */
export function read<T>(ctx: Ctx, work: (tx: Tx) => Promise<T>): Promise<T> {
  return ctx.database.transaction({ organizationId: ctx.caller.principal.organizationId }, work);
}

/** An attempt that was refused, written on its own because there is no change to ride with. */
export async function auditDenied(
  ctx: Ctx,
  action: string,
  target: AuditTarget,
  reason: string,
  changes: Record<string, unknown> | null = null,
): Promise<void> {
  const { principal, requestId } = ctx.caller;
  const { organizationId } = principal;
  await ctx.database.transaction({ organizationId }, (tx) =>
    appendAudit(tx, ctx.clock, organizationId, {
      actor: { type: principal.type, id: principal.id },
      action,
      target,
      outcome: 'denied',
      reason,
      requestId,
      changes,
    }),
  );
}

/**
 * Whoever chooses a free slug in an organization, changes what a pack holds or removes what packs may hold takes
 * turns until the transaction ends: two never choose the same slug, and nothing goes while a pack is being given
 * it. One lock for all of it, taken before any row is held: nobody waits for two.
 */
export const holdSlugs = (tx: Tx, organizationId: string): Promise<void> =>
  holdLock(tx, `slugs:${organizationId}`);

import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/index.ts';

export type AuditOutcome = 'allowed' | 'denied' | 'failed';
export type Actor = { type: string; id: string | null };
export type AuditTarget = { type: string; id: string | null };

/** One fact for the audit. `changes` says what became of what, never a secret value. */
export type AuditEntry = {
  actor: Actor;
  action: string;
  target: AuditTarget;
  outcome: AuditOutcome;
  reason: string | null;
  requestId: string | null;
  changes: Record<string, unknown> | null;
};

export type AuditRow = AuditEntry & { id: string; organizationId: string; seq: string; createdAt: Date };

/** The hash an organization's chain begins with. */
export const chainStart = Buffer.alloc(32);

/**
 * The hash of a row: over the hash before it and everything the row says. Changing, removing or reordering
 * rows breaks the chain from there on; a cut tail shows only against an anchor (the daily log line).
 */
export function auditHash(previous: Buffer, row: AuditRow): Buffer {
  const said = canonicalJson({
    seq: row.seq,
    id: row.id,
    organization_id: row.organizationId,
    created_at: row.createdAt.toISOString(),
    actor: row.actor,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    reason: row.reason,
    request_id: row.requestId,
    changes: row.changes,
  });
  return createHash('sha256').update(previous).update(said).digest();
}

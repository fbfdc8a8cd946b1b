import type { z } from '@hono/zod-openapi';
import type { AuditRow, ChainCheck } from '../../../../journal/index.ts';
import type { auditRowSchema, chainCheckSchema } from './schema.ts';

export function writeAuditRow(row: AuditRow): z.input<typeof auditRowSchema> {
  return {
    id: row.id,
    created_at: row.createdAt.toISOString(),
    actor: row.actor,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    reason: row.reason,
    request_id: row.requestId,
    changes: row.changes,
  };
}

export function writeChainCheck(check: ChainCheck): z.input<typeof chainCheckSchema> {
  return {
    organization_id: check.organizationId,
    rows: check.rows,
    last_hash: check.lastHash,
    bad: check.bad,
  };
}

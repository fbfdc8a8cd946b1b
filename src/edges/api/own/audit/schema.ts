import { z } from '@hono/zod-openapi';

export const outcomes = ['allowed', 'denied', 'failed'] as const;

const party = z.object({ type: z.string(), id: z.string().nullable() });

export const auditRowSchema = z
  .object({
    id: z.string(),
    created_at: z.string(),
    actor: party,
    action: z.string(),
    target: party,
    outcome: z.enum(outcomes),
    reason: z.string().nullable(),
    request_id: z.string().nullable(),
    changes: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('AuditRow');

export const chainCheckSchema = z
  .object({
    organization_id: z.string(),
    rows: z.number(),
    last_hash: z.string(),
    bad: z.object({ seq: z.string(), id: z.string().nullable(), reason: z.string() }).nullable(),
  })
  .openapi('AuditChainCheck');

import { z } from '@hono/zod-openapi';
import { pageQuery } from '../../lists.ts';
import { idField, queryInt, timeField } from '../../read-request/index.ts';

const span = { created_after: timeField().optional(), created_before: timeField().optional() };

export const auditQuery = z.object({
  ...pageQuery(),
  ...span,
  event_type: z.string().max(100).optional().openapi({ description: 'For example `KEY_CREATED`.' }),
});

export const statuses = ['success', 'error', 'blocked', 'cancelled', 'unknown', 'started'] as const;

export const toolCallQuery = z.object({
  ...pageQuery(),
  ...span,
  tool_name: z.string().max(128).optional(),
  tool_pack_id: idField<'pack'>().optional(),
  registered_user_id: idField<'user'>().optional(),
  connector_id: idField<'connection'>().optional(),
  status: z.enum(statuses).optional(),
});

export const apiCallQuery = z.object({
  ...pageQuery(),
  ...span,
  access_key_id: idField<'key'>().optional(),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']).optional(),
  status_code: queryInt({ min: 0, max: 599, fallback: 0 }),
});

const party = z.object({ type: z.string(), id: z.string().nullable() });

export const auditEventSchema = z
  .object({
    id: z.string(),
    user_name: z.string().nullable(),
    user_email: z.string().nullable(),
    role: z.string().nullable(),
    ip_address: z.string().nullable(),
    event_type: z.string(),
    event_description: z.string(),
    actor: party,
    target: party,
    outcome: z.enum(['allowed', 'denied', 'failed']),
    request_id: z.string().nullable(),
    changes: z.record(z.string(), z.unknown()).nullable(),
    created_at: z.string(),
  })
  .openapi('AuditLogEvent');

export const toolCallSchema = z
  .object({
    id: z.string(),
    tool_name: z.string(),
    tool_pack_id: z.string().nullable(),
    connector_id: z.string().nullable(),
    registered_user_id: z.string().nullable(),
    access_key_id: z.string(),
    status: z.enum(statuses),
    error: z.string().nullable(),
    duration_ms: z.number().nullable(),
    trace_id: z.string(),
    created_at: z.string(),
  })
  .openapi('ToolCallLog');

export const apiCallSchema = z
  .object({
    id: z.string().openapi({ description: 'The X-Request-Id of the response.' }),
    access_key_id: z.string(),
    method: z.string(),
    path: z.string(),
    status_code: z.int(),
    duration_ms: z.number(),
    created_at: z.string(),
  })
  .openapi('ApiCallLog');

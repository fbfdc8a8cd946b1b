import { z } from '@hono/zod-openapi';
import { anyObject, idField, issueOf, timeField } from '../../read-request/index.ts';

export const outcomes = ['started', 'ok', 'failed', 'denied', 'unknown', 'cancelled'] as const;

export const callFilter = {
  tool: z.string().max(128).optional(),
  tool_id: idField<'tool'>().optional(),
  connection_id: idField<'connection'>().optional(),
  pack_id: idField<'pack'>().optional(),
  principal_id: idField<'key'>().optional(),
  registered_user_id: idField<'user'>().optional(),
  outcome: z.enum(outcomes).optional(),
  from: timeField().optional(),
  to: timeField().optional(),
};

export const callBody = z
  .strictObject({
    pack: z.string().min(1).max(255).optional().openapi({ description: 'The pack’s id or slug.' }),
    agent: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .openapi({ description: 'Instead of a pack: the agent’s handle or id.' }),
    tool: z.string().min(1).max(256).openapi({ description: 'The name exactly as the pack lists it.' }),
    arguments: anyObject().optional(),
    user: idField<'user'>().nullish().openapi({ description: 'The registered user the call is made for.' }),
  })
  .superRefine(({ pack, agent, user }, context) => {
    const refuse = (field: string, type: string, message: string): void =>
      context.addIssue({ ...issueOf(type, message), path: [field] });
    if (pack === undefined && agent === undefined) refuse('pack', 'missing', 'Field required');
    if (pack !== undefined && agent !== undefined)
      refuse('agent', 'value_error', 'Name a pack or an agent, not both.');
    if (agent !== undefined && user) refuse('user', 'value_error', 'An agent acts for no registered user.');
  });

export const callResultSchema = z
  .object({
    content: z.array(z.unknown()),
    structuredContent: z.unknown().optional(),
    isError: z.boolean(),
    call_id: z.string(),
  })
  .openapi('CallResult');

export const callSchema = z
  .object({
    id: z.string(),
    started_at: z.string(),
    ended_at: z.string().nullable(),
    tool: z.string(),
    connection_id: z.string().nullable(),
    pack_id: z.string().nullable(),
    principal: z.object({ type: z.string(), id: z.string() }),
    registered_user_id: z.string().nullable(),
    ran_as: z.string().nullable(),
    approval_id: z.string().nullable(),
    outcome: z.enum(outcomes),
    reason: z.string().nullable(),
    trace_id: z.string(),
    gateway_ms: z.number().nullable(),
    upstream_ms: z.number().nullable(),
    bytes_raw: z.int().nullable(),
    bytes_served: z.int().nullable(),
  })
  .openapi('Call');

export const callStatSchema = z
  .object({
    tool: z.string(),
    outcome: z.enum(outcomes),
    calls: z.int(),
    gateway_ms: z.number(),
    upstream_ms: z.number(),
    bytes_raw: z.int(),
    bytes_served: z.int(),
  })
  .openapi('CallStat');

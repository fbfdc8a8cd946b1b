import { z } from '@hono/zod-openapi';
import { scopes } from '../../../../access/index.ts';
import { idField, issueOf, timeField } from '../../read-request/index.ts';

const rate = z.int().min(1).max(1_000_000).nullish();

export const createKeyBody = z
  .strictObject({
    name: z.string().max(255).optional(),
    scopes: z.array(z.enum(scopes)).nullish(),
    pack_ids: z.array(idField<'pack'>()).max(1000).nullish(),
    user_ids: z.array(idField<'user'>()).max(1000).nullish(),
    workspace_ids: z.array(idField<'workspace'>()).max(1000).nullish(),
    expires_at: timeField().nullish().openapi({ description: 'Omitted: 90 days. Null: never.' }),
    expires_in: z.int().min(1).max(315_360_000).optional().openapi({ description: 'Seconds from now.' }),
    rate_limit: z.strictObject({ per_minute: rate, per_hour: rate }).nullish(),
    is_test: z.boolean().nullish(),
  })
  .superRefine((body, context) => {
    if (body.expires_in === undefined || body.expires_at === undefined) return;
    const issue = issueOf('value_error', 'Give expires_at or expires_in, not both');
    context.addIssue({ ...issue, path: ['expires_in'] });
  });

export const keySchema = z
  .object({
    id: z.string(),
    kind: z.enum(['admin', 'access', 'agent']).openapi({ description: 'An agent’s key has its agent’s id.' }),
    name: z.string(),
    hint: z.string().openapi({ description: 'The first and last characters.' }),
    scopes: z.array(z.enum(scopes)),
    pack_ids: z.array(z.string()).nullable(),
    user_ids: z.array(z.string()).nullable(),
    workspace_ids: z.array(z.string()).nullable(),
    parent_id: z.string().nullable(),
    rate_limit: z.object({ per_minute: z.int().nullable(), per_hour: z.int().nullable() }),
    is_test: z.boolean(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    created_at: z.string(),
    key: z.string().optional().openapi({ description: 'The key itself: on create and regenerate alone.' }),
  })
  .openapi('Key');

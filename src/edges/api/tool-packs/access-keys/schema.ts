import { z } from '@hono/zod-openapi';
import { scopes } from '../../../../access/index.ts';
import { idField, issueOf, timeField } from '../../read-request/index.ts';

export const createAccessKeyBody = z
  .strictObject({
    name: z.string().max(255).optional(),
    scopes: z.array(z.enum(scopes)).nullish(),
    tool_pack_ids: z.array(idField<'pack'>()).max(1000).nullish(),
    registered_user_ids: z.array(idField<'user'>()).max(1000).nullish(),
    expires_at: timeField().nullish().openapi({ description: 'Omitted: 90 days. Null: never.' }),
    expires_in: z.int().min(60).max(315_360_000).optional().openapi({ description: 'Seconds from now.' }),
    is_test: z.boolean().nullish(),
  })
  .superRefine((body, context) => {
    if (body.expires_in === undefined || body.expires_at === undefined) return;
    const issue = issueOf('value_error', 'Give expires_at or expires_in, not both');
    context.addIssue({ ...issue, path: ['expires_in'] });
  });

export const accessKeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    key_masked: z.string(),
    scopes: z.array(z.enum(scopes)),
    tool_pack_ids: z.array(z.string()).nullable().openapi({ description: 'Null: not restricted.' }),
    registered_user_ids: z.array(z.string()).nullable().openapi({ description: 'Null: not restricted.' }),
    is_test: z.boolean(),
    is_active: z.boolean(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    created_at: z.string(),
    key: z.string().optional().openapi({ description: 'The key itself: on create and regenerate alone.' }),
  })
  .openapi('AccessKey');

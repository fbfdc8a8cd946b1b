import { z } from '@hono/zod-openapi';
import { secretField } from '../../read-request/index.ts';

const ownerType = z.enum(['organization', 'company', 'user']);

export const putCredentialBody = z.strictObject({
  connection: z.string().min(1).max(255).openapi({ description: 'Slug or id.' }),
  owner: z
    .strictObject({ type: ownerType, id: z.string().min(1).max(255).nullish() })
    .nullish()
    .openapi({ description: 'Whose it is; the organization’s unless said.' }),
  fields: z.record(z.string(), secretField()),
});

export const credentialSchema = z
  .object({
    id: z.string(),
    connection: z.object({ id: z.string(), slug: z.string() }),
    owner: z.object({ type: ownerType, id: z.string() }),
    fields: z.array(z.string()),
    hint: z.string().nullable().openapi({
      description: 'Whose account it is at the service, where that is known. Never a part of a value.',
    }),
    status: z.enum(['connected', 'token_expired', 'auth_failed']),
    status_reason: z.string().nullable(),
    account: z.object({ id: z.string(), label: z.string() }).nullable(),
    scopes: z
      .array(z.string())
      .nullable()
      .openapi({ description: 'What an OAuth token may; null for keys.' }),
    expires_at: z.string().nullable().openapi({ description: 'When the access token runs out.' }),
    refreshed_at: z.string().nullable(),
    created_at: z.string(),
  })
  .openapi('Credential');

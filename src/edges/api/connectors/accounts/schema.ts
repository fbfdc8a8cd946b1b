import { z } from '@hono/zod-openapi';
import { idField } from '../../read-request/index.ts';

export const connectorParams = z.object({ id: idField<'connection'>() });

const connectorFields = {
  id: z.string().openapi({ description: '`connector_` and 24 hex digits.' }),
  type: z.string().openapi({ description: 'What kind of service: `zendesk`, `slack`.' }),
  name: z.string(),
  status: z.enum(['connected', 'auth_failed', 'token_expired']),
  status_reason: z.string().nullable(),
  is_active: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
};

export const accountSchema = z.object(connectorFields).openapi('ConnectorAccount');

export const wholeAccountSchema = z
  .object({
    ...connectorFields,
    tools: z.array(
      z.object({
        name: z.string(),
        label: z.string(),
        description: z.string(),
        type: z.enum(['read', 'write']),
        requires_confirmation: z.boolean(),
        disabled: z.boolean(),
      }),
    ),
  })
  .openapi('ConnectorAccountDetail');

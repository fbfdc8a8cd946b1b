import { z } from '@hono/zod-openapi';
import { anyObject } from '../../read-request/index.ts';

const originText = z.string().min(1).max(255);

const group = z
  .strictObject({
    origin_company_id: originText.nullish(),
    origin_company_name: originText.nullish(),
    custom_groupings: anyObject().nullish(),
  })
  .nullish();

export const createRegisteredUserBody = z.strictObject({
  origin_user_id: originText,
  origin_user_name: originText,
  shared_credential_group: group,
  user_type: z.enum(['HUMAN', 'SYSTEM']).nullish(),
});

export const updateRegisteredUserBody = createRegisteredUserBody.partial();

export const registeredUserSchema = z
  .object({
    id: z.string(),
    origin_user_id: z.string(),
    origin_user_name: z.string(),
    shared_credential_group: z
      .object({
        origin_company_id: z.string().nullable(),
        origin_company_name: z.string().nullable(),
        custom_groupings: z.unknown(),
      })
      .nullable(),
    user_type: z.enum(['HUMAN', 'SYSTEM']),
    authenticated_connectors: z.array(z.string()),
    is_test: z.boolean(),
  })
  .openapi('RegisteredUser');

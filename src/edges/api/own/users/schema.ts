import { z } from '@hono/zod-openapi';
import { anyObject, idField } from '../../read-request/index.ts';
import { linkBody, linkSchema } from '../connections/schema.ts';

const originText = z.string().min(1).max(255);

const group = z
  .strictObject({
    origin_company_id: originText.nullish(),
    origin_company_name: originText.nullish(),
    custom_groupings: anyObject().nullish(),
  })
  .nullish()
  .openapi({ description: 'Null: in no company.' });

export const createUserBody = z.strictObject({
  origin_user_id: originText,
  origin_user_name: originText,
  shared_credential_group: group,
  user_type: z.enum(['HUMAN', 'SYSTEM']).nullish(),
});

export const updateUserBody = createUserBody.partial();

export const userSchema = z
  .object({
    id: z.string(),
    origin_user_id: z.string(),
    origin_user_name: z.string(),
    user_type: z.enum(['HUMAN', 'SYSTEM']),
    shared_credential_group: z
      .object({
        origin_company_id: z.string().nullable(),
        origin_company_name: z.string().nullable(),
        custom_groupings: z.unknown(),
      })
      .nullable(),
    is_test: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('User');

export const userLinkBody = linkBody.extend({
  connection: z.string().min(1).max(255).openapi({ description: 'The slug a pack names it by.' }),
  pack_id: idField<'pack'>()
    .nullish()
    .openapi({ description: 'Required where packs give the connection different auth scopes.' }),
});

export const userLinkSchema = linkSchema
  .extend({
    auth_scope: z
      .enum(['INDIVIDUAL', 'SHARED', 'ORGANIZATION'])
      .openapi({ description: 'For whom the account is had, as the packs say.' }),
  })
  .openapi('UserConnectLink');

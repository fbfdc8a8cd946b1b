import { z } from '@hono/zod-openapi';
import { idField } from '../../read-request/index.ts';

export const linkTokenBody = z.strictObject({
  connector: z.string().min(1).max(255).openapi({ description: 'The slug a pack names it by.' }),
  tool_pack_id: idField<'pack'>()
    .nullish()
    .openapi({ description: 'Required where packs give the connector different scopes.' }),
  callback_url: z
    .string()
    .min(1)
    .max(2000)
    .nullish()
    .openapi({ description: 'One of the organization’s callback_urls, letter for letter.' }),
  state: z.string().max(2000).nullish().openapi({ description: 'Goes back to callback_url as it is.' }),
});

export const linkTokenSchema = z
  .object({
    link_token: z.string(),
    magic_link_url: z
      .string()
      .openapi({ description: 'The page to open; for one person, once, 30 minutes.' }),
  })
  .openapi('LinkToken');

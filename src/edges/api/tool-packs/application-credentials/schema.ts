import { z } from '@hono/zod-openapi';
import { secretField } from '../../read-request/index.ts';

const text = z.string().min(1).max(1000);

export const createAppBody = z.strictObject({
  connector_slug: z.string().min(1).max(100),
  client_id: text,
  client_secret: secretField().nullish(),
  external_id: text.nullish().openapi({ description: 'A name of your own for this app.' }),
});

export const updateAppBody = z.strictObject({
  client_id: text.optional().openapi({
    description:
      'With another client id, accounts that were connected with the old one have to be connected again.',
  }),
  client_secret: secretField().nullish().openapi({ description: 'Null: a public client.' }),
  external_id: text.nullish(),
});

export const appSchema = z
  .object({
    id: z.string(),
    connector_slug: z.string(),
    client_id: z.string(),
    has_client_secret: z.boolean().openapi({ description: 'The secret itself is never shown.' }),
    external_id: z.string().nullable(),
    redirect_uri: z
      .string()
      .openapi({ description: 'The address to register at the service, letter for letter.' }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('ApplicationCredential');

import type { z } from '@hono/zod-openapi';
import type { OAuthClientRecord } from '../../../../connections/index.ts';
import type { appSchema, createAppBody, updateAppBody } from './schema.ts';

export const readCreate = (body: z.output<typeof createAppBody>) => ({
  connectorSlug: body.connector_slug,
  clientId: body.client_id,
  clientSecret: body.client_secret,
  externalId: body.external_id,
});

export const readUpdate = (body: z.output<typeof updateAppBody>) => ({
  clientId: body.client_id,
  clientSecret: body.client_secret,
  externalId: body.external_id,
});

export function writeApp(app: OAuthClientRecord): z.input<typeof appSchema> {
  return {
    id: app.id,
    connector_slug: app.connectorSlug,
    client_id: app.clientId,
    has_client_secret: app.hasSecret,
    external_id: app.externalId,
    redirect_uri: app.redirectUri,
    created_at: app.createdAt.toISOString(),
    updated_at: app.updatedAt.toISOString(),
  };
}

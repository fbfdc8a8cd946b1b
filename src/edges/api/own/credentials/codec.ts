import type { z } from '@hono/zod-openapi';
import type { NamedCredential } from '../../../../connections/index.ts';
import type { credentialSchema } from './schema.ts';

/** Names of fields, never a value nor a part of one: what tells accounts apart is whose they are. */
export function writeCredential(credential: NamedCredential): z.input<typeof credentialSchema> {
  const { id, connection, owner, fields, identity } = credential;
  return {
    id,
    connection: { id: connection.id, slug: connection.slug },
    owner,
    fields: [...fields],
    hint: identity?.label ?? null,
    status: credential.status,
    status_reason: credential.statusReason,
    account: identity && { id: identity.id, label: identity.label },
    scopes: credential.scopes && [...credential.scopes],
    expires_at: credential.expiresAt?.toISOString() ?? null,
    refreshed_at: credential.refreshedAt?.toISOString() ?? null,
    created_at: credential.createdAt.toISOString(),
  };
}

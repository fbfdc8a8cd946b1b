import type { z } from '@hono/zod-openapi';
import type { Key, KeyWish } from '../../../../access/index.ts';
import type { createKeyBody, keySchema } from './schema.ts';

export function readKeyWish(
  body: z.output<typeof createKeyBody>,
  now: Date,
): KeyWish & { name?: string; isTest?: boolean } {
  return {
    name: body.name,
    isTest: body.is_test ?? undefined,
    scopes: body.scopes,
    packIds: body.pack_ids,
    userIds: body.user_ids,
    workspaceIds: body.workspace_ids,
    expiresAt:
      body.expires_in === undefined ? body.expires_at : new Date(now.getTime() + body.expires_in * 1000),
    rateLimit: body.rate_limit && {
      perMinute: body.rate_limit.per_minute,
      perHour: body.rate_limit.per_hour,
    },
  };
}

export function writeKey(key: Key, text?: string): z.input<typeof keySchema> {
  return {
    id: key.id,
    kind: key.kind,
    name: key.name,
    hint: key.hint,
    scopes: [...key.scopes],
    pack_ids: key.packIds && [...key.packIds],
    user_ids: key.userIds && [...key.userIds],
    workspace_ids: key.workspaceIds && [...key.workspaceIds],
    parent_id: key.parentId,
    rate_limit: { per_minute: key.rateLimit.perMinute, per_hour: key.rateLimit.perHour },
    is_test: key.isTest,
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    created_at: key.createdAt.toISOString(),
    ...(text === undefined ? {} : { key: text }),
  };
}

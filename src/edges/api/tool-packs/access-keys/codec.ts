import type { z } from '@hono/zod-openapi';
import type { Key, KeyWish } from '../../../../access/index.ts';
import type { accessKeySchema, createAccessKeyBody } from './schema.ts';

export function readAccessKey(
  body: z.output<typeof createAccessKeyBody>,
  now: Date,
): KeyWish & { name?: string; isTest?: boolean } {
  const { expires_in: seconds } = body;
  return {
    name: body.name,
    isTest: body.is_test ?? undefined,
    scopes: body.scopes,
    packIds: body.tool_pack_ids,
    userIds: body.registered_user_ids,
    expiresAt: seconds === undefined ? body.expires_at : new Date(now.getTime() + seconds * 1000),
  };
}

export function writeAccessKey(key: Key, now: Date, text?: string): z.input<typeof accessKeySchema> {
  return {
    id: key.id,
    name: key.name,
    key_masked: key.hint,
    scopes: [...key.scopes],
    tool_pack_ids: key.packIds && [...key.packIds],
    registered_user_ids: key.userIds && [...key.userIds],
    is_test: key.isTest,
    is_active: key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    created_at: key.createdAt.toISOString(),
    ...(text === undefined ? {} : { key: text }),
  };
}

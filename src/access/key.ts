import type { KeyKind } from './key-text.ts';
import type { Scope } from './principal.ts';
import type { KeyRow } from './store.ts';

/** An access key as its organization sees it: everything but the key itself. */
export type Key = {
  id: string;
  kind: KeyKind;
  name: string;
  hint: string;
  scopes: readonly Scope[];
  packIds: readonly string[] | null;
  userIds: readonly string[] | null;
  workspaceIds: readonly string[] | null;
  parentId: string | null;
  rateLimit: { perMinute: number | null; perHour: number | null };
  isTest: boolean;
  expiresAt: Date | null;
  revokedAt: Date | null;
  createdAt: Date;
};

export function keyOf(row: KeyRow): Key {
  return {
    id: row.key_id,
    kind: row.kind,
    name: row.name,
    hint: row.hint,
    scopes: row.scopes,
    packIds: row.pack_ids,
    userIds: row.user_ids,
    workspaceIds: row.workspace_ids,
    parentId: row.parent_id,
    rateLimit: { perMinute: row.rate_per_minute, perHour: row.rate_per_hour },
    isTest: row.is_test,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    createdAt: row.created_at,
  };
}

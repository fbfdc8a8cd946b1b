import { createHash, randomBytes } from 'node:crypto';
import type { Owner } from '../../vault/index.ts';
import type { LinkRow } from './link-store.ts';

/** Under which auth scope of a pack's entry a link was made (tool-packs.md, "Whose credential"). */
export type LinkScope = 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION';

/** How long a link may be opened and finished. */
export const linkLife = 30 * 60 * 1000;

/** A page a person opens to connect an account for one owner. Its token is known to whoever was given it alone. */
export type Link = {
  id: string;
  organizationId: string;
  connectionId: string;
  owner: Owner;
  /** The registered user it was made for, whatever the scope; null: for the organization itself. */
  userId: string | null;
  packId: string | null;
  authScope: LinkScope | null;
  callbackUrl: string | null;
  state: string | null;
  createdBy: { type: string; id: string };
  expiresAt: Date;
  usedAt: Date | null;
};

export const linkOf = (row: LinkRow): Link => ({
  id: row.link_id,
  organizationId: row.organization_id,
  connectionId: row.connection_id,
  owner: { type: row.owner_type, id: row.owner_id },
  userId: row.user_id,
  packId: row.pack_id,
  authScope: row.auth_scope,
  callbackUrl: row.callback_url,
  state: row.state,
  createdBy: { type: row.created_by_type, id: row.created_by_id },
  expiresAt: row.expires_at,
  usedAt: row.used_at,
});

/** A value nobody guesses: 32 random bytes. Only its hash is kept. */
export const newToken = (): string => randomBytes(32).toString('base64url');

export const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

import { findOrganization, type Principal } from '../../access/index.ts';
import { appendAudit } from '../../journal/index.ts';
import { newId, notFound, type Clock, type Database, type Tx } from '../../kernel/index.ts';
import type { Owner } from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { checkCallback } from './callback.ts';
import { hashOf, linkLife, newToken, type LinkScope } from './link.ts';
import { insertLink } from './link-store.ts';
import { redirectUriOf } from '../clients/client-metadata.ts';
import { givenClients } from '../clients/oauth-client-store.ts';
import { findConnection } from '../store.ts';

export type LinkWish = {
  connectionId: string;
  owner: Owner;
  /** The registered user it is made for, whatever the scope; null: for the organization itself. */
  userId: string | null;
  packId: string | null;
  authScope: LinkScope | null;
  callbackUrl: string | null;
  state: string | null;
};

export type IssuedLink = { linkId: string; token: string; url: string; expiresAt: Date };

/**
 * Makes a link by which one person can connect an account for one owner within 30 minutes. Checks no scope: for
 * commands that have authorized, and for the gateway's `authenticate_<slug>`. Nothing compiled depends on links, so
 * the audit row moves no configuration version. Fault `invalid` for a callback that is not registered, `not_found`
 * for a connection that is not the organization's.
 */
export async function issueLink(
  deps: { database: Database; clock: Clock; publicUrl: string },
  by: Principal,
  wish: LinkWish,
  requestId: string | null = null,
): Promise<IssuedLink> {
  const { organizationId } = by;
  const token = newToken();
  const linkId = newId<'link'>();
  const now = deps.clock.now();
  const expiresAt = new Date(now.getTime() + linkLife);
  await deps.database.transaction({ organizationId }, async (tx) => {
    const connection = await findConnection(tx, organizationId, { id: wish.connectionId });
    if (!connection) throw notFound();
    const organization = await findOrganization(tx, { id: organizationId });
    const registered = (organization?.callback_urls ?? []) as string[];
    checkCallback(registered, wish);
    await insertLink(tx, {
      organization_id: organizationId,
      link_id: linkId,
      token_hash: hashOf(token),
      connection_id: connection.id,
      owner_type: wish.owner.type,
      owner_id: wish.owner.id,
      user_id: wish.userId,
      pack_id: wish.packId,
      auth_scope: wish.authScope,
      callback_url: wish.callbackUrl ?? (await usualCallback(tx, deps, connection, registered)),
      state: wish.state,
      created_by_type: by.type,
      created_by_id: by.id,
      expires_at: expiresAt,
      created_at: now,
    });
    await appendAudit(tx, deps.clock, organizationId, {
      actor: { type: by.type, id: by.id },
      action: 'link.issued',
      target: { type: 'link', id: linkId },
      outcome: 'allowed',
      reason: null,
      requestId,
      changes: {
        connection: connection.slug,
        owner: `${wish.owner.type}:${wish.owner.id}`,
        pack: wish.packId,
        auth_scope: wish.authScope,
      },
    });
  });
  return { linkId, token, url: `${deps.publicUrl}/connect/${token}`, expiresAt };
}

/** Where the connection's own app sends people on to, as long as it is one of the organization's addresses. */
async function usualCallback(
  tx: Tx,
  deps: { publicUrl: string },
  { organizationId, id }: Connection,
  registered: readonly string[],
): Promise<string | null> {
  const address = (await givenClients(tx, organizationId, [id])).get(id)?.callback_url ?? null;
  const isOurs = address === redirectUriOf(deps.publicUrl);
  return address !== null && !isOurs && registered.includes(address) ? address : null;
}

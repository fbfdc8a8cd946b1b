import type { Link } from '../connections/index.ts';
import type { Tx } from '../kernel/index.ts';
import type { AuthScope } from './pack.ts';
import { findPack, scopesOfConnection } from './store.ts';

/** The scope of a connection that no pack holds: what an entry has unless it says otherwise. */
export const usualScope: AuthScope = 'INDIVIDUAL';

/**
 * Whether a link still speaks for the auth scope it was made under: that of its pack's entry, or (made without a
 * pack) that of some pack's. One made for a credential and for no scope stays what it is.
 */
export async function isLinkCurrent(tx: Tx, link: Link): Promise<boolean> {
  const { organizationId, connectionId, authScope } = link;
  if (authScope === null) return true;
  if (link.packId !== null) {
    const pack = await findPack(tx, organizationId, { id: link.packId });
    const entry = pack?.entries.find(({ connection }) => connection.id === connectionId);
    return entry?.authScope === authScope;
  }
  const scopes = await scopesOfConnection(tx, organizationId, connectionId);
  return scopes.length === 0 ? authScope === usualScope : scopes.includes(authScope);
}

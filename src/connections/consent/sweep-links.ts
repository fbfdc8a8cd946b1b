import type { Clock, Database } from '../../kernel/index.ts';
import type { Vault } from '../../vault/index.ts';
import { linksWithLeftovers } from './authorization-store.ts';
import { holdRows } from './enter-link.ts';
import { linkOf } from './link.ts';
import { deleteOldLinks, findLink } from './link-store.ts';
import { dropAuthorizations } from './pending.ts';

/** How long a link that has run out is kept, so that its audit row has something to point at. */
const keptFor = 24 * 60 * 60 * 1000;
const atOnce = 100;

/**
 * Lets go of what links that can be followed no more have left behind: verifiers, and what was had and never
 * confirmed. Tokens among that are revoked by the other sweep (run-revocation.ts).
 */
export async function sweepLinks(deps: { database: Database; clock: Clock; vault: Vault }): Promise<void> {
  const now = deps.clock.now();
  const left = await deps.database.transaction('system', (tx) => linksWithLeftovers(tx, now, atOnce));
  for (const { organizationId, linkId } of left) {
    await deps.database.transaction({ organizationId }, async (tx) => {
      const row = await findLink(tx, organizationId, linkId);
      const held = row && (await holdRows(tx, linkOf(row)));
      if (held) await dropAuthorizations(tx, deps, held);
    });
  }
  await deps.database.transaction('system', (tx) => deleteOldLinks(tx, new Date(now.getTime() - keptFor)));
}

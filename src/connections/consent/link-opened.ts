import type { Database } from '../../kernel/index.ts';
import { findLink } from './link-store.ts';

/** Whether a link is still nobody's: once opened it belongs to one browser, and whoever asks again gets another. */
export async function isLinkUnopened(
  deps: { database: Database },
  organizationId: string,
  linkId: string,
): Promise<boolean> {
  const row = await deps.database.transaction({ organizationId }, (tx) =>
    findLink(tx, organizationId, linkId),
  );
  return row !== undefined && row.opened_at === null && row.used_at === null;
}

import { forgetEvents } from '../journal/index.ts';
import type { Clock, Database, Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import { endStaleDeliveries } from './delivery-store.ts';
import { updateWebhookRow, webhooksWithOldSecret } from './store.ts';

/** How long events and deliveries can be looked up, in milliseconds. */
const eventLife = 30 * 24 * 3_600_000;

/**
 * What time does to notices: events and their deliveries leave after a month, a secret that was replaced a day ago is
 * shredded, and what waited three days for a disabled webhook has failed.
 */
export async function forgetNotices(deps: { database: Database; clock: Clock; vault: Vault }): Promise<void> {
  const now = deps.clock.now();
  const system = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => deps.database.transaction('system', work);
  await system((tx) => endStaleDeliveries(tx, now, 'The webhook was disabled until the time for it was up.'));
  await system((tx) => forgetEvents(tx, new Date(now.getTime() - eventLife)));
  await system(async (tx) => {
    for (const { organizationId, id, previous } of await webhooksWithOldSecret(tx, now)) {
      await updateWebhookRow(tx, organizationId, id, { previous_secret_id: null, previous_until: null });
      if (previous) await deps.vault.discard(tx, organizationId, [previous.secretId]);
    }
  });
}

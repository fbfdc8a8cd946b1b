import type { Caller } from '../access/index.ts';
import { appendAudit } from '../journal/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { activeWebhooks, updateWebhookRow } from './store.ts';
import { shownUrl } from './webhook.ts';

const reason = 'Disabled by panic: turn it on again when its address is known to be yours.';

/** A webhook that was turned off, or would be: its address as people may see it. */
export type DisabledWebhook = { id: string; url: string };

/**
 * Turns off all webhooks of an organization, whoever made them: one made with a key that is in other hands would go on
 * telling them what happens here. One audit row each. A dry run answers which, and does nothing.
 */
export async function disableWebhooks(
  tx: Tx,
  clock: Clock,
  { principal, requestId }: Caller,
  { isDryRun }: { isDryRun: boolean },
): Promise<readonly DisabledWebhook[]> {
  const { organizationId } = principal;
  const active = await activeWebhooks(tx, organizationId);
  const disabled = active.map((webhook) => ({ id: webhook.id, url: shownUrl(webhook) }));
  if (isDryRun) return disabled;
  const now = clock.now();
  for (const { id } of disabled) {
    await updateWebhookRow(tx, organizationId, id, {
      is_active: false,
      disabled_reason: reason,
      disabled_at: now,
      updated_at: now,
    });
  }
  // Rows of the audit after those of webhooks: the order everybody takes who changes both.
  for (const { id } of disabled) {
    await appendAudit(tx, clock, organizationId, {
      actor: { type: principal.type, id: principal.id },
      action: 'webhook.disabled',
      target: { type: 'webhook', id },
      outcome: 'allowed',
      reason: 'panic',
      requestId,
      changes: { is_active: false, reason },
    });
  }
  return disabled;
}

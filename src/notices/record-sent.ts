import { systemChange } from '../access/index.ts';
import type { Clock, Database } from '../kernel/index.ts';
import { nextAttempt, type ClaimedDelivery } from './delivery.ts';
import { recordAttempt } from './delivery-store.ts';
import type { Sent } from './send-delivery.ts';
import { findWebhook, updateWebhookRow } from './store.ts';

/**
 * Writes down how an attempt ended: done, tried again later, or given up. An endpoint that says that it is gone turns
 * its webhook off; what waits for it stays until somebody turns it on again or its time is up.
 */
export async function recordSent(
  deps: { database: Database; clock: Clock },
  { delivery, webhook }: ClaimedDelivery,
  sent: Exclude<Sent, { kind: 'cut off' }>,
): Promise<void> {
  const { organizationId } = delivery;
  const now = deps.clock.now();
  if (sent.kind === 'gone') return disable(deps, { delivery, webhook }, sent.status);
  const next =
    sent.kind === 'delivered'
      ? null
      : nextAttempt(delivery, now, { retryAfter: sent.retryAfter, random: Math.random() });
  await deps.database.transaction({ organizationId }, (tx) =>
    recordAttempt(tx, delivery, {
      response_status: sent.status,
      reason: sent.kind === 'delivered' ? null : sent.reason,
      ...(next ? { due_at: next } : { status: sent.kind, ended_at: now }),
    }),
  );
}

async function disable(
  deps: { database: Database; clock: Clock },
  { delivery, webhook }: ClaimedDelivery,
  status: number,
): Promise<void> {
  const { organizationId } = delivery;
  await systemChange(deps, organizationId, 'webhook.disabled', async (tx) => {
    // The webhook before its delivery: whoever removes it takes them in this order.
    await findWebhook(tx, organizationId, webhook.id, true);
    const now = deps.clock.now();
    const reason = 'The endpoint answered 410: it is gone.';
    const isLast = await recordAttempt(tx, delivery, {
      response_status: status,
      reason,
      status: 'failed',
      ended_at: now,
    });
    const target = { type: 'webhook', id: webhook.id };
    if (!isLast || !webhook.isActive) return { result: undefined, target, changes: null };
    await updateWebhookRow(tx, organizationId, webhook.id, {
      is_active: false,
      disabled_reason: reason,
      disabled_at: now,
      updated_at: now,
    });
    return { result: undefined, target, changes: { is_active: false, reason } };
  });
}

import { assertLiveKey, change, type Ctx } from '../access/index.ts';
import type { EventType } from '../journal/index.ts';
import { notFound } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import { deleteWebhookRow, findWebhook, updateWebhookRow } from './store.ts';
import { authorizeWebhooks, shownUrl, type Webhook } from './webhook.ts';

/**
 * Changes what a webhook hears of, or turns it off and on again: the way back after an endpoint answered 410. Its
 * address never changes, since half of it may be sealed: another address is another webhook.
 */
export async function updateWebhook(
  ctx: Ctx,
  webhookId: string,
  input: { events?: readonly EventType[]; description?: string; isActive?: boolean },
): Promise<Webhook> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  const { organizationId } = principal;
  return change(ctx, 'webhook.updated', async (tx) => {
    const before = await findWebhook(tx, organizationId, webhookId, true);
    if (!before) throw notFound();
    await assertLiveKey(tx, principal);
    const target = { type: 'webhook', id: webhookId };
    const now = ctx.clock.now();
    const events = input.events && [...new Set(input.events)];
    const switched = input.isActive !== undefined && input.isActive !== before.isActive;
    const set = {
      ...(events && events.join() !== before.events.join() ? { events } : {}),
      ...(input.description !== undefined && input.description !== before.description
        ? { description: input.description }
        : {}),
      ...(switched ? { is_active: input.isActive } : {}),
    };
    if (Object.keys(set).length === 0) return { result: before, target, changes: null };
    const after = await updateWebhookRow(tx, organizationId, webhookId, {
      ...set,
      ...(switched
        ? {
            disabled_reason: input.isActive ? null : 'It was turned off.',
            disabled_at: input.isActive ? null : now,
          }
        : {}),
      updated_at: now,
    });
    return { result: after, target, changes: set };
  });
}

/** Removes a webhook with its deliveries and its secrets. */
export async function deleteWebhook(ctx: Ctx & { vault: Vault }, webhookId: string): Promise<void> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  const { organizationId } = principal;
  await change(ctx, 'webhook.deleted', async (tx) => {
    const webhook = await findWebhook(tx, organizationId, webhookId, true);
    if (!webhook) throw notFound();
    await deleteWebhookRow(tx, organizationId, webhookId);
    const secrets = [webhook.secretId, webhook.previous?.secretId, webhook.sealedSecretId];
    await ctx.vault.discard(
      tx,
      organizationId,
      secrets.flatMap((id) => (id ? [id] : [])),
    );
    return {
      result: undefined,
      target: { type: 'webhook', id: webhookId },
      changes: { url: shownUrl(webhook) },
    };
  });
}

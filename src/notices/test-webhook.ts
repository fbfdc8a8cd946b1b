import { read, type Ctx } from '../access/index.ts';
import { appendTakenEvent } from '../journal/index.ts';
import { notFound } from '../kernel/index.ts';
import type { Delivery } from './delivery.ts';
import type { Deliverer } from './deliverer.ts';
import { findDelivery, insertClaimed } from './delivery-store.ts';
import { findWebhook } from './store.ts';
import { authorizeWebhooks } from './webhook.ts';

/**
 * Sends a test event now, the way every event goes, and answers what became of it. It is tried once, whatever the
 * webhook hears of and even while it is turned off: that is when somebody wants to know.
 */
export async function testWebhook(ctx: Ctx, deliverer: Deliverer, webhookId: string): Promise<Delivery> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  const { organizationId } = principal;
  const claimed = await read(ctx, async (tx) => {
    const webhook = await findWebhook(tx, organizationId, webhookId);
    if (!webhook) throw notFound();
    const data = { webhook_id: webhookId, message: 'A test. Nothing has happened.' };
    const event = await appendTakenEvent(tx, ctx.clock, organizationId, { type: 'webhook.test', data });
    return { webhook, delivery: await insertClaimed(tx, event, webhookId, ctx.clock.now()) };
  });
  await deliverer.attempt(claimed);
  // Null where somebody has removed the webhook meanwhile.
  const delivery = await read(ctx, (tx) => findDelivery(tx, organizationId, claimed.delivery.id));
  if (!delivery) throw notFound();
  return delivery;
}

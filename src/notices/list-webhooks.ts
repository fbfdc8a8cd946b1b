import { read, type Ctx } from '../access/index.ts';
import { notFound, type Page, type Position } from '../kernel/index.ts';
import type { Delivery } from './delivery.ts';
import { listDeliveryRows } from './delivery-store.ts';
import { findWebhook, listWebhookRows } from './store.ts';
import { authorizeWebhooks, type Webhook } from './webhook.ts';

type CursorPage = { limit: number; after: Position | null };

/** The organization's webhooks, newest first, without their secrets. */
export async function listWebhooks(ctx: Ctx, page: CursorPage): Promise<Page<Webhook>> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  return read(ctx, (tx) => listWebhookRows(tx, principal.organizationId, page));
}

/** What became of telling one webhook, newest first. */
export async function listDeliveries(ctx: Ctx, webhookId: string, page: CursorPage): Promise<Page<Delivery>> {
  const { principal } = ctx.caller;
  authorizeWebhooks(principal);
  const { organizationId } = principal;
  return read(ctx, async (tx) => {
    if (!(await findWebhook(tx, organizationId, webhookId))) throw notFound();
    return listDeliveryRows(tx, organizationId, webhookId, page);
  });
}

import type { z } from '@hono/zod-openapi';
import { prefixed } from '../../../../kernel/index.ts';
import { shownUrl, type Delivery, type Webhook } from '../../../../notices/index.ts';
import type { deliverySchema, webhookSchema } from './schema.ts';

export function writeWebhook(webhook: Webhook, now: Date, secret?: string): z.input<typeof webhookSchema> {
  const { previous } = webhook;
  return {
    id: webhook.id,
    url: shownUrl(webhook),
    events: [...webhook.events],
    description: webhook.description,
    is_active: webhook.isActive,
    disabled_reason: webhook.disabledReason,
    disabled_at: webhook.disabledAt?.toISOString() ?? null,
    previous_secret_until: previous && previous.until > now ? previous.until.toISOString() : null,
    created_at: webhook.createdAt.toISOString(),
    updated_at: webhook.updatedAt.toISOString(),
    ...(secret === undefined ? {} : { secret }),
  };
}

export function writeDelivery(delivery: Delivery): z.input<typeof deliverySchema> {
  const { event, status } = delivery;
  return {
    id: delivery.id,
    event: {
      id: prefixed('evt', event.id),
      type: event.type,
      timestamp: event.createdAt.toISOString(),
      data: event.data,
    },
    status,
    attempts: delivery.attempts,
    last_attempt_at: delivery.lastAttemptAt?.toISOString() ?? null,
    next_attempt_at: status === 'pending' ? delivery.dueAt.toISOString() : null,
    response_status: delivery.responseStatus,
    reason: delivery.reason,
    created_at: delivery.createdAt.toISOString(),
    ended_at: delivery.endedAt?.toISOString() ?? null,
  };
}

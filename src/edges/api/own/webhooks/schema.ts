import { z } from '@hono/zod-openapi';
import { eventTypes } from '../../../../journal/index.ts';
import { secret } from '../../read-request/index.ts';

const events = z.array(z.enum(eventTypes)).min(1).max(100);
const description = z.string().max(500);

export const createWebhookBody = z.strictObject({
  // Addresses of webhooks often hold a token.
  url: secret(z.string().min(1).max(4096)),
  events,
  description: description.nullish(),
});

export const updateWebhookBody = z.strictObject({
  events: events.optional(),
  description: description.nullish(),
  is_active: z
    .boolean()
    .nullish()
    .openapi({ description: 'True turns a webhook on again that answered 410.' }),
});

export const webhookSchema = z
  .object({
    id: z.string(),
    url: z.string().openapi({ description: 'Query values are sealed and shown as `***`.' }),
    events: z.array(z.enum(eventTypes)),
    description: z.string(),
    is_active: z.boolean(),
    disabled_reason: z.string().nullable(),
    disabled_at: z.string().nullable(),
    previous_secret_until: z
      .string()
      .nullable()
      .openapi({ description: 'Until then deliveries are signed with the secret before as well.' }),
    created_at: z.string(),
    updated_at: z.string(),
    secret: z
      .string()
      .optional()
      .openapi({ description: 'The signing secret, `whsec_…`: on create and rotation alone.' }),
  })
  .openapi('Webhook');

export const deliverySchema = z
  .object({
    id: z.string(),
    event: z.object({
      id: z.string().openapi({ description: 'Sent as `webhook-id`: the same at every attempt.' }),
      type: z.string(),
      timestamp: z.string(),
      data: z.record(z.string(), z.unknown()),
    }),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    last_attempt_at: z.string().nullable(),
    next_attempt_at: z.string().nullable(),
    response_status: z.int().nullable(),
    reason: z.string().nullable().openapi({ description: 'Why the last attempt did not do.' }),
    created_at: z.string(),
    ended_at: z.string().nullable(),
  })
  .openapi('WebhookDelivery');

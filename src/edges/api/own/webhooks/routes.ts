import { z } from '@hono/zod-openapi';
import {
  createWebhook,
  deleteWebhook,
  listDeliveries,
  listWebhooks,
  rotateWebhookSecret,
  testWebhook,
  updateWebhook,
} from '../../../../notices/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writeDelivery, writeWebhook } from './codec.ts';
import { createWebhookBody, deliverySchema, updateWebhookBody, webhookSchema } from './schema.ts';

const facts = { contract, tag: 'Webhooks', scope: 'management:all' } as const;
const params = z.object({ id: idField<'webhook'>() });

export const webhookRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path: '/v1/webhooks',
    summary: 'List webhooks, newest first',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(webhookSchema),
    handle: async (asked) =>
      cursorList(asked, 'webhooks', await listWebhooks(asked.ctx, cursorPage(asked, 'webhooks')), (row) =>
        writeWebhook(row, asked.ctx.clock.now()),
      ),
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/webhooks',
    summary: 'Tell an address what happens, signed as Standard Webhooks says',
    description: 'The signing secret is in this answer alone. The body sent is `{type, timestamp, data}`.',
    body: createWebhookBody,
    status: 201,
    answer: enveloped(webhookSchema),
    handle: async (asked) => {
      const { ctx, body } = asked;
      const { webhook, secret } = await createWebhook(ctx, { ...body, description: body.description ?? '' });
      return envelope(asked, writeWebhook(webhook, ctx.clock.now(), secret));
    },
  }),
  route({
    ...facts,
    method: 'patch',
    path: '/v1/webhooks/{id}',
    summary: 'Change what a webhook hears of, or turn it off and on again; its address never changes',
    params,
    body: updateWebhookBody,
    status: 200,
    answer: enveloped(webhookSchema),
    handle: async (asked) => {
      const { ctx, body, params } = asked;
      const webhook = await updateWebhook(ctx, params.id, {
        events: body.events,
        description: body.description === null ? '' : body.description,
        isActive: body.is_active === null ? true : body.is_active,
      });
      return envelope(asked, writeWebhook(webhook, ctx.clock.now()));
    },
  }),
  route({
    ...facts,
    method: 'delete',
    path: '/v1/webhooks/{id}',
    summary: 'Remove a webhook with its deliveries and its secret',
    params,
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) => deleteWebhook(ctx, params.id),
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/webhooks/{id}/rotate-secret',
    summary: 'Give a webhook a new signing secret; the one before signs beside it for 24 hours',
    params,
    status: 200,
    answer: enveloped(webhookSchema),
    handle: async (asked) => {
      const { ctx, params } = asked;
      const { webhook, secret } = await rotateWebhookSecret(ctx, params.id);
      return envelope(asked, writeWebhook(webhook, ctx.clock.now(), secret));
    },
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/webhooks/{id}/test',
    summary: 'Send a test event now and see what became of it; it is tried once',
    params,
    status: 200,
    answer: enveloped(deliverySchema),
    handle: async (asked) =>
      envelope(asked, writeDelivery(await testWebhook(asked.ctx, asked.deps.deliverer, asked.params.id))),
  }),
  route({
    ...facts,
    method: 'get',
    path: '/v1/webhooks/{id}/deliveries',
    summary: 'What became of telling a webhook, newest first',
    params,
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(deliverySchema),
    handle: async (asked) => {
      // One list for each webhook: a cursor of another one is refused.
      const list = `deliveries:${asked.params.id}`;
      return cursorList(
        asked,
        list,
        await listDeliveries(asked.ctx, asked.params.id, cursorPage(asked, list)),
        writeDelivery,
      );
    },
  }),
];

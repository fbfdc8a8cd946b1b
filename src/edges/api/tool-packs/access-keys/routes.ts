import { z } from '@hono/zod-openapi';
import { createKey, getKey, listKeys, regenerateKey, revokeKey } from '../../../../access/index.ts';
import { areKnownPacks } from '../../../../packs/index.ts';
import { listedByPage, numberedPage, pageList, pageQuery } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readAccessKey, writeAccessKey } from './codec.ts';
import { accessKeySchema, createAccessKeyBody } from './schema.ts';

const facts = { contract, tag: 'Access keys', scope: 'keys:write' } as const;
const params = z.object({ id: idField<'key'>() });

export const accessKeyRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path: '/api/v1/access-keys/',
    summary: 'List access keys, newest first',
    query: z.object(pageQuery()),
    status: 200,
    answer: listedByPage(accessKeySchema),
    handle: async (asked) => {
      const now = asked.ctx.clock.now();
      return pageList(asked, await listKeys(asked.ctx, numberedPage(asked)), (key) =>
        writeAccessKey(key, now),
      );
    },
  }),
  route({
    ...facts,
    method: 'post',
    path: '/api/v1/access-keys/',
    summary: 'Make an access key, never wider than the one it is made with',
    body: createAccessKeyBody,
    bodyOptional: true,
    status: 201,
    answer: accessKeySchema,
    handle: async ({ ctx, body }) => {
      const now = ctx.clock.now();
      const { organizationId } = ctx.caller.principal;
      const { key, text } = await createKey(ctx, {
        ...readAccessKey(body, now),
        knownPacks: (tx, ids) => areKnownPacks(tx, organizationId, ids),
      });
      return writeAccessKey(key, now, text);
    },
  }),
  route({
    ...facts,
    method: 'get',
    path: '/api/v1/access-keys/{id}/',
    summary: 'Read an access key, without the key itself',
    params,
    status: 200,
    answer: accessKeySchema,
    handle: async ({ ctx, params }) => writeAccessKey(await getKey(ctx, params.id), ctx.clock.now()),
  }),
  route({
    ...facts,
    method: 'post',
    path: '/api/v1/access-keys/{id}/regenerate/',
    summary: 'Give a key a new text; the old one stops working at once',
    params,
    status: 200,
    answer: accessKeySchema,
    handle: async ({ ctx, params }) => {
      const { key, text } = await regenerateKey(ctx, params.id);
      return writeAccessKey(key, ctx.clock.now(), text);
    },
  }),
  route({
    ...facts,
    method: 'post',
    path: '/api/v1/access-keys/{id}/revoke/',
    summary: 'Revoke a key and every key made with it',
    params,
    status: 200,
    answer: accessKeySchema,
    handle: async ({ ctx, params }) => writeAccessKey(await revokeKey(ctx, params.id), ctx.clock.now()),
  }),
];

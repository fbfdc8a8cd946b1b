import { z } from '@hono/zod-openapi';
import { createKey, listKeys, regenerateKey, revokeKey } from '../../../../access/index.ts';
import { areKnownPacks } from '../../../../packs/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { readKeyWish, writeKey } from './codec.ts';
import { createKeyBody, keySchema } from './schema.ts';

const facts = { contract, tag: 'Keys', scope: 'keys:write' } as const;
const params = z.object({ id: idField<'key'>() });

export const keyRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path: '/v1/keys',
    summary: 'List access keys, newest first',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(keySchema),
    handle: async (asked) =>
      cursorList(asked, 'keys', await listKeys(asked.ctx, cursorPage(asked, 'keys')), (key) => writeKey(key)),
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/keys',
    summary: 'Make a key, never wider than the one it is made with',
    body: createKeyBody,
    bodyOptional: true,
    names: { tool_pack_ids: 'pack_ids', registered_user_ids: 'user_ids' },
    status: 201,
    answer: enveloped(keySchema),
    handle: async (asked) => {
      const { ctx, body } = asked;
      const { organizationId } = ctx.caller.principal;
      const { key, text } = await createKey(ctx, {
        ...readKeyWish(body, ctx.clock.now()),
        knownPacks: (tx, ids) => areKnownPacks(tx, organizationId, ids),
      });
      return envelope(asked, writeKey(key, text));
    },
  }),
  route({
    ...facts,
    method: 'post',
    path: '/v1/keys/{id}/regenerate',
    summary: 'Give a key a new text; the old one stops working at once',
    params,
    status: 200,
    answer: enveloped(keySchema),
    handle: async (asked) => {
      const { key, text } = await regenerateKey(asked.ctx, asked.params.id);
      return envelope(asked, writeKey(key, text));
    },
  }),
  route({
    ...facts,
    method: 'delete',
    path: '/v1/keys/{id}',
    summary: 'Revoke a key and every key made with it',
    params,
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) => revokeKey(ctx, params.id),
  }),
];

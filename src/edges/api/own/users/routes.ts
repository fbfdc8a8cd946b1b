import { z } from '@hono/zod-openapi';
import { createUser, deleteUser, getUser, listUsers, updateUser } from '../../../../access/index.ts';
import { makeUserLink } from '../../../../packs/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { readLinkWish, readUser, writeUser, writeUserLink } from './codec.ts';
import { createUserBody, updateUserBody, userLinkBody, userLinkSchema, userSchema } from './schema.ts';

const facts = { contract, tag: 'Users' } as const;
const params = z.object({ id: idField<'user'>() });

export const userRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    path: '/v1/users',
    summary: 'List registered users, newest first',
    query: z.object({ ...cursorQuery(), origin_user_id: z.string().optional() }),
    status: 200,
    answer: listedByCursor(userSchema),
    handle: async (asked) => {
      const filter = { originUserId: asked.query.origin_user_id };
      return cursorList(
        asked,
        'users',
        await listUsers(asked.ctx, filter, cursorPage(asked, 'users')),
        writeUser,
      );
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'post',
    path: '/v1/users',
    summary: 'Register a user: somebody on whose behalf calls are made',
    body: createUserBody,
    status: 201,
    answer: enveloped(userSchema),
    handle: async (asked) => envelope(asked, writeUser(await createUser(asked.ctx, readUser(asked.body)))),
  }),
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    path: '/v1/users/{id}',
    summary: 'Read a registered user',
    params,
    status: 200,
    answer: enveloped(userSchema),
    handle: async (asked) => envelope(asked, writeUser(await getUser(asked.ctx, asked.params.id))),
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'patch',
    path: '/v1/users/{id}',
    summary: 'Change a registered user; absent leaves, null clears',
    params,
    body: updateUserBody,
    status: 200,
    answer: enveloped(userSchema),
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      return envelope(asked, writeUser(await updateUser(ctx, params.id, readUser(body))));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'delete',
    path: '/v1/users/{id}',
    summary: 'Remove a registered user and the credentials held for them',
    params,
    status: 204,
    answer: null,
    handle: async ({ ctx, deps, params }) => deleteUser({ ...ctx, userHooks: deps.userHooks }, params.id),
  }),
  route({
    ...facts,
    scope: 'credentials:write',
    method: 'post',
    path: '/v1/users/{id}/link',
    summary: 'Make a link by which a registered user connects an account',
    params,
    body: userLinkBody,
    names: { connector: 'connection', tool_pack_id: 'pack_id' },
    status: 201,
    answer: enveloped(userLinkSchema),
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      return envelope(asked, writeUserLink(await makeUserLink(ctx, readLinkWish(params.id, body))));
    },
  }),
];

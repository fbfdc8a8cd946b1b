import { z } from '@hono/zod-openapi';
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  updateUser,
  type RegisteredUser,
} from '../../../../access/index.ts';
import { authenticatedConnectors } from '../../../../connections/index.ts';
import { listedByPage, numberedPage, pageList, pageQuery } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readRegisteredUser, writeRegisteredUser } from './codec.ts';
import { createRegisteredUserBody, registeredUserSchema, updateRegisteredUserBody } from './schema.ts';

const facts = { contract, tag: 'Registered users' } as const;
const params = z.object({ id: idField<'user'>() });

async function shown({ ctx }: Pick<Asked, 'ctx'>, user: RegisteredUser): Promise<unknown> {
  const connectors = await authenticatedConnectors(ctx, [user.id]);
  return writeRegisteredUser(user, connectors.get(user.id) ?? []);
}

export const registeredUserRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    path: '/api/v1/registered-users/',
    summary: 'List registered users, newest first',
    query: z.object({ ...pageQuery(), origin_user_id: z.string().optional() }),
    status: 200,
    answer: listedByPage(registeredUserSchema),
    handle: async (asked) => {
      const { ctx, query } = asked;
      const listed = await listUsers(ctx, { originUserId: query.origin_user_id }, numberedPage(asked));
      const ids = listed.rows.map((user) => user.id);
      const connectors = await authenticatedConnectors(ctx, ids);
      return pageList(asked, listed, (user) => writeRegisteredUser(user, connectors.get(user.id) ?? []));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'post',
    path: '/api/v1/registered-users/',
    summary: 'Register a user: somebody on whose behalf calls are made',
    body: createRegisteredUserBody,
    status: 201,
    answer: registeredUserSchema,
    handle: async (asked) => shown(asked, await createUser(asked.ctx, readRegisteredUser(asked.body))),
  }),
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    path: '/api/v1/registered-users/{id}/',
    summary: 'Read a registered user',
    params,
    status: 200,
    answer: registeredUserSchema,
    handle: async (asked) => shown(asked, await getUser(asked.ctx, asked.params.id)),
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'patch',
    path: '/api/v1/registered-users/{id}/',
    summary: 'Change a registered user; absent leaves, null clears',
    params,
    body: updateRegisteredUserBody,
    status: 200,
    answer: registeredUserSchema,
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      return shown(asked, await updateUser(ctx, params.id, readRegisteredUser(body)));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'delete',
    path: '/api/v1/registered-users/{id}/',
    summary: 'Remove a registered user and the credentials held for them',
    params,
    status: 204,
    answer: null,
    handle: async ({ ctx, deps, params }) => deleteUser({ ...ctx, userHooks: deps.userHooks }, params.id),
  }),
];

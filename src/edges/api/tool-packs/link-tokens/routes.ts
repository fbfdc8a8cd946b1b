import { z } from '@hono/zod-openapi';
import { makeUserLink } from '../../../../packs/index.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readWish, writeLink } from './codec.ts';
import { linkTokenBody, linkTokenSchema } from './schema.ts';

export const linkTokenRoutes: readonly Route[] = [
  route({
    contract,
    tag: 'Registered users',
    scope: 'credentials:write',
    method: 'post',
    path: '/api/v1/registered-users/{id}/link-token/',
    summary: 'Make a link by which a registered user connects an account',
    description:
      'For whom the account is had follows from the auth scope that tool packs give the connector: the user, the user’s company or the organization.',
    params: z.object({ id: idField<'user'>() }),
    body: linkTokenBody,
    status: 201,
    answer: linkTokenSchema,
    handle: async ({ ctx, params, body }) => writeLink(await makeUserLink(ctx, readWish(params.id, body))),
  }),
];

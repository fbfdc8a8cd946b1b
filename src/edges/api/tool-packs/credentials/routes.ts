import { z } from '@hono/zod-openapi';
import { deleteCredential } from '../../../../connections/index.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';

export const credentialRoutes: readonly Route[] = [
  route({
    contract,
    tag: 'Credentials',
    scope: 'credentials:write',
    method: 'delete',
    path: '/api/v1/credentials/registered-users/{id}/connectors/{slug}/',
    summary: 'Shred what a registered user signs in to a connector with',
    params: z.object({ id: idField<'user'>(), slug: z.string() }),
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) =>
      deleteCredential(ctx, { connectionSlug: params.slug, userId: params.id }),
  }),
];

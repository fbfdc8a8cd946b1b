import { z } from '@hono/zod-openapi';
import {
  createOAuthClient,
  deleteOAuthClient,
  getOAuthClient,
  listOAuthClients,
  updateOAuthClient,
} from '../../../../connections/index.ts';
import { listedByPage, numberedPage, pageList, pageQuery } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readCreate, readUpdate, writeApp } from './codec.ts';
import { appSchema, createAppBody, updateAppBody } from './schema.ts';

const facts = { contract, tag: 'Application credentials', scope: 'credentials:write' } as const;
const params = z.object({ id: idField<'oauth_client'>() });
const base = '/api/v1/application-credentials/';

export const applicationCredentialRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path: base,
    summary: 'List the organization’s own OAuth apps, newest first; never a secret',
    query: z.object({ ...pageQuery(), connector_slug: z.string().optional() }),
    status: 200,
    answer: listedByPage(appSchema),
    handle: async (asked) => {
      const filter = { connectorSlug: asked.query.connector_slug };
      return pageList(asked, await listOAuthClients(asked.ctx, filter, numberedPage(asked)), writeApp);
    },
  }),
  route({
    ...facts,
    method: 'post',
    path: base,
    summary: 'Say which OAuth app of your own a connector signs in with',
    body: createAppBody,
    status: 201,
    answer: appSchema,
    handle: async ({ ctx, body }) => writeApp(await createOAuthClient(ctx, readCreate(body))),
  }),
  route({
    ...facts,
    method: 'get',
    path: `${base}{id}/`,
    summary: 'Read an OAuth app and the redirect address to register',
    params,
    status: 200,
    answer: appSchema,
    handle: async ({ ctx, params }) => writeApp(await getOAuthClient(ctx, params.id)),
  }),
  route({
    ...facts,
    method: 'patch',
    path: `${base}{id}/`,
    summary: 'Change an OAuth app; absent leaves, null clears',
    params,
    body: updateAppBody,
    status: 200,
    answer: appSchema,
    handle: async ({ ctx, params, body }) =>
      writeApp(await updateOAuthClient(ctx, params.id, readUpdate(body))),
  }),
  route({
    ...facts,
    method: 'delete',
    path: `${base}{id}/`,
    summary: 'Delete an OAuth app; what was connected with it is good until its tokens run out',
    params,
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) => deleteOAuthClient(ctx, params.id),
  }),
];

import { z } from '@hono/zod-openapi';
import {
  createOrganization,
  createWorkspace,
  getOrganization,
  listOrganizations,
  listWorkspaces,
  updateOrganization,
} from '../../../access/index.ts';
import { route, type Route } from '../route.ts';
import { readName, writeOrganization, writeWorkspace } from './codec.ts';
import { orgsContract as contract } from './errors.ts';
import {
  createOrganizationBody,
  createWorkspaceBody,
  foundedSchema,
  organizationParams as params,
  organizationSchema,
  updateOrganizationBody,
  workspaceSchema,
} from './schema.ts';
import { catalogToolRoutes } from './tools/routes.ts';
import { toolInstanceRoutes } from './tool-instances/routes.ts';
import { testRoutes } from './tool-instances/test/routes.ts';
import { vaultSecretRoutes } from './vault-secrets/routes.ts';

const facts = { contract, tag: 'Organizations' } as const;

export const orgsRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'management:all',
    method: 'get',
    path: '/v1/orgs',
    summary: 'List organizations; the operator’s admin key alone',
    status: 200,
    answer: z.array(organizationSchema),
    handle: async ({ ctx }) => (await listOrganizations(ctx)).map(writeOrganization),
  }),
  route({
    ...facts,
    scope: 'management:all',
    method: 'post',
    path: '/v1/orgs',
    summary: 'Make an organization and its admin key; the operator’s admin key alone',
    body: createOrganizationBody,
    status: 201,
    answer: foundedSchema,
    handle: async ({ ctx, deps, body }) => {
      const prepareVault = deps.vault.prepare.bind(deps.vault);
      const { organization, adminKey } = await createOrganization({ ...ctx, prepareVault }, body);
      const { id, slug, name } = organization;
      return { id, slug, name, admin_key: adminKey };
    },
  }),
  route({
    ...facts,
    scope: null,
    method: 'get',
    path: '/v1/orgs/{org}',
    summary: 'Read an organization',
    params,
    status: 200,
    answer: organizationSchema,
    handle: async ({ ctx, params }) => writeOrganization(await getOrganization(ctx, readName(params.org))),
  }),
  route({
    ...facts,
    scope: 'management:all',
    method: 'patch',
    path: '/v1/orgs/{org}',
    summary: 'Change an organization; absent leaves, null clears',
    params,
    body: updateOrganizationBody,
    status: 200,
    answer: organizationSchema,
    handle: async ({ ctx, params, body }) => {
      const { id } = await getOrganization(ctx, readName(params.org));
      const input = { name: body.name, callbackUrls: body.callback_urls };
      return writeOrganization(await updateOrganization(ctx, id, input));
    },
  }),
  route({
    ...facts,
    scope: 'connectors:read',
    method: 'get',
    path: '/v1/orgs/{org}/workspaces',
    summary: 'List workspaces',
    params,
    status: 200,
    answer: z.array(workspaceSchema),
    handle: async ({ ctx, params }) => {
      const { id } = await getOrganization(ctx, readName(params.org));
      return (await listWorkspaces(ctx, id)).map(writeWorkspace);
    },
  }),
  route({
    ...facts,
    scope: 'management:all',
    method: 'post',
    path: '/v1/orgs/{org}/workspaces',
    summary: 'Make a workspace',
    params,
    body: createWorkspaceBody,
    status: 201,
    answer: workspaceSchema,
    handle: async ({ ctx, params, body }) => {
      const { id } = await getOrganization(ctx, readName(params.org));
      return writeWorkspace(await createWorkspace(ctx, id, body));
    },
  }),
  ...catalogToolRoutes,
  ...toolInstanceRoutes,
  ...testRoutes,
  ...vaultSecretRoutes,
];

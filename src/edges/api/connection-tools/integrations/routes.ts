import { z } from '@hono/zod-openapi';
import { listCatalog } from '../../../../connectors/index.ts';
import { route, type Route } from '../../route.ts';
import { connectionToolsContract as contract } from '../errors.ts';
import { writeIntegrations } from './codec.ts';
import { integrationSchema } from './schema.ts';

export const integrationRoutes: readonly Route[] = [
  route({
    contract,
    tag: 'Integrations',
    scope: 'tools:read',
    method: 'get',
    path: '/v1/integrations',
    summary: 'List what can be connected',
    status: 200,
    answer: z.array(integrationSchema),
    handle: async ({ ctx }) => writeIntegrations(await listCatalog(ctx)),
  }),
];

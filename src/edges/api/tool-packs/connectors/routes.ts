import { z } from '@hono/zod-openapi';
import { getNameable, listNameable } from '../../../../packs/index.ts';
import { listedByPage, numberedPage, pageList, pageQuery } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { writeNameable } from './codec.ts';
import { connectorSchema } from './schema.ts';

const facts = { contract, tag: 'Connectors', scope: 'connectors:read', method: 'get', status: 200 } as const;

export const connectorRoutes: readonly Route[] = [
  route({
    ...facts,
    path: '/api/v1/connectors/',
    summary: 'List what a pack may name: connectors of the catalog, and connections',
    query: z.object(pageQuery()),
    answer: listedByPage(connectorSchema),
    handle: async (asked) =>
      pageList(asked, await listNameable(asked.ctx, numberedPage(asked)), writeNameable),
  }),
  route({
    ...facts,
    path: '/api/v1/connectors/{slug}/',
    summary: 'Read one of what a pack may name',
    params: z.object({ slug: z.string() }),
    answer: connectorSchema,
    handle: async ({ ctx, params }) => writeNameable(await getNameable(ctx, params.slug)),
  }),
];

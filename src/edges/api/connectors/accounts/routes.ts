import { z } from '@hono/zod-openapi';
import { getSettledConnection, listSettledConnections } from '../../../../connections/index.ts';
import { toolsOf } from '../../../../tools/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { connectorsContract as contract } from '../errors.ts';
import { writeAccount, writeWholeAccount } from './codec.ts';
import { accountSchema, connectorParams, wholeAccountSchema } from './schema.ts';

const facts = { contract, tag: 'Connectors', scope: 'connectors:read', method: 'get', status: 200 } as const;

export const accountRoutes: readonly Route[] = [
  route({
    ...facts,
    path: '/v1/connectors',
    summary: 'List connectors, newest first, without their tools',
    description: 'Those still waiting for their first sign-in are not listed.',
    query: z.object(cursorQuery()),
    answer: listedByCursor(accountSchema),
    handle: async (asked) => {
      const listed = await listSettledConnections(asked.ctx, cursorPage(asked, 'connectors'));
      return cursorList(asked, 'connectors', listed, writeAccount);
    },
  }),
  route({
    ...facts,
    path: '/v1/connectors/{id}',
    summary: 'Read a connector with its tools',
    params: connectorParams,
    answer: enveloped(wholeAccountSchema),
    handle: async (asked) => {
      const { ctx, params } = asked;
      const connection = await getSettledConnection(ctx, params.id);
      return envelope(asked, writeWholeAccount(connection, await toolsOf(ctx, connection)));
    },
  }),
];

import { z } from '@hono/zod-openapi';
import { releaseConnector, signInAtConnectors } from '../../../../connections/index.ts';
import { getCatalogEntry, pageCatalog, type CatalogEntry } from '../../../../connectors/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { anyObject } from '../../read-request/index.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writeConnector, writeWholeConnector } from './codec.ts';
import { connectorSchema } from './schema.ts';

const facts = { contract, tag: 'Catalog' } as const;

const whole = async ({ ctx }: Pick<Asked, 'ctx'>, entry: CatalogEntry): Promise<unknown> => {
  const signIn = await signInAtConnectors(ctx, [entry.file]);
  return writeWholeConnector(entry, signIn.get(entry.file.slug)!);
};

export const catalogRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'connectors:read',
    method: 'get',
    path: '/v1/catalog',
    summary: 'List connectors by slug: the shipped ones and the organization’s own',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(connectorSchema),
    handle: async (asked) => {
      const page = await pageCatalog(asked.ctx, cursorPage(asked, 'catalog'));
      const signIn = await signInAtConnectors(
        asked.ctx,
        page.rows.map(({ file }) => file),
      );
      return cursorList(asked, 'catalog', page, (entry) =>
        writeConnector(entry, signIn.get(entry.file.slug)!),
      );
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/catalog',
    summary: 'Release a connector file',
    description:
      'A version is released once and stays as it is; a higher version of the same slug is the next one.',
    body: anyObject(),
    bodyLimit: 5 * 1024 * 1024,
    status: 201,
    answer: enveloped(connectorSchema),
    handle: async (asked) =>
      envelope(asked, await whole(asked, await releaseConnector(asked.ctx, asked.body))),
  }),
  route({
    ...facts,
    scope: 'connectors:read',
    method: 'get',
    path: '/v1/catalog/{slug}',
    summary: 'Read one connector with its tools',
    params: z.object({ slug: z.string().max(100) }),
    status: 200,
    answer: enveloped(connectorSchema),
    handle: async (asked) =>
      envelope(asked, await whole(asked, await getCatalogEntry(asked.ctx, asked.params.slug))),
  }),
];

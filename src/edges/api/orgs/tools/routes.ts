import { enterOrganization } from '../../../../access/index.ts';
import { releaseConnector } from '../../../../connections/index.ts';
import { getCatalogEntryNamed, pageCatalog } from '../../../../connectors/index.ts';
import { cursorPage, nextCursor } from '../../lists.ts';
import { anyObject } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { readName } from '../codec.ts';
import { orgsContract as contract } from '../errors.ts';
import { writeTool, writeWholeTool } from './codec.ts';
import { catalogToolSchema, catalogToolsSchema, toolParams, toolsParams, toolsQuery } from './schema.ts';

const facts = { contract, tag: 'Catalog of tools' } as const;
const path = '/v1/orgs/{org}/tools';

export const catalogToolRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'tools:read',
    method: 'get',
    path,
    summary:
      'List the tools that instances are made of, by slug: the shipped ones and the organization’s own',
    params: toolsParams,
    query: toolsQuery,
    status: 200,
    answer: catalogToolsSchema,
    handle: async (asked) => {
      await enterOrganization(asked.ctx, readName(asked.params.org));
      const page = await pageCatalog(asked.ctx, cursorPage(asked, 'catalog-tools'));
      const next = nextCursor(asked, 'catalog-tools', page);
      const tools = page.rows.map(writeTool);
      return { total: page.total, has_more: next !== null, next_cursor: next, tools };
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path,
    summary: 'Release a connector file as a tool',
    description:
      'A version is released once and stays as it is; a higher version of the same slug is the next one.',
    params: toolsParams,
    body: anyObject(),
    bodyLimit: 5 * 1024 * 1024,
    status: 201,
    answer: catalogToolSchema,
    handle: async ({ ctx, params, body }) => {
      await enterOrganization(ctx, readName(params.org));
      return writeWholeTool(await releaseConnector(ctx, body));
    },
  }),
  route({
    ...facts,
    scope: 'tools:read',
    method: 'get',
    path: `${path}/{tool_id}`,
    summary: 'Read one tool with its actions and versions',
    params: toolParams,
    status: 200,
    answer: catalogToolSchema,
    handle: async ({ ctx, params }) => {
      await enterOrganization(ctx, readName(params.org));
      return writeWholeTool(await getCatalogEntryNamed(ctx, params.tool_id));
    },
  }),
];

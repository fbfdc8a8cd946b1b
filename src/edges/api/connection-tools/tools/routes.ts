import { z } from '@hono/zod-openapi';
import { toggleTools, updateTool } from '../../../../tools/index.ts';
import { measureImpact } from '../../../../revisions/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { route, type Route } from '../../route.ts';
import { connectionParams } from '../connections/schema.ts';
import { connectionToolsContract as contract } from '../errors.ts';
import { readPatch, readTest, writeTested, writeTool } from './codec.ts';
import { patchToolBody, testBody, testedSchema, toggleBody, toolParams, toolSchema } from './schema.ts';

const facts = { contract, tag: 'Tools' } as const;
const base = '/v1/integrations/connections/{connection_id}';

/** Two addresses of one thing: what kind of service answers does not matter to who tests. */
const test = (name: 'test-invoke' | 'test-mcp-call'): Route =>
  route({
    ...facts,
    scope: 'runtime:all',
    kind: 'call',
    method: 'post',
    path: `${base}/${name}`,
    summary: 'Call a tool as the organization and see what the map leaves; nothing is saved',
    params: connectionParams,
    body: testBody,
    status: 200,
    answer: testedSchema,
    handle: async ({ ctx, deps, params, body, signal }) =>
      writeTested(await deps.gateway.tryTool(ctx.caller, readTest(body, params.connection_id), signal)),
  });

export const toolRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'tools:write',
    method: 'patch',
    path: `${base}/tools`,
    summary: 'Turn all tools of a connection on or off',
    description: 'After off, tools found later start disabled.',
    params: connectionParams,
    query: impactQuery,
    body: toggleBody,
    status: 200,
    answer: z.array(toolSchema),
    dryRunAnswer: impactSchema,
    handle: async ({ ctx, params: { connection_id: id }, query, body }) => {
      const toggle = (at: typeof ctx) => toggleTools(at, id, body.is_enabled);
      if (query.dry_run) return writeImpact(await measureImpact(ctx, { connectionIds: [id] }, toggle));
      const { connection, tools } = await toggle(ctx);
      return tools.map((tool) => writeTool({ tool, connection }));
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'patch',
    path: `${base}/tools/{tool_id}`,
    summary: 'Edit author-editable metadata on a single tool',
    params: toolParams,
    query: impactQuery,
    body: patchToolBody,
    status: 200,
    answer: toolSchema,
    dryRunAnswer: impactSchema,
    handle: async ({ ctx, params, query, body }) => {
      const which = { toolId: params.tool_id, connectionId: params.connection_id };
      const update = (at: typeof ctx) => updateTool(at, which, readPatch(body));
      if (query.dry_run) return writeImpact(await measureImpact(ctx, { toolId: which.toolId }, update));
      return writeTool(await update(ctx));
    },
  }),
  test('test-invoke'),
  test('test-mcp-call'),
];

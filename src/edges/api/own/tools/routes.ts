import { z } from '@hono/zod-openapi';
import { getConnection } from '../../../../connections/index.ts';
import { packNamed, toolInPack } from '../../../../packs/index.ts';
import { getTool, getEffectiveTool, pageTools, updateTool } from '../../../../tools/index.ts';
import { measureImpact } from '../../../../revisions/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { readPatch, readTryCuration, writeTool, writeTried } from './codec.ts';
import {
  effectiveQuery,
  effectiveSchema,
  patchToolBody,
  toolParams as params,
  toolSchema,
  triedSchema,
  tryToolBody,
} from './schema.ts';

const facts = { contract, tag: 'Tools' } as const;

export const toolRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'tools:read',
    method: 'get',
    path: '/v1/connections/{id}/tools',
    summary: 'List a connection’s tools, in the service’s order',
    params: z.object({ id: idField<'connection'>() }),
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(toolSchema),
    handle: async (asked) => {
      const list = `tools:${asked.params.id}`;
      const connection = await getConnection(asked.ctx, asked.params.id);
      return cursorList(
        asked,
        list,
        await pageTools(asked.ctx, connection, cursorPage(asked, list)),
        writeTool,
      );
    },
  }),
  route({
    ...facts,
    scope: 'tools:read',
    method: 'get',
    path: '/v1/tools/{id}',
    summary: 'Read a tool: what the service says and what its author says',
    params,
    status: 200,
    answer: enveloped(toolSchema),
    handle: async (asked) =>
      envelope(asked, writeTool(await getTool(asked.ctx, { toolId: asked.params.id }))),
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'patch',
    path: '/v1/tools/{id}',
    summary: 'Curate a tool; absent leaves, null clears',
    params,
    query: impactQuery,
    body: patchToolBody,
    status: 200,
    answer: enveloped(toolSchema),
    dryRunAnswer: enveloped(impactSchema),
    handle: async (asked) => {
      const { ctx, params, query, body } = asked;
      const toolId = params.id;
      const update = (at: typeof ctx) => updateTool(at, { toolId }, readPatch(body));
      if (query.dry_run) return envelope(asked, writeImpact(await measureImpact(ctx, { toolId }, update)));
      return envelope(asked, writeTool(await update(ctx)));
    },
  }),
  route({
    ...facts,
    scope: 'tools:read',
    method: 'get',
    path: '/v1/tools/{id}/effective',
    summary: 'The tool as an agent sees it, and who said each part',
    params,
    query: effectiveQuery,
    status: 200,
    answer: enveloped(effectiveSchema),
    handle: async (asked) => {
      const { ctx, params, query } = asked;
      const pack = query.pack === undefined ? null : await toolInPack(ctx, params.id, query.pack);
      return envelope(asked, await getEffectiveTool(ctx, params.id, pack));
    },
  }),
  route({
    ...facts,
    scope: 'runtime:all',
    kind: 'call',
    method: 'post',
    path: '/v1/tools/{id}/try',
    summary: 'Call a tool and see both sides of its curation; nothing is saved',
    params,
    body: tryToolBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(triedSchema),
    handle: async (asked) => {
      const { ctx, deps, params, body, signal } = asked;
      const tried = await deps.gateway.tryTool(
        ctx.caller,
        {
          tool: { id: params.id },
          arguments: body.arguments ?? {},
          packId: body.pack ? (await packNamed(ctx, body.pack)).id : null,
          curation: readTryCuration(body),
          allowDisabled: true,
        },
        signal,
      );
      return envelope(asked, writeTried(tried));
    },
  }),
];

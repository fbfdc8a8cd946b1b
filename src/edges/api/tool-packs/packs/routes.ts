import { z } from '@hono/zod-openapi';
import {
  createPack,
  deletePack,
  describeEntries,
  getPack,
  listPacks,
  updatePack,
  type Pack,
} from '../../../../packs/index.ts';
import { impactOnPack, impactQuery, impactSchema } from '../../impact.ts';
import { listedByPage, numberedPage, pageList, pageQuery } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readPack, writePack } from './codec.ts';
import { createPackBody, toolPackSchema, updatePackBody } from './schema.ts';

const facts = { contract, tag: 'Tool packs' } as const;
const params = z.object({ id: idField<'pack'>() });

async function shown({ ctx }: Pick<Asked, 'ctx'>, pack: Pack): Promise<unknown> {
  const described = await describeEntries(ctx, [pack]);
  return writePack(pack, described.get(pack.id)!);
}

export const packRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    path: '/api/v1/tool-packs/',
    summary: 'List tool packs, newest first',
    query: z.object(pageQuery()),
    status: 200,
    answer: listedByPage(toolPackSchema),
    handle: async (asked) => {
      const listed = await listPacks(asked.ctx, {}, numberedPage(asked));
      const described = await describeEntries(asked.ctx, listed.rows);
      return pageList(asked, listed, (pack) => writePack(pack, described.get(pack.id)!));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'post',
    path: '/api/v1/tool-packs/',
    summary: 'Make a tool pack',
    body: createPackBody,
    status: 201,
    answer: toolPackSchema,
    handle: async (asked) => shown(asked, await createPack(asked.ctx, readPack(asked.body))),
  }),
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    path: '/api/v1/tool-packs/{id}/',
    summary: 'Read a tool pack',
    params,
    status: 200,
    answer: toolPackSchema,
    handle: async (asked) => shown(asked, await getPack(asked.ctx, { id: asked.params.id })),
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'patch',
    path: '/api/v1/tool-packs/{id}/',
    summary: 'Change a tool pack; `connectors` replaces the whole list',
    params,
    query: impactQuery,
    body: updatePackBody,
    status: 200,
    answer: toolPackSchema,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const update = (ctx: typeof asked.ctx) => updatePack(ctx, asked.params.id, readPack(asked.body));
      return asked.query.dry_run ? impactOnPack(asked, update) : shown(asked, await update(asked.ctx));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'delete',
    path: '/api/v1/tool-packs/{id}/',
    summary: 'Delete a tool pack; its connections stay',
    params,
    query: impactQuery,
    status: 204,
    dryRunStatus: 200,
    answer: null,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const remove = (ctx: typeof asked.ctx) => deletePack(ctx, asked.params.id);
      return asked.query.dry_run ? impactOnPack(asked, remove) : remove(asked.ctx);
    },
  }),
];

import { z } from '@hono/zod-openapi';
import { changeEntries, describeEntries, getPack, removeEntry, type Pack } from '../../../../packs/index.ts';
import { impactOnPack, impactQuery, impactSchema } from '../../impact.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readEntry, writeConnector } from './codec.ts';
import { entriesBody, packConnectorSchema } from './schema.ts';

const facts = { contract, tag: 'Tool packs', path: '/api/v1/tool-packs/{id}/connectors/' } as const;
const impact = { query: impactQuery, dryRunAnswer: impactSchema } as const;
const params = z.object({ id: idField<'pack'>() });
const answer = z.array(packConnectorSchema);

async function shown({ ctx }: Pick<Asked, 'ctx'>, pack: Pack): Promise<unknown> {
  const described = await describeEntries(ctx, [pack]);
  return described.get(pack.id)!.map(writeConnector);
}

export const entryRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'packs:read',
    method: 'get',
    summary: 'List the connectors of a pack, with their tools',
    params,
    status: 200,
    answer,
    handle: async (asked) => shown(asked, await getPack(asked.ctx, { id: asked.params.id })),
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'put',
    summary: 'Say the whole list of connectors',
    params,
    ...impact,
    body: entriesBody,
    status: 200,
    answer,
    handle: async (asked) => {
      const wishes = asked.body.map((entry) => readEntry(entry, 'replace'));
      const replace = (ctx: typeof asked.ctx) => changeEntries(ctx, asked.params.id, wishes, 'replace');
      return asked.query.dry_run ? impactOnPack(asked, replace) : shown(asked, await replace(asked.ctx));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'patch',
    summary: 'Add, change and remove the listed connectors; others stay',
    params,
    ...impact,
    body: entriesBody,
    status: 200,
    answer,
    handle: async (asked) => {
      const wishes = asked.body.map((entry) => readEntry(entry, 'merge'));
      const merge = (ctx: typeof asked.ctx) => changeEntries(ctx, asked.params.id, wishes, 'merge');
      return asked.query.dry_run ? impactOnPack(asked, merge) : shown(asked, await merge(asked.ctx));
    },
  }),
  route({
    ...facts,
    scope: 'packs:write',
    method: 'delete',
    path: '/api/v1/tool-packs/{id}/connectors/{slug}/',
    summary: 'Take a connector out of a pack',
    params: params.extend({ slug: z.string() }),
    ...impact,
    status: 204,
    dryRunStatus: 200,
    answer: null,
    handle: async (asked) => {
      const remove = (ctx: typeof asked.ctx) => removeEntry(ctx, asked.params.id, asked.params.slug);
      return asked.query.dry_run ? impactOnPack(asked, remove) : remove(asked.ctx);
    },
  }),
];

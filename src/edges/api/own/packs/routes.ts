import { z } from '@hono/zod-openapi';
import {
  createPack,
  deletePack,
  getPack,
  listPacks,
  packCosts,
  putEntry,
  removeEntry,
  updatePack,
  type Pack,
} from '../../../../packs/index.ts';
import { impactOnPack, impactQuery, impactSchema } from '../../impact.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { readEntry, readPack, writePack } from './codec.ts';
import {
  createPackBody,
  entryParams,
  packParams,
  packSchema,
  putEntryBody,
  updatePackBody,
} from './schema.ts';

const read = { contract, tag: 'Packs', scope: 'packs:read' } as const;
const write = { ...read, scope: 'packs:write' } as const;

async function envelopePack(asked: Asked, pack: Pack): Promise<unknown> {
  const costs = await packCosts(asked.ctx, [pack]);
  return envelope(asked, writePack(pack, costs.get(pack.id) ?? 0, asked.deps.publicUrl));
}

const impact = { query: impactQuery, dryRunAnswer: enveloped(impactSchema) } as const;

const envelopeImpact = async (
  asked: Asked<{ id: string }>,
  work: (ctx: Asked['ctx']) => Promise<unknown>,
): Promise<unknown> => envelope(asked, await impactOnPack(asked, work));

export const packRoutes: readonly Route[] = [
  route({
    ...read,
    method: 'get',
    path: '/v1/packs',
    summary: 'List packs, newest first',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(packSchema),
    handle: async (asked) => {
      const { ctx, deps } = asked;
      const listed = await listPacks(ctx, {}, cursorPage(asked, 'packs'));
      const costs = await packCosts(ctx, listed.rows);
      return cursorList(asked, 'packs', listed, (pack) =>
        writePack(pack, costs.get(pack.id) ?? 0, deps.publicUrl),
      );
    },
  }),
  route({
    ...write,
    method: 'post',
    path: '/v1/packs',
    summary: 'Make a pack',
    body: createPackBody,
    status: 201,
    answer: enveloped(packSchema),
    handle: async (asked) => envelopePack(asked, await createPack(asked.ctx, readPack(asked.body))),
  }),
  route({
    ...read,
    method: 'get',
    path: '/v1/packs/{id}',
    summary: 'Read a pack',
    params: packParams,
    status: 200,
    answer: enveloped(packSchema),
    handle: async (asked) => envelopePack(asked, await getPack(asked.ctx, { id: asked.params.id })),
  }),
  route({
    ...write,
    method: 'patch',
    path: '/v1/packs/{id}',
    summary: 'Change a pack; `entries` is the whole list; its slug never changes',
    params: packParams,
    ...impact,
    body: updatePackBody,
    status: 200,
    answer: enveloped(packSchema),
    handle: async (asked) => {
      const { ctx, params, query, body } = asked;
      const update = (at: typeof ctx) => updatePack(at, params.id, readPack(body));
      return query.dry_run ? envelopeImpact(asked, update) : envelopePack(asked, await update(ctx));
    },
  }),
  route({
    ...write,
    method: 'delete',
    path: '/v1/packs/{id}',
    summary: 'Remove a pack; its connections stay',
    params: packParams,
    ...impact,
    status: 204,
    dryRunStatus: 200,
    answer: null,
    handle: async (asked) => {
      const remove = (at: typeof asked.ctx) => deletePack(at, asked.params.id);
      return asked.query.dry_run ? envelopeImpact(asked, remove) : remove(asked.ctx);
    },
  }),
  route({
    ...write,
    method: 'put',
    path: '/v1/packs/{id}/entries/{slug}',
    summary: 'Put a connection into a pack, exactly as the body says',
    params: entryParams,
    ...impact,
    body: putEntryBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(packSchema),
    handle: async (asked) => {
      const { ctx, params, query, body } = asked;
      const put = (at: typeof ctx) => putEntry(at, params.id, readEntry(params.slug, body));
      return query.dry_run ? envelopeImpact(asked, put) : envelopePack(asked, await put(ctx));
    },
  }),
  route({
    ...write,
    method: 'delete',
    path: '/v1/packs/{id}/entries/{slug}',
    summary: 'Take a connection out of a pack',
    params: entryParams,
    ...impact,
    status: 204,
    dryRunStatus: 200,
    answer: null,
    handle: async (asked) => {
      const { ctx, params, query } = asked;
      const remove = (at: typeof ctx) => removeEntry(at, params.id, params.slug);
      return query.dry_run ? envelopeImpact(asked, remove) : void (await remove(ctx));
    },
  }),
];

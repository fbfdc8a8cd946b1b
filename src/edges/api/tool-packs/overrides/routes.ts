import { z } from '@hono/zod-openapi';
import {
  describeDescriptions,
  describeInputs,
  getPack,
  overridePackDescriptions,
  overridePackInputs,
  type Pack,
} from '../../../../packs/index.ts';
import { listDescriptionOverrides, overrideDescriptions } from '../../../../tools/index.ts';
import { impactOnPack, impactQuery, impactSchema } from '../../impact.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import {
  readDescriptions,
  readInputs,
  writeConnectorDescription,
  writeInputs,
  writePackDescription,
} from './codec.ts';
import { descriptionOverrideSchema, descriptionsBody, inputOverrideSchema, inputsBody } from './schema.ts';

const tag = 'Overrides';
const params = z.object({ id: idField<'pack'>() });
const everywhere = {
  contract,
  tag,
  path: '/api/v1/connectors/tool-description-overrides/',
  status: 200,
  answer: z.array(descriptionOverrideSchema),
} as const;
const inPack = {
  ...everywhere,
  path: '/api/v1/tool-packs/{id}/tool-description-overrides/',
  params,
} as const;
const inputsInPack = {
  ...inPack,
  path: '/api/v1/tool-packs/{id}/tool-input-overrides/',
  answer: z.array(inputOverrideSchema),
} as const;

const descriptionsOf = async ({ ctx }: Pick<Asked, 'ctx'>, pack: Pack): Promise<unknown> =>
  (await describeDescriptions(ctx, pack)).map(writePackDescription);

const inputsOf = async ({ ctx }: Pick<Asked, 'ctx'>, pack: Pack): Promise<unknown> =>
  (await describeInputs(ctx, pack)).map(writeInputs);

export const overrideRoutes: readonly Route[] = [
  route({
    ...everywhere,
    scope: 'tools:read',
    method: 'get',
    summary: 'List the descriptions that hold in every pack',
    handle: async ({ ctx }) => (await listDescriptionOverrides(ctx)).map(writeConnectorDescription),
  }),
  route({
    ...everywhere,
    scope: 'tools:write',
    method: 'patch',
    summary: 'Describe tools anew for every pack; null gives way to the service again',
    body: descriptionsBody,
    handle: async ({ ctx, body }) =>
      (await overrideDescriptions(ctx, readDescriptions(body))).map(writeConnectorDescription),
  }),
  route({
    ...inPack,
    scope: 'packs:read',
    method: 'get',
    summary: 'List the descriptions in force in a pack, and where each is defined',
    handle: async (asked) => descriptionsOf(asked, await getPack(asked.ctx, { id: asked.params.id })),
  }),
  route({
    ...inPack,
    scope: 'packs:write',
    method: 'patch',
    summary: 'Describe tools anew in one pack; null gives way to the connector again',
    query: impactQuery,
    body: descriptionsBody,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const { ctx, params, query, body } = asked;
      const describe = (at: typeof ctx) => overridePackDescriptions(at, params.id, readDescriptions(body));
      return query.dry_run ? impactOnPack(asked, describe) : descriptionsOf(asked, await describe(ctx));
    },
  }),
  route({
    ...inputsInPack,
    scope: 'packs:read',
    method: 'get',
    summary: 'List the input rules of a pack',
    handle: async (asked) => inputsOf(asked, await getPack(asked.ctx, { id: asked.params.id })),
  }),
  route({
    ...inputsInPack,
    scope: 'packs:write',
    method: 'patch',
    summary: 'Set input rules in one pack; they may only narrow what the connection says',
    query: impactQuery,
    body: inputsBody,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const { ctx, params, query, body } = asked;
      const rule = (at: typeof ctx) => overridePackInputs(at, params.id, readInputs(body));
      return query.dry_run ? impactOnPack(asked, rule) : inputsOf(asked, await rule(ctx));
    },
  }),
];

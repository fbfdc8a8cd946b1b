import { z } from '@hono/zod-openapi';
import {
  connectionLink,
  deleteConnection,
  documentLimit,
  getConnection,
  listConnections,
  reconnect,
  syncConnection,
  testConnection,
  updateConnection,
} from '../../../../connections/index.ts';
import { countTools } from '../../../../tools/index.ts';
import { foreseeSync, measureImpact } from '../../../../revisions/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField, queryBoolean } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import {
  readReconnect,
  writeConnection,
  writeLink,
  writeReconnected,
  writeSync,
  writeTested,
} from './codec.ts';
import { connect, preview } from './connect.ts';
import {
  connectBody,
  connectionSchema,
  dryRunQuery,
  linkBody,
  linkSchema,
  previewSchema,
  reconnectBody,
  reconnectedSchema,
  syncSchema,
  testedSchema,
  updateBody,
} from './schema.ts';

const facts = { contract, tag: 'Connections' } as const;
const params = z.object({ id: idField<'connection'>() });

export const connectionRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'connectors:read',
    method: 'get',
    path: '/v1/connections',
    summary: 'List connections, newest first',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(connectionSchema),
    handle: async (asked) => {
      const listed = await listConnections(asked.ctx, cursorPage(asked, 'connections'));
      const counts = await countTools(asked.ctx, listed.rows);
      return cursorList(asked, 'connections', listed, (row) => writeConnection(row, counts.get(row.id)));
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/connections',
    summary: 'Connect a catalog connector, an OpenAPI document or an MCP server',
    description:
      'With `?dry_run=true` nothing is created: the answer lists the tools, their effects and what they cost.',
    query: dryRunQuery,
    body: connectBody,
    bodyLimit: documentLimit,
    status: 201,
    dryRunStatus: 200,
    answer: enveloped(z.union([connectionSchema, previewSchema])),
    handle: async (asked) => {
      const { body, query } = asked;
      return envelope(asked, query.dry_run ? await preview(asked, body) : await connect(asked, body));
    },
  }),
  route({
    ...facts,
    scope: 'connectors:read',
    method: 'get',
    path: '/v1/connections/{id}',
    summary: 'Read a connection',
    params,
    status: 200,
    answer: enveloped(connectionSchema),
    handle: async (asked) => {
      const connection = await getConnection(asked.ctx, asked.params.id);
      const counts = await countTools(asked.ctx, [connection]);
      return envelope(asked, writeConnection(connection, counts.get(connection.id)));
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'patch',
    path: '/v1/connections/{id}',
    summary: 'Rename a connection, take it out of service, or say what of it asks; its slug never changes',
    params,
    query: impactQuery,
    body: updateBody,
    status: 200,
    answer: enveloped(connectionSchema),
    dryRunAnswer: enveloped(impactSchema),
    handle: async (asked) => {
      const { id } = asked.params;
      const { nickname, is_active: isActive } = asked.body;
      const update = (ctx: typeof asked.ctx) =>
        updateConnection(ctx, id, {
          nickname,
          isActive: isActive === null ? true : isActive,
          requiresConfirmation: asked.body.requires_confirmation,
          maxCallsPerTurn: asked.body.max_calls_per_turn,
          driftPolicy: asked.body.drift_policy === null ? 'hold' : asked.body.drift_policy,
        });
      if (asked.query.dry_run) {
        const impact = await measureImpact(asked.ctx, { connectionIds: [id] }, update);
        return envelope(asked, writeImpact(impact));
      }
      const connection = await update(asked.ctx);
      const counts = await countTools(asked.ctx, [connection]);
      return envelope(asked, writeConnection(connection, counts.get(connection.id)));
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'delete',
    path: '/v1/connections/{id}',
    summary: 'Remove a connection with its tools and credentials',
    description: 'Refused while a pack uses it; `?force=true` removes the entries too.',
    params,
    query: z.object({ force: queryBoolean() }),
    status: 204,
    answer: null,
    handle: async ({ ctx, params, query }) =>
      deleteConnection(ctx, params.id, { force: query.force ?? false }),
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/connections/{id}/sync',
    summary: 'Read the service’s tools again',
    description: 'With `?dry_run=true` it is read, and the answer is what accepting all of it would do.',
    params,
    query: impactQuery,
    status: 200,
    answer: enveloped(syncSchema),
    dryRunAnswer: enveloped(impactSchema),
    handle: async (asked) => {
      const { ctx, params: at, query } = asked;
      if (query.dry_run) return envelope(asked, writeImpact(await foreseeSync(ctx, at.id)));
      return envelope(asked, writeSync((await syncConnection(ctx, at.id)).sync));
    },
  }),
  route({
    ...facts,
    scope: 'credentials:write',
    method: 'post',
    path: '/v1/connections/{id}/connect',
    summary: 'Make a link by which a person connects the organization’s account',
    params,
    body: linkBody,
    bodyOptional: true,
    status: 201,
    answer: enveloped(linkSchema),
    handle: async (asked) => {
      const { callback_url: callbackUrl = null, state = null } = asked.body;
      return envelope(
        asked,
        writeLink(await connectionLink(asked.ctx, asked.params.id, { callbackUrl, state })),
      );
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/connections/{id}/reconnect',
    summary: 'Connect the account again in place; id, slug, pins and packs stay',
    description:
      'A key is tried at the service before it is stored; one of another account needs `accept_other_account`. OAuth answers `connect_url`.',
    params,
    body: reconnectBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(reconnectedSchema),
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      const done = await reconnect(ctx, params.id, readReconnect(body));
      const counts = await countTools(ctx, [done.connection]);
      return envelope(asked, writeReconnected(done, counts.get(done.connection.id)));
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/connections/{id}/test',
    summary: 'Try whether a connection works now; a service that refuses is an answer',
    params,
    status: 200,
    answer: enveloped(testedSchema),
    handle: async (asked) => envelope(asked, writeTested(await testConnection(asked.ctx, asked.params.id))),
  }),
];

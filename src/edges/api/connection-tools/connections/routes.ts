import { z } from '@hono/zod-openapi';
import {
  connectOpenapi,
  deleteConnection,
  discoverMcp,
  documentLimit,
  finalizeConnection,
  getConnection,
  lastRefreshes,
  lastUses,
  listConnections,
  previewOpenapi,
  reconnect,
  startConnect,
  startMcp,
  syncConnection,
  updateConnection,
  type Connection,
} from '../../../../connections/index.ts';
import { acceptChanges, foreseeSync, measureImpact } from '../../../../revisions/index.ts';
import { listTools, priceTools } from '../../../../tools/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { connectionToolsContract as contract } from '../errors.ts';
import {
  readCustomMcp,
  readOpenapi,
  readReconnect,
  readUpdate,
  writeConnection,
  writeCustomMcp,
  writeDiscovered,
  writeHeld,
  writePreview,
  writeStarted,
  writeStatus,
  writeSync,
} from './codec.ts';
import {
  acceptBody,
  connectionParams as params,
  connectionSchema,
  customMcpBody,
  customMcpSchema,
  discoverBody,
  discoveredSchema,
  dryRunQuery,
  finalizeBody,
  finalizedSchema,
  forceQuery,
  importedSchema,
  importPreviewSchema,
  openapiBody,
  reconnectBody,
  reconnectedSchema,
  startBody,
  startedSchema,
  syncedSchema,
  updateConnectionBody,
} from './schema.ts';

const read = { contract, tag: 'Connections', scope: 'tools:read' } as const;
const write = { ...read, scope: 'tools:write' } as const;
const base = '/v1/integrations/connections';

const withTools = async ({ ctx }: Pick<Asked, 'ctx'>, connection: Connection) => {
  const used = await lastUses(ctx, [connection]);
  const refreshed = await lastRefreshes(ctx, [connection]);
  return writeConnection(connection, await listTools(ctx, [connection]), {
    lastUsed: used.get(connection.id),
    lastRefreshed: refreshed.get(connection.id),
  });
};

export const connectionRoutes: readonly Route[] = [
  route({
    ...write,
    method: 'post',
    path: base,
    summary: 'Begin to connect a catalog integration: answers the page a person opens',
    body: startBody,
    names: { connector: 'integration_key', config: 'integration_key' },
    status: 201,
    answer: startedSchema,
    handle: async ({ ctx, body }) => {
      const { integration_key: connector, nickname } = body;
      const { connection, link } = await startConnect(ctx, { connector, nickname });
      return writeStarted(connection, link);
    },
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/custom-mcp`,
    summary: 'Connect an MCP server',
    body: customMcpBody,
    status: 201,
    answer: customMcpSchema,
    handle: async ({ ctx, body }) => {
      const { connection, link } = await startMcp(ctx, readCustomMcp(body));
      return writeCustomMcp(connection, link);
    },
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/custom-mcp/discover`,
    summary: 'Ask an MCP server how to sign in to it; creates nothing',
    body: discoverBody,
    status: 200,
    answer: discoveredSchema,
    handle: async ({ ctx, body }) => writeDiscovered(await discoverMcp(ctx, { serverUrl: body.server_url })),
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/openapi`,
    summary: 'Import an OpenAPI document and connect it',
    query: dryRunQuery,
    body: openapiBody,
    bodyLimit: documentLimit,
    status: 201,
    dryRunStatus: 200,
    answer: z.union([importedSchema, importPreviewSchema]),
    handle: async ({ ctx, body, query }) => {
      const input = readOpenapi(body);
      if (query.dry_run) {
        const imported = await previewOpenapi(ctx, input);
        return writePreview(priceTools(input.nickname, imported.tools, imported.warnings), imported);
      }
      const { connection } = await connectOpenapi(ctx, input);
      return { connection_id: connection.id, status: writeStatus(connection) };
    },
  }),
  route({
    ...read,
    method: 'get',
    path: base,
    summary: 'List connections with their tools, newest first',
    status: 200,
    answer: z.array(connectionSchema),
    handle: async ({ ctx }) => {
      const { rows } = await listConnections(ctx, null);
      const tools = Map.groupBy(await listTools(ctx, rows), ({ connection }) => connection.id);
      const used = await lastUses(ctx, rows);
      const refreshed = await lastRefreshes(ctx, rows);
      return rows.map((connection) =>
        writeConnection(connection, tools.get(connection.id) ?? [], {
          lastUsed: used.get(connection.id),
          lastRefreshed: refreshed.get(connection.id),
        }),
      );
    },
  }),
  route({
    ...read,
    method: 'get',
    path: `${base}/{connection_id}`,
    summary: 'Read a connection with its tools',
    params,
    status: 200,
    answer: connectionSchema,
    handle: async (asked) => withTools(asked, await getConnection(asked.ctx, asked.params.connection_id)),
  }),
  route({
    ...write,
    method: 'patch',
    path: `${base}/{connection_id}`,
    summary: 'Rename a connection or take it out of service; its slug never changes',
    params,
    query: impactQuery,
    body: updateConnectionBody,
    status: 200,
    answer: connectionSchema,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const { ctx, query, body } = asked;
      const id = asked.params.connection_id;
      const update = (at: typeof ctx) => updateConnection(at, id, readUpdate(body));
      if (query.dry_run) return writeImpact(await measureImpact(ctx, { connectionIds: [id] }, update));
      return withTools(asked, await update(ctx));
    },
  }),
  route({
    ...write,
    method: 'delete',
    path: `${base}/{connection_id}`,
    summary: 'Remove a connection; refused while a pack uses it, unless forced',
    params,
    query: forceQuery,
    status: 204,
    answer: null,
    handle: async ({ ctx, params, query }) =>
      deleteConnection(ctx, params.connection_id, { force: query.force ?? false }),
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/{connection_id}/finalize`,
    summary: 'After consent: the connection, and the agents that its failure still holds',
    description: 'As often as one likes; before consent 409.',
    params,
    body: finalizeBody,
    bodyOptional: true,
    status: 200,
    answer: finalizedSchema,
    handle: async (asked) => {
      const activateAgents = asked.body.activate_agents ?? null;
      const { connection, held } = await finalizeConnection(asked.ctx, asked.params.connection_id, {
        activateAgents,
      });
      return { ...(await withTools(asked, connection)), held_agents: writeHeld(held) };
    },
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/{connection_id}/reconnect`,
    summary: 'Connect the account again in place; id, slug, pins and packs stay',
    description:
      'A key is tried at the service before it is stored. For OAuth send nothing: `authorize_url` is where a person consents, and finalize activates agents then.',
    params,
    body: reconnectBody,
    bodyOptional: true,
    status: 200,
    answer: reconnectedSchema,
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      const { connection, held, link } = await reconnect(ctx, params.connection_id, readReconnect(body));
      return {
        ...(await withTools(asked, connection)),
        held_agents: writeHeld(held),
        authorize_url: link?.url ?? null,
      };
    },
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/{connection_id}/sync`,
    summary: 'Read the service’s tools again',
    description: 'With `?dry_run=true` it is read, and the answer is what accepting all of it would do.',
    params,
    query: impactQuery,
    status: 200,
    answer: syncedSchema,
    dryRunAnswer: impactSchema,
    handle: async ({ ctx, params: { connection_id: id }, query }) =>
      query.dry_run
        ? writeImpact(await foreseeSync(ctx, id))
        : writeSync((await syncConnection(ctx, id)).sync),
  }),
  route({
    ...write,
    method: 'post',
    path: `${base}/{connection_id}/accept`,
    summary: 'Accept what is held of a connection’s tools, all of it or of these tools',
    description: 'A connection of the catalog moves whole and is upgraded: 409.',
    params,
    query: impactQuery,
    body: acceptBody,
    bodyOptional: true,
    status: 200,
    answer: connectionSchema,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const { ctx, query, body } = asked;
      const id = asked.params.connection_id;
      const accept = (at: typeof ctx) =>
        acceptChanges(at, id, { toolIds: body.tool_ids ?? null, digests: body.digests ?? null });
      if (query.dry_run) return writeImpact(await measureImpact(ctx, { connectionIds: [id] }, accept));
      return withTools(asked, (await accept(ctx)).connection);
    },
  }),
];

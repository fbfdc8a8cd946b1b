import {
  accountStateOf,
  deleteConnection,
  getInWorkspace,
  listInWorkspace,
  surroundingsOf,
  type Connection,
} from '../../../../connections/index.ts';
import { enterWorkspace, type Workspace } from '../../../../access/index.ts';
import {
  measureImpact,
  upgradeConnection,
  versionStates,
  type Upgraded,
} from '../../../../revisions/index.ts';
import { configureConnection, connectConfigured, listTools } from '../../../../tools/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { cursorPage, nextCursor } from '../../lists.ts';
import { route, type Asked, type Route } from '../../route.ts';
import { readName } from '../codec.ts';
import { orgsContract as contract } from '../errors.ts';
import { writeInstance, writeUpgraded } from './codec.ts';
import { names, readPatch, saidInPlace } from './patch/codec.ts';
import {
  createBody,
  forceQuery,
  instanceParams,
  instanceSchema,
  instancesSchema,
  listQuery,
  toggleQuery,
  updateBody,
  upgradeBody,
  upgradedSchema,
  workspaceParams,
} from './schema.ts';

const read = { contract, tag: 'Tool instances', scope: 'tools:read' } as const;
const write = { ...read, scope: 'tools:write' } as const;
const base = '/v1/orgs/{org}/workspaces/{workspace}/tool-instances';
const one = `${base}/{instance_id}`;

type InWorkspace = Pick<Asked, 'ctx'> & { params: { org: string; workspace: string } };

const enter = ({ ctx, params }: InWorkspace): Promise<Workspace> =>
  enterWorkspace(ctx, { organization: readName(params.org), workspace: readName(params.workspace) });

async function find(asked: InWorkspace & { params: { instance_id: string } }): Promise<Connection> {
  const workspace = await enter(asked);
  return getInWorkspace(asked.ctx, workspace.id, asked.params.instance_id);
}

async function writeAll({ ctx }: Pick<Asked, 'ctx'>, connections: readonly Connection[]) {
  const tools = Map.groupBy(await listTools(ctx, connections), ({ connection }) => connection.id);
  const around = await surroundingsOf(ctx, connections);
  const account = await accountStateOf(ctx, connections);
  const versions = await versionStates(ctx, connections);
  return connections.map((connection) =>
    writeInstance(
      connection,
      (tools.get(connection.id) ?? []).map(({ tool }) => tool),
      { ...around(connection), account: account(connection), version: versions.get(connection.id)! },
    ),
  );
}

const writeOne = async (asked: Pick<Asked, 'ctx'>, connection: Connection) =>
  (await writeAll(asked, [connection]))[0];

export const toolInstanceRoutes: readonly Route[] = [
  route({
    ...read,
    method: 'get',
    path: base,
    summary: 'List a workspace’s tool instances, newest first',
    params: workspaceParams,
    query: listQuery,
    status: 200,
    answer: instancesSchema,
    handle: async (asked) => {
      const workspace = await enter(asked);
      const { tool_id: connector, active_only: active, namespace_id: namespaceId } = asked.query;
      const list = `tool-instances ${workspace.id}`;
      const page = cursorPage(asked, list);
      const listed = await listInWorkspace(asked.ctx, workspace.id, { connector, active, namespaceId }, page);
      const next = nextCursor(asked, list, listed);
      const instances = await writeAll(asked, listed.rows);
      return { total: listed.count, has_more: next !== null, next_cursor: next, instances };
    },
  }),
  route({
    ...write,
    method: 'post',
    path: base,
    summary: 'Connect a connector of the catalog with everything that is said of it',
    params: workspaceParams,
    body: createBody,
    names,
    status: 201,
    answer: instanceSchema,
    handle: async (asked) => {
      const { ctx, body } = asked;
      const workspace = await enter(asked);
      const { nickname: _name, ...patch } = readPatch(body);
      const wish = {
        connector: body.tool_id,
        nickname: body.name,
        workspace: workspace.id,
        credential: null,
      };
      return writeOne(asked, await saidInPlace(body, () => connectConfigured(ctx, wish, patch)));
    },
  }),
  route({
    ...read,
    method: 'get',
    path: one,
    summary: 'Read a tool instance',
    params: instanceParams,
    status: 200,
    answer: instanceSchema,
    handle: async (asked) => writeOne(asked, await find(asked)),
  }),
  route({
    ...write,
    method: 'put',
    path: one,
    summary: 'Change a tool instance; absent leaves, null clears, a map that is given replaces the whole one',
    params: instanceParams,
    query: impactQuery,
    body: updateBody,
    names,
    status: 200,
    answer: instanceSchema,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const { ctx, body, query } = asked;
      const { id } = await find(asked);
      if (query.dry_run) {
        const change = (at: typeof ctx) =>
          configureConnection(at, id, readPatch(body), { isRehearsal: true });
        return saidInPlace(body, async () =>
          writeImpact(await measureImpact(ctx, { connectionIds: [id] }, change)),
        );
      }
      return writeOne(asked, await saidInPlace(body, () => configureConnection(ctx, id, readPatch(body))));
    },
  }),
  route({
    ...write,
    method: 'delete',
    path: one,
    summary: 'Remove a tool instance; refused while a pack or an agent uses it, unless forced',
    params: instanceParams,
    query: forceQuery,
    status: 204,
    answer: null,
    handle: async (asked) => {
      const { id } = await find(asked);
      await deleteConnection(asked.ctx, id, { force: asked.query.force ?? false });
    },
  }),
  route({
    ...write,
    method: 'post',
    path: `${one}/toggle`,
    summary: 'Take a tool instance out of service or back into it',
    params: instanceParams,
    query: toggleQuery,
    status: 200,
    answer: instanceSchema,
    dryRunAnswer: impactSchema,
    handle: async (asked) => {
      const { id } = await find(asked);
      const { is_active: isActive, dry_run: isRehearsal } = asked.query;
      const toggle = (at: typeof asked.ctx) => configureConnection(at, id, { isActive }, { isRehearsal });
      if (isRehearsal) return writeImpact(await measureImpact(asked.ctx, { connectionIds: [id] }, toggle));
      return writeOne(asked, await toggle(asked.ctx));
    },
  }),
  route({
    ...write,
    method: 'post',
    path: `${one}/upgrade`,
    summary: 'Move a tool instance to its newest version, or back to one it has been on',
    description: 'Whole or not at all: everything said of its actions comes along over renames.',
    params: instanceParams,
    query: impactQuery,
    body: upgradeBody,
    bodyOptional: true,
    status: 200,
    answer: upgradedSchema,
    handle: async (asked) => {
      const { ctx, query, body } = asked;
      const { id } = await find(asked);
      const wish = { targetVersion: body.target_version ?? null };
      if (!body.dry_run && !query.dry_run) return writeUpgraded(await upgradeConnection(ctx, id, wish), null);
      const would: Upgraded[] = [];
      const impact = await measureImpact(ctx, { connectionIds: [id] }, async (at) =>
        would.push(await upgradeConnection(at, id, wish)),
      );
      return writeUpgraded(would[0]!, impact);
    },
  }),
];

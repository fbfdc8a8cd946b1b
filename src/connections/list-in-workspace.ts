import { authorize, authorizeAny, mayUseWorkspace, read, type Ctx } from '../access/index.ts';
import {
  connectorId,
  findFaces,
  type Catalog,
  type ConfigField,
  type ConnectorFace,
} from '../connectors/index.ts';
import { readUsages, type Usage } from '../journal/index.ts';
import { notFound, parseId, type Listed, type Position, type Tx } from '../kernel/index.ts';
import { configFieldsOf } from './change-configuration.ts';
import type { Connection } from './connection.ts';
import { shownConfig } from './server-address.ts';
import { connectedSlugs, countConnectionRows, findConnection, listConnectionRows } from './store.ts';

export type WorkspaceFilter = {
  /** A connector's id or slug. */
  connector?: string;
  active?: boolean;
  namespaceId?: string;
};

/** A workspace's connections, newest first, and how many there are in all. */
export async function listInWorkspace(
  ctx: Ctx,
  workspaceId: string,
  filter: WorkspaceFilter,
  page: { limit: number; after: Position | null },
): Promise<Listed<Connection> & { count: number }> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:read');
  if (!mayUseWorkspace(principal, workspaceId)) throw notFound();
  const { organizationId } = principal;
  return read(ctx, async (tx) => {
    const { connector, active, namespaceId } = filter;
    const connectorSlug =
      connector === undefined ? undefined : await slugNamed(tx, organizationId, connector);
    const wanted = { workspaceIds: [workspaceId], active, namespaceId, connectorSlug };
    const count = await countConnectionRows(tx, organizationId, wanted);
    return { ...(await listConnectionRows(tx, organizationId, wanted, page)), count };
  });
}

/** The slug of a connector that is named by id or slug; what names none is the slug of none. */
async function slugNamed(tx: Tx, organizationId: string, named: string): Promise<string> {
  const id = parseId(named);
  if (id === null) return named;
  const slugs = await connectedSlugs(tx, organizationId);
  const isNamed = (slug: string): boolean =>
    connectorId(organizationId, slug) === id || connectorId(null, slug) === id;
  return slugs.find(isNamed) ?? named;
}

/** One connection of a workspace. Fault `not_found` also where it is in another one. */
export async function getInWorkspace(
  ctx: Ctx,
  workspaceId: string,
  connectionId: string,
): Promise<Connection> {
  const { principal } = ctx.caller;
  authorizeAny(principal, ['tools:read', 'tools:write']);
  const found = await read(ctx, (tx) => findConnection(tx, principal.organizationId, { id: connectionId }));
  if (!found || found.workspaceId !== workspaceId || !mayUseWorkspace(principal, workspaceId))
    throw notFound();
  return found;
}

/** What is known beside its row of a connection that the caller has been shown already. */
export type Surroundings = {
  /** Its connector's newest version. */
  connector: ConnectorFace | null;
  /** What it is configured with, as people may see it. */
  config: Readonly<Record<string, unknown>>;
  /** What it may be configured with, at its own version. */
  configFields: readonly ConfigField[];
  usage: Usage | null;
};

export async function surroundingsOf(
  ctx: Ctx & { catalog: Catalog },
  connections: readonly Connection[],
): Promise<(connection: Connection) => Surroundings> {
  const { organizationId } = ctx.caller.principal;
  const ids = connections.map(({ id }) => id);
  const slugs = [...new Set(connections.map(({ connectorSlug }) => connectorSlug))];
  return read(ctx, async (tx) => {
    const faces = await findFaces(tx, ctx.catalog, organizationId, slugs);
    const usages = await readUsages(tx, organizationId, ids);
    const older = new Map<string, readonly ConfigField[]>();
    for (const connection of connections) {
      const face = faces.get(connection.connectorSlug);
      const isNewest = face?.file.version === connection.connectorVersion;
      const key = versionKey(connection);
      if (isNewest || connection.kind !== 'catalog' || older.has(key)) continue;
      older.set(key, await configFieldsOf(tx, ctx, connection));
    }
    return (connection) => {
      const connector = faces.get(connection.connectorSlug) ?? null;
      const hasFields = connection.kind === 'catalog' || connection.kind === 'mcp';
      const newest = hasFields ? (connector?.file.config ?? []) : [];
      return {
        connector,
        config: shownConfig(connection, connector?.file ?? null),
        configFields: older.get(versionKey(connection)) ?? newest,
        usage: usages.get(connection.id) ?? null,
      };
    };
  });
}

const versionKey = ({ connectorSlug, connectorVersion }: Connection): string =>
  `${connectorSlug} ${connectorVersion}`;

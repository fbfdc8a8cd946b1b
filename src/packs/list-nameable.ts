import { authorize, mayUseWorkspace, read } from '../access/index.ts';
import { connectsUntold, findConnection, listConnectionRows, type Connection } from '../connections/index.ts';
import { findConnector, listFaces, type ConnectorFace, type ConnectorFile } from '../connectors/index.ts';
import { notFound, type Listed, type ListPage, type Tx } from '../kernel/index.ts';
import { toolsOfConnections } from '../tools/index.ts';
import { faceOf, servedTools, type Face, type ShownTool } from './describe-entries.ts';
import type { PacksCtx } from './resolve-wish.ts';

/** Something a pack may name by its slug: a connection, or a connector whose connection is made on first use. */
export type Nameable = { slug: string; connectorId: string; face: Face; tools: readonly ShownTool[] };

type Named = { slug: string; connection: Connection } | { slug: string; connector: ConnectorFace };

/** What a pack may name, by slug. A connection stands before the connector of the same slug, as in a pack. */
export async function listNameable(
  ctx: PacksCtx,
  page: Extract<ListPage, { offset: number }>,
): Promise<Listed<Nameable>> {
  const { principal } = ctx.caller;
  authorize(principal, 'connectors:read');
  return read(ctx, async (tx) => {
    const faces = await listFaces(tx, ctx.catalog, principal.organizationId);
    // All of them, also those of other workspaces: a slug that is taken names no connector.
    const { rows } = await listConnectionRows(tx, principal.organizationId, { workspaceIds: null }, null);
    const taken = new Set(rows.map((connection) => connection.slug));
    const named: Named[] = [
      ...rows
        .filter((connection) => mayUseWorkspace(principal, connection.workspaceId))
        .map((connection) => ({ slug: connection.slug, connection })),
      ...[...faces.values()]
        .filter(({ file }) => !taken.has(file.slug) && connectsUntold(file))
        .map((connector) => ({ slug: connector.file.slug, connector })),
    ];
    named.sort((a, b) => (a.slug < b.slug ? -1 : 1));
    const shown = named.slice(page.offset, page.offset + page.limit);
    return { rows: await describeAll(tx, ctx, shown, faces), next: null, count: named.length };
  });
}

/** One of them. Fault `not_found` for a slug that a pack could not name. */
export async function getNameable(ctx: PacksCtx, slug: string): Promise<Nameable> {
  const { principal } = ctx.caller;
  authorize(principal, 'connectors:read');
  return read(ctx, async (tx) => {
    const faces = await listFaces(tx, ctx.catalog, principal.organizationId);
    const connection = await findConnection(tx, principal.organizationId, { slug });
    const connector = connection ? undefined : faces.get(slug);
    if (connection && !mayUseWorkspace(principal, connection.workspaceId)) throw notFound();
    if (connector && !connectsUntold(connector.file)) throw notFound();
    const named = connection ? { slug, connection } : connector && { slug, connector };
    if (!named) throw notFound();
    const [shown] = await describeAll(tx, ctx, [named], faces);
    return shown!;
  });
}

async function describeAll(
  tx: Tx,
  ctx: PacksCtx,
  named: readonly Named[],
  faces: ReadonlyMap<string, ConnectorFace>,
): Promise<readonly Nameable[]> {
  const { organizationId } = ctx.caller.principal;
  const ids = named.flatMap((one) => ('connection' in one ? [one.connection.id] : []));
  const tools = Map.groupBy(await toolsOfConnections(tx, organizationId, ids), (tool) => tool.connectionId);
  const described: Nameable[] = [];
  for (const one of named) {
    if ('connection' in one) {
      const { slug, connection } = one;
      const served = servedTools(connection, tools.get(connection.id) ?? []);
      described.push({ slug, connectorId: connection.id, face: faceOf(connection, faces), tools: served });
      continue;
    }
    const entry = await findConnector(tx, ctx.catalog, organizationId, one.slug);
    const { id, file } = one.connector;
    const { name, source_url: sourceUrl, logo_url: logoUrl, categories } = file;
    const face = { name, sourceUrl, logoUrl, categories };
    described.push({ slug: one.slug, connectorId: id, face, tools: toolsOfFile(entry?.file) });
  }
  return described;
}

/** What a connection made now would serve. */
const toolsOfFile = (file: ConnectorFile | undefined): readonly ShownTool[] =>
  (file?.tools ?? [])
    .filter((tool) => tool.quarantine === null)
    .map(({ name, description, inputSchema }) => ({ name, description, inputSchema, state: 'served' }));

import { authorize, authorizeAny, mayUseWorkspace, read, type Ctx } from '../access/index.ts';
import { findConnection, type Connection } from '../connections/index.ts';
import { notFound, type Page, type Position, type Tx } from '../kernel/index.ts';
import { findTool, toolsAfter, toolsOfConnections } from './store.ts';
import type { Tool } from './tool.ts';

export type ToolOfConnection = { tool: Tool; connection: Connection };

/**
 * A tool with its connection, as the caller may see it. With `connectionId` the parent's ownership is
 * checked first: a tool under any connection but its own is absent. One Fault `not_found` for all of it.
 */
export async function requireTool(
  tx: Tx,
  ctx: Ctx,
  which: { toolId: string; connectionId?: string },
  lock = false,
): Promise<ToolOfConnection> {
  const { principal } = ctx.caller;
  const { organizationId } = principal;
  const parent =
    which.connectionId === undefined
      ? null
      : await findConnection(tx, organizationId, { id: which.connectionId });
  if (which.connectionId !== undefined && !parent) throw notFound();
  const tool = await findTool(tx, organizationId, { id: which.toolId }, lock);
  if (!tool || (parent && tool.connectionId !== parent.id)) throw notFound();
  const connection = parent ?? (await findConnection(tx, organizationId, { id: tool.connectionId }));
  if (!connection || !mayUseWorkspace(principal, connection.workspaceId)) throw notFound();
  return { tool, connection };
}

export async function getTool(
  ctx: Ctx,
  which: { toolId: string; connectionId?: string },
): Promise<ToolOfConnection> {
  authorize(ctx.caller.principal, 'tools:read');
  return read(ctx, (tx) => requireTool(tx, ctx, which));
}

/** One connection's tools, a page at a time, in the order the service lists them. */
export async function pageTools(
  ctx: Ctx,
  connection: Connection,
  page: { limit: number; after: Position | null },
): Promise<Page<ToolOfConnection>> {
  authorize(ctx.caller.principal, 'tools:read');
  const { limit } = page;
  const after = page.after && { position: Number(page.after.at), id: page.after.id };
  const found = await read(ctx, (tx) =>
    toolsAfter(tx, ctx.caller.principal.organizationId, connection.id, { limit, after }),
  );
  const rows = found.slice(0, limit).map((tool) => ({ tool, connection }));
  const last = found.length > limit ? rows.at(-1) : undefined;
  return { rows, next: last ? { at: String(last.tool.position), id: last.tool.id } : null };
}

/** What one connection, which the caller has been shown already, can do: for whoever may see connections. */
export async function toolsOf(ctx: Ctx, connection: Connection): Promise<readonly Tool[]> {
  const { principal } = ctx.caller;
  authorize(principal, 'connectors:read');
  return read(ctx, (tx) => toolsOfConnections(tx, principal.organizationId, [connection.id]));
}

/** The tools of these connections, which the caller has been shown already. */
export async function listTools(
  ctx: Ctx,
  connections: readonly Connection[],
): Promise<readonly ToolOfConnection[]> {
  // Whoever may change tools is shown what became of them.
  authorizeAny(ctx.caller.principal, ['tools:read', 'tools:write']);
  const byId = new Map(connections.map((connection) => [connection.id, connection]));
  const tools = await read(ctx, (tx) =>
    toolsOfConnections(tx, ctx.caller.principal.organizationId, [...byId.keys()]),
  );
  return tools.map((tool) => ({ tool, connection: byId.get(tool.connectionId)! }));
}

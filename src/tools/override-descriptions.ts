import { authorize, change, mayUseWorkspace, read, type Ctx } from '../access/index.ts';
import { findConnection, listConnectionRows, type Connection } from '../connections/index.ts';
import { bodyProblem, invalid, type Tx } from '../kernel/index.ts';
import { toolsOfConnections, updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

/** One description an author put over the service's. */
export type DescriptionOverride = { connectorSlug: string; toolName: string; description: string };
export type DescriptionWish = { connectorSlug: string; toolName: string; description: string | null };

/** Sets or (with null) clears descriptions of tools for every pack; all or nothing. Answers all that are in force. */
export async function overrideDescriptions(
  ctx: Ctx,
  wishes: readonly DescriptionWish[],
): Promise<readonly DescriptionOverride[]> {
  authorize(ctx.caller.principal, 'tools:write');
  return change(ctx, 'tools.described', async (tx) => {
    const changes: Record<string, string | null> = {};
    const known = await lockTools(tx, ctx, wishes);
    const named = new Set<string>();
    for (const [index, wish] of wishes.entries()) {
      const tools = known.get(wish.connectorSlug);
      if (!tools) {
        throw invalid(bodyProblem('unknown_connector', [index, 'connector_slug'], 'No such connector.'));
      }
      const tool = tools.find((candidate) => candidate.name === wish.toolName);
      if (!tool) {
        throw invalid(bodyProblem('unknown_tool', [index, 'tool_name'], 'The connector has no such tool.'));
      }
      if (named.has(tool.id))
        throw invalid(bodyProblem('duplicate', [index], 'The same tool is listed twice.'));
      named.add(tool.id);
      if (tool.curation.description === wish.description) continue;
      await updateToolRow(tx, tool.organizationId, tool.id, {
        description: wish.description,
        updated_at: ctx.clock.now(),
      });
      changes[tool.slug] = wish.description;
    }
    const moved = Object.keys(changes).length > 0;
    const result = await descriptionsInForce(tx, ctx);
    return { result, target: { type: 'tool', id: null }, changes: moved ? changes : null };
  });
}

/** The tools of the named connections, held in the order of their slugs so that two requests never wait for each other. */
async function lockTools(
  tx: Tx,
  ctx: Ctx,
  wishes: readonly DescriptionWish[],
): Promise<ReadonlyMap<string, readonly Tool[]>> {
  const { principal } = ctx.caller;
  const slugs = [...new Set(wishes.map((wish) => wish.connectorSlug))].sort();
  const found: Connection[] = [];
  for (const slug of slugs) {
    const connection = await findConnection(tx, principal.organizationId, { slug }, true);
    if (connection && mayUseWorkspace(principal, connection.workspaceId)) found.push(connection);
  }
  const ids = found.map((connection) => connection.id);
  const tools = await toolsOfConnections(tx, principal.organizationId, ids);
  return new Map(found.map(({ id, slug }) => [slug, tools.filter((tool) => tool.connectionId === id)]));
}

/** Every description in force for all packs. */
export async function listDescriptionOverrides(ctx: Ctx): Promise<readonly DescriptionOverride[]> {
  authorize(ctx.caller.principal, 'tools:read');
  return read(ctx, (tx) => descriptionsInForce(tx, ctx));
}

async function descriptionsInForce(tx: Tx, ctx: Ctx): Promise<readonly DescriptionOverride[]> {
  const { organizationId, workspaceIds } = ctx.caller.principal;
  const { rows } = await listConnectionRows(tx, organizationId, { workspaceIds }, null);
  const slugs = new Map(rows.map((connection) => [connection.id, connection.slug]));
  const overridden = (await toolsOfConnections(tx, organizationId, [...slugs.keys()])).flatMap((tool) => {
    const { description } = tool.curation;
    const connectorSlug = slugs.get(tool.connectionId)!;
    return description === null ? [] : [{ connectorSlug, toolName: tool.name, description }];
  });
  // Stable, so that tools keep the order of their service.
  return overridden.toSorted((a, b) =>
    a.connectorSlug < b.connectorSlug ? -1 : Number(a.connectorSlug > b.connectorSlug),
  );
}

import { mayUseWorkspace, read, type Ctx } from '../access/index.ts';
import {
  describeTool,
  effectiveTool,
  getOwn,
  isServable,
  responseSchemaOf,
  tokenCost,
  toolsOfConnections,
  type PackCuration,
  type Tool,
} from '../tools/index.ts';
import type { Pack } from './pack.ts';

/** Tokens each of these packs takes in a model's context: the sum over the tools it serves. */
export async function packCosts(ctx: Ctx, packs: readonly Pack[]): Promise<ReadonlyMap<string, number>> {
  const { principal } = ctx.caller;
  const connections = new Set(packs.flatMap((pack) => pack.entries.map((entry) => entry.connection.id)));
  const tools = await read(ctx, (tx) => toolsOfConnections(tx, principal.organizationId, [...connections]));
  const byConnection = Map.groupBy(tools, (tool) => tool.connectionId);
  const costs = packs.map((pack): [string, number] => {
    let cost = 0;
    for (const { connection, selection, overrides } of pack.entries) {
      if (!connection.isActive || !mayUseWorkspace(principal, connection.workspaceId)) continue;
      const names = selection.kind === 'exactly' ? new Set(selection.names) : null;
      for (const tool of byConnection.get(connection.id) ?? []) {
        if (!isServable(tool, connection)) continue;
        if (!names || names.has(tool.name)) cost += costOf(tool, getOwn(overrides, tool.name), pack);
      }
    }
    return [pack.id, cost];
  });
  return new Map(costs);
}

/** Remembered with the tool where the pack says nothing of its own; its plain name costs a little less. */
function costOf(tool: Tool, override: PackCuration | undefined, pack: Pack): number {
  if (!override) return describeTool(tool).tokenCost.served;
  const beside = { responseSchema: responseSchemaOf(tool) };
  const name = pack.names === 'plain' ? tool.name : tool.slug;
  return tokenCost(effectiveTool(tool.definition, beside, tool.curation, override, name).tool);
}

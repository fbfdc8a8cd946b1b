import type { Agent } from '../../agents/index.ts';
import { agentsHolding } from '../../agents/index.ts';
import { findConnectionsById, type Connection } from '../../connections/index.ts';
import type { Tx } from '../../kernel/index.ts';
import { findPack, packsHolding, type Pack } from '../../packs/index.ts';
import { findTool, toolsOfConnections, type Tool } from '../../tools/index.ts';

/** Whose impact is looked at: connections (or that of a tool), wherever they are served; or one pack. */
export type Touched = { connectionIds: readonly string[] } | { toolId: string } | { packId: string };

/** All that says how the touched is served at one moment. */
export type State = {
  connections: ReadonlyMap<string, Connection>;
  tools: readonly Tool[];
  packs: readonly Pack[];
  /** `served`: the pack without what must not be called now. */
  agents: readonly { agent: Agent; pack: Pack; served: Pack }[];
};

export async function readState(tx: Tx, organizationId: string, touched: Touched): Promise<State> {
  if ('packId' in touched) {
    const pack = await findPack(tx, organizationId, { id: touched.packId });
    const entries = pack?.entries ?? [];
    const connections = new Map(entries.map(({ connection }) => [connection.id, connection]));
    const tools = await toolsOfConnections(tx, organizationId, [...connections.keys()]);
    return { connections, tools, packs: pack ? [pack] : [], agents: [] };
  }
  const connectionIds =
    'toolId' in touched ? await connectionOf(tx, organizationId, touched.toolId) : touched.connectionIds;
  return {
    connections: await findConnectionsById(tx, organizationId, connectionIds),
    tools: await toolsOfConnections(tx, organizationId, connectionIds),
    packs: [...(await packsHolding(tx, organizationId, connectionIds, 'packs')).values()],
    agents: await agentsHolding(tx, organizationId, connectionIds),
  };
}

async function connectionOf(tx: Tx, organizationId: string, toolId: string): Promise<readonly string[]> {
  const tool = await findTool(tx, organizationId, { id: toolId });
  return tool ? [tool.connectionId] : [];
}

import { agentsHolding, findAgentWithPack, type AgentWithPack } from '../../agents/index.ts';
import { findConnectionsById, type Connection } from '../../connections/index.ts';
import type { Tx } from '../../kernel/index.ts';
import { findPack, packsHolding, type Pack } from '../../packs/index.ts';
import { findTool, toolsOfConnections, type Tool } from '../../tools/index.ts';

/** Whose impact is looked at: connections (or that of a tool), wherever they are served; one pack; or one agent. */
export type Touched =
  { connectionIds: readonly string[] } | { toolId: string } | { packId: string } | { agentId: string };

/** All that says how the touched is served at one moment. */
export type State = {
  connections: ReadonlyMap<string, Connection>;
  tools: readonly Tool[];
  packs: readonly Pack[];
  /** `served`: the pack without what must not be called now. */
  agents: readonly AgentWithPack[];
};

export async function readState(tx: Tx, organizationId: string, touched: Touched): Promise<State> {
  if ('packId' in touched) {
    const pack = await findPack(tx, organizationId, { id: touched.packId });
    return { ...(await readHeld(tx, organizationId, pack)), packs: pack ? [pack] : [], agents: [] };
  }
  if ('agentId' in touched) {
    const found = await findAgentWithPack(tx, organizationId, touched.agentId);
    const held = await readHeld(tx, organizationId, found && found.pack);
    return { ...held, packs: [], agents: found ? [found] : [] };
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

/** The connections of a pack, and their tools. */
async function readHeld(
  tx: Tx,
  organizationId: string,
  pack: Pack | null,
): Promise<Pick<State, 'connections' | 'tools'>> {
  const connections = new Map(
    (pack?.entries ?? []).map(({ connection }) => [connection.id, connection] as const),
  );
  return { connections, tools: await toolsOfConnections(tx, organizationId, [...connections.keys()]) };
}

async function connectionOf(tx: Tx, organizationId: string, toolId: string): Promise<readonly string[]> {
  const tool = await findTool(tx, organizationId, { id: toolId });
  return tool ? [tool.connectionId] : [];
}

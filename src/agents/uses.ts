import type { Connection, Use } from '../connections/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { findAgentPack, packsHolding, unassignConnection, type Pack } from '../packs/index.ts';
import type { Agent } from './agent.ts';
import { servedPack } from './enter-agent.ts';
import { agentsUsing, findAgent, findAgents, holdAgentsUsing, updateAgentRow } from './store.ts';

/** An agent with its pack: as it is, and as it is served. */
export type AgentWithPack = { agent: Agent; pack: Pack; served: Pack };

export async function findAgentWithPack(
  tx: Tx,
  organizationId: string,
  agentId: string,
): Promise<AgentWithPack | null> {
  const agent = await findAgent(tx, organizationId, { id: agentId });
  const pack = agent && (await findAgentPack(tx, organizationId, agentId));
  return pack && { agent, pack, served: servedPack(agent, pack) };
}

/** The agents that have tools of these connections. */
export async function agentsHolding(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<readonly AgentWithPack[]> {
  const packs = await packsHolding(tx, organizationId, connectionIds, 'agents');
  const agents = await findAgents(tx, organizationId, [...packs.keys()]);
  return agents.map((agent) => {
    const pack = packs.get(agent.id)!;
    return { agent, pack, served: servedPack(agent, pack) };
  });
}

/** The agents that would miss a connection: for the refusal to delete it. */
export async function findAgentUses(tx: Tx, connection: Connection): Promise<readonly Use[]> {
  const agents = await agentsUsing(tx, connection.organizationId, connection.id);
  return agents.map(({ id, name }) => ({ type: 'agent', id, name }));
}

/** The connection goes: agents lose its tools. They are held in the order in which everybody holds them. */
export async function removeToolsFromAgents(tx: Tx, clock: Clock, connection: Connection): Promise<void> {
  for (const agent of await holdAgentsUsing(tx, connection.organizationId, connection.id)) {
    await updateAgentRow(tx, agent, { updated_at: clock.now() });
  }
  await unassignConnection(tx, connection);
}

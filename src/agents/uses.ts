import type { Connection, Use } from '../connections/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { unassignConnection } from '../packs/index.ts';
import { agentsUsing, holdAgentsUsing, updateAgentRow } from './store.ts';

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

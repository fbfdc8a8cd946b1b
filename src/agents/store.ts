import { sql, type Insertable, type Kysely, type Updateable } from 'kysely';
import { paged, type Listed, type Position, type Tx } from '../kernel/index.ts';
import type { Agent, FailurePolicy } from './agent.ts';

export type AgentTables = {
  agents: {
    organization_id: string;
    agent_id: string;
    handle: string;
    name: string;
    description: string | null;
    is_active: boolean;
    is_held: boolean;
    deactivated_reason: string | null;
    deactivated_at: Date | null;
    on_connector_failure: FailurePolicy;
    created_at: Date;
    updated_at: Date;
  };
};

const of = (tx: Tx): Kysely<AgentTables> => tx.kysely as Kysely<AgentTables>;

const workspacesOfKey = sql<string[] | null>`(select k.workspace_ids from keys k
  where k.organization_id = agents.organization_id and k.key_id = agents.agent_id)`;

const countOfTools = sql<number>`(select coalesce(sum(jsonb_array_length(e.tools)), 0)::int from pack_entries e
  where e.organization_id = agents.organization_id and e.pack_id = agents.agent_id)`;

const hasToolsOf = (connectionId: string) => sql<boolean>`exists (select from pack_entries e
  where e.organization_id = agents.organization_id and e.pack_id = agents.agent_id
    and e.connection_id = ${connectionId})`;

const agentsOf = (tx: Tx, organizationId: string) =>
  of(tx)
    .selectFrom('agents')
    .selectAll()
    .select([workspacesOfKey.as('workspace_ids'), countOfTools.as('tools_count')])
    .where('organization_id', '=', organizationId);

type AgentRow = Awaited<ReturnType<ReturnType<typeof agentsOf>['executeTakeFirstOrThrow']>>;

const agentOf = (row: AgentRow): Agent => ({
  id: row.agent_id,
  organizationId: row.organization_id,
  handle: row.handle,
  name: row.name,
  description: row.description,
  isActive: row.is_active,
  isHeld: row.is_held,
  deactivatedReason: row.deactivated_reason,
  deactivatedAt: row.deactivated_at,
  onConnectorFailure: row.on_connector_failure,
  toolsCount: row.tools_count,
  workspaceIds: row.workspace_ids,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** One agent by id, or by its handle in any case; `lock` holds it until the transaction ends. */
export async function findAgent(
  tx: Tx,
  organizationId: string,
  by: { id: string } | { handle: string },
  lock = false,
): Promise<Agent | null> {
  let query = agentsOf(tx, organizationId);
  if ('id' in by) query = query.where('agent_id', '=', by.id);
  else query = query.where(sql<boolean>`lower(handle) = lower(${by.handle})`);
  if (lock) query = query.forUpdate('agents');
  const row = await query.executeTakeFirst();
  return row ? agentOf(row) : null;
}

/** These agents, by handle. */
export async function findAgents(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<readonly Agent[]> {
  const rows = await agentsOf(tx, organizationId)
    .where(sql<boolean>`agent_id = any(${[...ids]}::uuid[])`)
    .orderBy(sql`lower(handle)`)
    .execute();
  return rows.map(agentOf);
}

/** Agents, newest first; of a key bound to workspaces those kept within them. */
export async function listAgentRows(
  tx: Tx,
  organizationId: string,
  filter: { workspaceIds: readonly string[] | null },
  page: { limit: number; after: Position | null },
): Promise<Listed<Agent>> {
  const { limit, after } = page;
  let query = agentsOf(tx, organizationId)
    .orderBy('created_at', 'desc')
    .orderBy('agent_id', 'desc')
    .limit(limit + 1);
  if (filter.workspaceIds) {
    query = query.where(sql<boolean>`${workspacesOfKey} <@ ${[...filter.workspaceIds]}::uuid[]`);
  }
  if (after) {
    query = query.where(sql<boolean>`(created_at, agent_id) < (${after.at}::timestamptz, ${after.id}::uuid)`);
  }
  const rows = (await query.execute()).map(agentOf);
  return paged(rows, limit, (agent) => ({ at: agent.createdAt, id: agent.id }), null);
}

/** The agents that have tools of a connection, by handle. */
export async function agentsUsing(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly Agent[]> {
  const rows = await agentsOf(tx, organizationId)
    .where(hasToolsOf(connectionId))
    .orderBy(sql`lower(handle)`)
    .execute();
  return rows.map(agentOf);
}

/**
 * The same, held until the transaction ends: whoever deactivates or activates for a connection takes turns, and
 * sees what the one before has done.
 */
export async function holdAgentsUsing(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly Agent[]> {
  const rows = await agentsOf(tx, organizationId)
    .where(hasToolsOf(connectionId))
    .orderBy('agent_id')
    .forUpdate('agents')
    .execute();
  return rows.map(agentOf);
}

export async function insertAgent(tx: Tx, row: Insertable<AgentTables['agents']>): Promise<void> {
  await of(tx).insertInto('agents').values(row).execute();
}

export async function updateAgentRow(
  tx: Tx,
  agent: Agent,
  set: Updateable<AgentTables['agents']>,
): Promise<void> {
  await of(tx)
    .updateTable('agents')
    .set(set)
    .where('organization_id', '=', agent.organizationId)
    .where('agent_id', '=', agent.id)
    .execute();
}

/** Its pack goes with it. */
export async function deleteAgentRow(tx: Tx, organizationId: string, agentId: string): Promise<void> {
  await of(tx)
    .deleteFrom('agents')
    .where('organization_id', '=', organizationId)
    .where('agent_id', '=', agentId)
    .execute();
}

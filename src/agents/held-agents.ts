import type { Ctx } from '../access/index.ts';
import type { Connection, HeldAgent } from '../connections/index.ts';
import { appendAudit } from '../journal/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { findAgentPack } from '../packs/index.ts';
import type { Agent } from './agent.ts';
import { seesAgent } from './reach.ts';
import { agentsUsing, holdAgentsUsing, updateAgentRow } from './store.ts';

const nameOf = ({ id, handle, name }: Agent): HeldAgent => ({ id, handle, name });

type Caller = Ctx['caller'] | null;

/** Whom a caller may hear of and activate: a key the agents it sees; a person with a link all of them. */
const isOf =
  (caller: Caller) =>
  (agent: Agent): boolean =>
    agent.isHeld && (caller === null || seesAgent(caller.principal, agent));

/** The agents with tools of this connection that a failure has deactivated and the caller sees, by handle. */
export async function findHeldAgents(
  tx: Tx,
  caller: Caller,
  connection: Connection,
): Promise<readonly HeldAgent[]> {
  const agents = await agentsUsing(tx, connection.organizationId, connection.id);
  return agents.filter(isOf(caller)).map(nameOf);
}

/**
 * Activates held agents again, all or these, and answers whom: those of which another connection cannot sign in
 * either stay held, and so do those the caller does not see. Part of a reconnect, in its transaction. `caller` is who reconnects; null: nobody with a key.
 */
export async function activateHeldAgents(
  tx: Tx,
  by: { clock: Clock; caller: Caller },
  connection: Connection,
  agentIds: readonly string[] | 'all',
): Promise<readonly HeldAgent[]> {
  const { organizationId } = connection;
  const activated: HeldAgent[] = [];
  for (const agent of await holdAgentsUsing(tx, organizationId, connection.id)) {
    if (!isOf(by.caller)(agent) || !(agentIds === 'all' || agentIds.includes(agent.id))) continue;
    // Read while the agent is held: a connection that fails from here on deactivates it after us.
    const pack = await findAgentPack(tx, organizationId, agent.id);
    if (pack?.entries.some((entry) => entry.connection.status !== 'connected')) continue;
    await updateAgentRow(tx, agent, {
      is_active: true,
      is_held: false,
      deactivated_reason: null,
      deactivated_at: null,
      updated_at: by.clock.now(),
    });
    const principal = by.caller?.principal;
    await appendAudit(tx, by.clock, organizationId, {
      actor: principal ? { type: principal.type, id: principal.id } : { type: 'system', id: null },
      action: 'agent.activated',
      target: { type: 'agent', id: agent.id },
      outcome: 'allowed',
      reason: null,
      requestId: by.caller?.requestId ?? null,
      changes: { handle: agent.handle, connection: connection.slug },
    });
    activated.push(nameOf(agent));
  }
  return activated.toSorted((a, b) => (a.handle.toLowerCase() < b.handle.toLowerCase() ? -1 : 1));
}

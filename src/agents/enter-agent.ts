import { holdsScope, type Principal } from '../access/index.ts';
import { notFound, parseId, type Tx } from '../kernel/index.ts';
import { findAgentPack, type Pack } from '../packs/index.ts';
import type { Agent } from './agent.ts';
import { findAgent } from './store.ts';

/**
 * Who may act at an agent's address: the agent itself, and whoever may call tools and look after all agents, to see
 * what the agent sees. Another agent, and a key with bounds, may not.
 */
export function mayEnter(principal: Principal, agentId: string): boolean {
  if (principal.type === 'agent') return principal.id === agentId;
  const { packIds, userIds, workspaceIds } = principal;
  return !packIds && !userIds && !workspaceIds && holdsScope(principal, 'agents:read');
}

export type EnteredAgent = {
  /** The agent's pack as it is served: without what must not be called now. */
  pack: Pack;
  /** Why nothing is served and every call is refused; null: the agent is active. */
  deactivated: string | null;
};

/** The agent of a handle, in any case, or an id. Fault `not_found` for everything else, the caller's right included. */
export async function enterAgent(tx: Tx, principal: Principal, named: string): Promise<EnteredAgent> {
  const { organizationId } = principal;
  const id = parseId(named);
  const agent =
    (id && (await findAgent(tx, organizationId, { id }))) ??
    (await findAgent(tx, organizationId, { handle: named }));
  if (!agent || !mayEnter(principal, agent.id)) throw notFound();
  const pack = (await findAgentPack(tx, organizationId, agent.id))!;
  return { pack: servedPack(agent, pack), deactivated: agent.isActive ? null : deactivatedBecause(agent) };
}

/** An agent's pack as it is served. */
export function servedPack(agent: Agent, pack: Pack): Pack {
  return {
    ...pack,
    slug: agent.handle,
    name: agent.name,
    description: agent.description ?? '',
    entries: agent.isActive ? pack.entries.filter((entry) => isServed(agent, entry)) : [],
  };
}

/** An agent that goes on without failed connections does not see their tools. */
const isServed = ({ onConnectorFailure }: Agent, { connection }: Pack['entries'][number]): boolean =>
  onConnectorFailure === 'deactivate' || connection.status === 'connected';

const deactivatedBecause = ({ deactivatedReason }: Agent): string =>
  `This agent is deactivated. ${deactivatedReason ?? ''}`.trim();

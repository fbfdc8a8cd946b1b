import type { Principal } from '../access/index.ts';
import type { Agent } from './agent.ts';

/**
 * Whether a key sees an agent at all. An agent is bound to no pack and no registered user, so a key that is sees
 * none; a key of some workspaces sees the agents that are kept within them.
 */
export function seesAgent(principal: Principal, agent: Agent): boolean {
  const { packIds, userIds, workspaceIds } = principal;
  if (packIds || userIds) return false;
  if (workspaceIds === null) return true;
  return agent.workspaceIds?.every((id) => workspaceIds.includes(id)) ?? false;
}

import { mayUseWorkspace, type Principal } from '../access/index.ts';
import { findConnection, type Connection } from '../connections/index.ts';
import { bodyProblem, invalid, type JsonPath, type Problem, type Tx } from '../kernel/index.ts';
import type { Assigned } from '../packs/index.ts';
import { isServable, toolsOfConnections, type Tool } from '../tools/index.ts';
import type { ToolWish } from './agent.ts';

/**
 * These connections, held until the transaction ends: none of them fails or goes between the look and what is
 * decided by it. In the order of their ids, and before any agent is held, so that nobody waits for two.
 */
export async function holdConnections(
  tx: Tx,
  organizationId: string,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, Connection>> {
  const held = new Map<string, Connection>();
  for (const id of [...new Set(ids)].toSorted()) {
    const connection = await findConnection(tx, organizationId, { id }, true);
    if (connection) held.set(id, connection);
  }
  return held;
}

/**
 * The tools a request asks for, by connection. Fault `invalid` with a problem at each index whose connector is
 * absent, foreign or inactive, or whose tool is unknown or disabled.
 */
export async function resolveTools(
  tx: Tx,
  principal: Principal,
  /** Of the agent: its key reaches no further. */
  workspaceIds: readonly string[] | null,
  wishes: readonly ToolWish[],
  connections: ReadonlyMap<string, Connection>,
): Promise<Assigned> {
  const tools = await toolsOfConnections(tx, principal.organizationId, [...connections.keys()]);
  const known = new Map(tools.map((tool) => [`${tool.connectionId} ${tool.name}`, tool]));
  const problems: Problem[] = [];
  const assigned = new Map<Connection, Set<string>>();
  for (const [index, { name, connectionId }] of wishes.entries()) {
    const at = ['tools', index];
    const connection = connections.get(connectionId);
    const isReached =
      connection &&
      mayUseWorkspace(principal, connection.workspaceId) &&
      (workspaceIds?.includes(connection.workspaceId) ?? true);
    const problem = isReached
      ? problemOf(connection, known.get(`${connectionId} ${name}`), at)
      : bodyProblem('value_error', [...at, 'connector_id'], 'No such connector in this organization.');
    if (problem) problems.push(problem);
    else if (connection) assigned.set(connection, (assigned.get(connection) ?? new Set()).add(name));
  }
  if (problems.length > 0) throw invalid(...problems);
  return new Map([...assigned].map(([connection, names]) => [connection, [...names]]));
}

function problemOf(connection: Connection, tool: Tool | undefined, at: JsonPath): Problem | null {
  if (!connection.isActive) {
    return bodyProblem('value_error', [...at, 'connector_id'], `“${connection.nickname}” is inactive.`);
  }
  if (!tool || tool.vanishedAt !== null) {
    return bodyProblem('unknown_tool', [...at, 'name'], `“${connection.nickname}” has no tool of this name.`);
  }
  if (!isServable(tool, connection)) {
    return bodyProblem('value_error', [...at, 'name'], `This tool of “${connection.nickname}” is disabled.`);
  }
  return null;
}

/** Refuses to let an agent run on a connection that cannot sign in; `at` is what in the body would have it do so. */
export function assertConnected(connections: Iterable<Connection>, at: JsonPath): void {
  const problems = [...connections]
    .filter(({ status }) => status !== 'connected')
    .map(({ nickname }) => bodyProblem('value_error', at, `Reconnect “${nickname}” first.`));
  if (problems.length > 0) throw invalid(...problems);
}

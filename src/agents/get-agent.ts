import { authorize, read, type Ctx } from '../access/index.ts';
import { notFound, type Listed, type Position } from '../kernel/index.ts';
import { findAgentPack } from '../packs/index.ts';
import type { Agent, ToolWish } from './agent.ts';
import { seesAgent } from './reach.ts';
import { findAgent, listAgentRows } from './store.ts';

/** One agent with its tools. Fault `not_found` for absent, foreign and outside the key's bounds. */
export async function getAgent(
  ctx: Ctx,
  agentId: string,
): Promise<{ agent: Agent; tools: readonly ToolWish[] }> {
  const { principal } = ctx.caller;
  authorize(principal, 'agents:read');
  return read(ctx, async (tx) => {
    const agent = await findAgent(tx, principal.organizationId, { id: agentId });
    if (!agent || !seesAgent(principal, agent)) throw notFound();
    const pack = await findAgentPack(tx, principal.organizationId, agent.id);
    const tools = (pack?.entries ?? []).flatMap(({ connection, selection }) =>
      selection.kind === 'exactly'
        ? selection.names.map((name) => ({ name, connectionId: connection.id }))
        : [],
    );
    return { agent, tools };
  });
}

/** The agents a key sees, newest first. */
export async function listAgents(
  ctx: Ctx,
  page: { limit: number; after: Position | null },
): Promise<Listed<Agent>> {
  const { principal } = ctx.caller;
  authorize(principal, 'agents:read');
  if (principal.packIds || principal.userIds) return { rows: [], next: null, count: null };
  return read(ctx, (tx) => listAgentRows(tx, principal.organizationId, principal, page));
}

import { authorize, change, holdSlugs, makeAgentKey, type Ctx } from '../access/index.ts';
import { Fault, newId, type Tx } from '../kernel/index.ts';
import { assignTools, makeAgentPack, type Assigned } from '../packs/index.ts';
import type { Agent, AgentInput } from './agent.ts';
import { assertConnected, holdConnections, resolveTools } from './resolve-tools.ts';
import { findAgent, insertAgent } from './store.ts';

/**
 * Makes an agent with its key, which is answered once. Fault `conflict` for a taken handle, `invalid` for tools it
 * cannot have, `forbidden` for a key that is bound to packs or registered users.
 */
export async function createAgent(
  ctx: Ctx,
  input: AgentInput & { handle: string },
): Promise<{ agent: Agent; text: string }> {
  const { principal } = ctx.caller;
  authorize(principal, 'agents:write');
  const { organizationId, workspaceIds } = principal;
  return change(ctx, 'agent.created', async (tx) => {
    await holdSlugs(tx, organizationId);
    const id = newId<'agent'>();
    const name = input.name ?? input.handle;
    const text = await makeAgentKey(tx, ctx, { id, name });
    await assertFree(tx, organizationId, input.handle);
    const wishes = input.tools ?? [];
    const connections = await holdConnections(
      tx,
      organizationId,
      wishes.map(({ connectionId }) => connectionId),
    );
    const assigned = await resolveTools(tx, principal, workspaceIds, wishes, connections);
    const isActive = input.isActive ?? true;
    if (isActive) assertConnected(assigned.keys(), ['is_active']);
    const now = ctx.clock.now();
    await insertAgent(tx, {
      organization_id: organizationId,
      agent_id: id,
      handle: input.handle,
      name,
      description: input.description ?? null,
      is_active: isActive,
      is_held: false,
      deactivated_reason: null,
      deactivated_at: null,
      on_connector_failure: input.onConnectorFailure ?? 'deactivate',
      created_at: now,
      updated_at: now,
    });
    await assignTools(tx, await makeAgentPack(tx, ctx.clock, organizationId, id), assigned);
    const agent = (await findAgent(tx, organizationId, { id }))!;
    return { result: { agent, text }, target: { type: 'agent', id }, changes: saidOf(agent, assigned) };
  });
}

/** Fault `conflict` where another agent has the handle, in whatever case. Slugs are held, so it stays free. */
export async function assertFree(
  tx: Tx,
  organizationId: string,
  handle: string,
  self?: string,
): Promise<void> {
  const other = await findAgent(tx, organizationId, { handle });
  if (!other || other.id === self) return;
  throw new Fault('conflict', 'An agent of this handle exists.', { code: 'agent_handle_taken' });
}

/** What the audit is told of an agent. */
export const saidOf = (agent: Agent, assigned: Assigned) => ({
  handle: agent.handle,
  name: agent.name,
  description: agent.description,
  is_active: agent.isActive,
  on_connector_failure: agent.onConnectorFailure,
  tools: Object.fromEntries([...assigned].map(([{ slug }, names]) => [slug, names.toSorted()])),
});

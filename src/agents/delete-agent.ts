import { authorize, change, holdSlugs, removeAgentKey, type Ctx } from '../access/index.ts';
import { notFound } from '../kernel/index.ts';
import { seesAgent } from './reach.ts';
import { deleteAgentRow, findAgent } from './store.ts';

/** Removes an agent with its pack and its key, which lets nobody in from the commit on. */
export async function deleteAgent(ctx: Ctx, agentId: string): Promise<void> {
  const { principal } = ctx.caller;
  authorize(principal, 'agents:delete');
  const { organizationId } = principal;
  await change(ctx, 'agent.deleted', async (tx) => {
    await holdSlugs(tx, organizationId);
    const agent = await findAgent(tx, organizationId, { id: agentId }, true);
    if (!agent || !seesAgent(principal, agent)) throw notFound();
    await deleteAgentRow(tx, organizationId, agentId);
    await removeAgentKey(tx, organizationId, agentId);
    return {
      result: undefined,
      target: { type: 'agent', id: agentId },
      changes: { handle: agent.handle, name: agent.name, key_revoked: true },
    };
  });
}

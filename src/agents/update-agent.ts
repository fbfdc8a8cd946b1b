import { authorize, change, holdSlugs, nameAgentKey, type Ctx } from '../access/index.ts';
import type { Connection } from '../connections/index.ts';
import { canonicalJson, notFound } from '../kernel/index.ts';
import { assignTools, findAgentPack, type Assigned, type Pack } from '../packs/index.ts';
import type { Agent, AgentInput } from './agent.ts';
import { assertFree, saidOf } from './create-agent.ts';
import { announceDeactivation } from './deactivate-agents.ts';
import { seesAgent } from './reach.ts';
import { assertConnected, holdConnections, resolveTools } from './resolve-tools.ts';
import { findAgent, updateAgentRow } from './store.ts';

const byRequest = 'Deactivated on request.';

/**
 * Changes an agent; `tools` is the whole list. Fault `conflict` for a taken handle, `invalid` for tools it cannot
 * have and for activating it while one of its connections cannot sign in.
 */
export async function updateAgent(ctx: Ctx, agentId: string, input: AgentInput): Promise<Agent> {
  const { principal } = ctx.caller;
  authorize(principal, 'agents:write');
  const { organizationId } = principal;
  return change(ctx, 'agent.updated', async (tx) => {
    await holdSlugs(tx, organizationId);
    const seen = await findAgent(tx, organizationId, { id: agentId });
    if (!seen || !seesAgent(principal, seen)) throw notFound();
    const pack = (await findAgentPack(tx, organizationId, agentId))!;
    const connections = await holdConnections(tx, organizationId, [
      ...pack.entries.map(({ connection }) => connection.id),
      ...(input.tools ?? []).map(({ connectionId }) => connectionId),
    ]);
    const before = (await findAgent(tx, organizationId, { id: agentId }, true))!;
    if (input.handle !== undefined) await assertFree(tx, organizationId, input.handle, agentId);
    const had = assignedOf(pack, connections);
    const has =
      input.tools === undefined
        ? had
        : await resolveTools(tx, principal, before.workspaceIds, input.tools ?? [], connections);
    const after = changed(before, input, ctx.clock.now());
    if (after.isActive) assertMayRun(before, after, had, has);

    const target = { type: 'agent', id: agentId };
    const [was, is] = [saidOf(before, had), saidOf(after, has)];
    const isSame = canonicalJson(was) === canonicalJson(is) && before.isHeld === after.isHeld;
    if (isSame) return { result: before, target, changes: null };
    await updateAgentRow(tx, before, {
      handle: after.handle,
      name: after.name,
      description: after.description,
      is_active: after.isActive,
      is_held: after.isHeld,
      deactivated_reason: after.deactivatedReason,
      deactivated_at: after.deactivatedAt,
      on_connector_failure: after.onConnectorFailure,
      updated_at: ctx.clock.now(),
    });
    if (after.name !== before.name) await nameAgentKey(tx, organizationId, agentId, after.name);
    if (canonicalJson(was.tools) !== canonicalJson(is.tools)) await assignTools(tx, pack, has);
    if (before.isActive && !after.isActive) await announceDeactivation(tx, ctx.clock, after, null);
    const result = (await findAgent(tx, organizationId, { id: agentId }))!;
    return { result, target, changes: { from: was, to: is } };
  });
}

const assignedOf = (pack: Pack, connections: ReadonlyMap<string, Connection>): Assigned =>
  new Map(
    pack.entries.map(({ connection, selection }) => [
      connections.get(connection.id)!,
      selection.kind === 'exactly' ? selection.names : [],
    ]),
  );

function changed(before: Agent, input: AgentInput, now: Date): Agent {
  const handle = input.handle ?? before.handle;
  const after: Agent = {
    ...before,
    handle,
    name: input.name === undefined ? before.name : (input.name ?? handle),
    description: input.description === undefined ? before.description : input.description,
    onConnectorFailure:
      input.onConnectorFailure === undefined
        ? before.onConnectorFailure
        : (input.onConnectorFailure ?? 'deactivate'),
  };
  if (input.isActive === undefined) return after;
  const isActive = input.isActive ?? true;
  if (isActive) {
    return { ...after, isActive, isHeld: false, deactivatedReason: null, deactivatedAt: null };
  }
  // Switched off by a person: what was held is so no more, and no reconnect offers it.
  if (!before.isActive && !before.isHeld) return after;
  return {
    ...after,
    isActive,
    isHeld: false,
    deactivatedReason: byRequest,
    deactivatedAt: before.deactivatedAt ?? now,
  };
}

/**
 * What would have the agent run on a connection that cannot sign in is refused: activating it, giving it such a
 * connection's tools, or asking for deactivation while one of its connections has failed already.
 */
function assertMayRun(before: Agent, after: Agent, had: Assigned, has: Assigned): void {
  if (!before.isActive) assertConnected(has.keys(), ['is_active']);
  else if (
    before.onConnectorFailure !== after.onConnectorFailure &&
    after.onConnectorFailure === 'deactivate'
  ) {
    assertConnected(has.keys(), ['on_connector_failure']);
  } else {
    const added = [...has.keys()].filter((connection) => !had.has(connection));
    assertConnected(added, ['tools']);
  }
}

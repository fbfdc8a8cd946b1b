import type { Connection } from '../connections/index.ts';
import { appendAudit, appendEvent } from '../journal/index.ts';
import { prefixed, type Clock, type Tx } from '../kernel/index.ts';
import type { Agent } from './agent.ts';
import { holdAgentsUsing, updateAgentRow } from './store.ts';

/**
 * A connection's status has moved. Where it can no longer sign in, every active agent with tools of it is held, in
 * the same transaction, unless the agent is to go on without them; each with an audit row and an event.
 */
export async function deactivateAgents(
  tx: Tx,
  clock: Clock,
  flip: { before: Connection; after: Connection },
): Promise<void> {
  const { after: connection } = flip;
  if (connection.status !== 'auth_failed' && connection.status !== 'token_expired') return;
  const { organizationId } = connection;
  for (const agent of await holdAgentsUsing(tx, organizationId, connection.id)) {
    if (!agent.isActive || agent.onConnectorFailure !== 'deactivate') continue;
    const now = clock.now();
    const reason = reasonOf(connection);
    const held: Agent = {
      ...agent,
      isActive: false,
      isHeld: true,
      deactivatedReason: reason,
      deactivatedAt: now,
    };
    await updateAgentRow(tx, agent, {
      is_active: false,
      is_held: true,
      deactivated_reason: reason,
      deactivated_at: now,
      updated_at: now,
    });
    await appendAudit(tx, clock, organizationId, {
      actor: { type: 'system', id: null },
      action: 'agent.deactivated',
      target: { type: 'agent', id: agent.id },
      outcome: 'allowed',
      reason,
      requestId: null,
      changes: { handle: agent.handle, connection: connection.slug, status: connection.status },
    });
    await announceDeactivation(tx, clock, held, connection);
  }
}

function reasonOf({ nickname, status, statusReason }: Connection): string {
  const what = status === 'token_expired' ? 'its token ran out' : 'it can no longer sign in';
  return `“${nickname}” needs to be reconnected: ${statusReason ?? `${what}.`}`;
}

/** Tells webhooks. `connection` is the one whose failure did it; null: a person asked for it. */
export async function announceDeactivation(
  tx: Tx,
  clock: Clock,
  agent: Agent,
  connection: Connection | null,
): Promise<void> {
  await appendEvent(tx, clock, agent.organizationId, {
    type: 'agent.deactivated',
    data: {
      agent_id: prefixed('agent', agent.id),
      handle: agent.handle,
      name: agent.name,
      deactivated_reason: agent.deactivatedReason,
      deactivated_at: agent.deactivatedAt?.toISOString() ?? null,
      connection_id: connection && connection.id,
      connection_slug: connection && connection.slug,
      connection_name: connection && connection.nickname,
      connection_status: connection && connection.status,
    },
  });
}

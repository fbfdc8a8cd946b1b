import type { Clock, Tx } from '../kernel/index.ts';
import type { Connection, ConnectionStatus } from './connection.ts';
import type { ConnectionHooks } from './hooks.ts';
import { updateConnectionRow } from './store.ts';
import { isSynced } from './sync-due.ts';

export type FlipDeps = { clock: Clock; connectionHooks: Pick<ConnectionHooks, 'onFlip'> };

/**
 * The one place where a connection's status moves: what the organization's credential became, the connection
 * becomes, and what follows from it in other rooms follows in this transaction. The connection's row is held by the
 * caller. A reason that changes while the status stays is written and starts nothing.
 */
export async function flipConnection(
  tx: Tx,
  deps: FlipDeps,
  before: Connection,
  to: { status: ConnectionStatus; reason: string | null },
): Promise<Connection> {
  const { organizationId, id } = before;
  const now = deps.clock.now();
  if (before.status === to.status) {
    // While it is connected the reason is about the listing of tools, and the listing's to change.
    if (to.status === 'connected' || before.statusReason === to.reason) return before;
    return updateConnectionRow(tx, organizationId, id, { status_reason: to.reason });
  }
  const after = await updateConnectionRow(tx, organizationId, id, {
    status: to.status,
    status_reason: to.reason,
    updated_at: now,
    ...(to.status === 'connected' ? { connected_at: now, ...dueNow(before, now) } : {}),
  });
  await deps.connectionHooks.onFlip(tx, deps.clock, { before, after });
  return after;
}

/** What another account can see may be other tools, and a failed one was not asked for them: they are read again soon. */
const dueNow = (connection: Connection, now: Date): { sync_due_at?: Date } =>
  isSynced(connection) ? { sync_due_at: now } : {};

/**
 * The organization has given the connection something to sign in with: it is connected, and `updatedAt` moves also
 * where it was before, since it was configured anew. The connection's row is held by the caller.
 */
export async function connectAnew(tx: Tx, deps: FlipDeps, before: Connection): Promise<Connection> {
  if (before.status !== 'connected') {
    return flipConnection(tx, deps, before, { status: 'connected', reason: null });
  }
  const now = deps.clock.now();
  const set = { updated_at: now, ...dueNow(before, now) };
  return updateConnectionRow(tx, before.organizationId, before.id, set);
}

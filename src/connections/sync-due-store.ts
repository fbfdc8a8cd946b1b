import { sql, type Kysely } from 'kysely';
import type { ListChanged } from '../drivers/index.ts';
import type { Tx } from '../kernel/index.ts';
import type { ConnectionTables } from './store.ts';

export type DueSync = { organizationId: string; connectionId: string };

const of = (tx: Tx): Kysely<ConnectionTables> => tx.kysely as Kysely<ConnectionTables>;

/** Connections of any organization whose tools are to be read again, the longest due first. Needs a system transaction. */
export async function dueSyncs(tx: Tx, now: Date, limit: number): Promise<readonly DueSync[]> {
  const rows = await of(tx)
    .selectFrom('connections')
    .select(['organization_id', 'connection_id'])
    .where('sync_due_at', '<=', now)
    .where('is_active', '=', true)
    .where('status', '=', 'connected')
    .orderBy('sync_due_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ organizationId: row.organization_id, connectionId: row.connection_id }));
}

/** Takes what is due, for whoever comes first: from then on it is due at `next`. Answers whether it was still there. */
export async function claimSync(
  tx: Tx,
  { organizationId, connectionId }: DueSync,
  { now, next }: { now: Date; next: Date },
): Promise<boolean> {
  const claimed = await of(tx)
    .updateTable('connections')
    .set({ sync_due_at: next })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where('sync_due_at', '<=', now)
    .where('is_active', '=', true)
    .where('status', '=', 'connected')
    .returning('connection_id')
    .executeTakeFirst();
  return claimed !== undefined;
}

/** Moves when a connection is due; only for those that are read again at all. */
export async function setSyncDue(tx: Tx, { organizationId, connectionId }: DueSync, at: Date): Promise<void> {
  await of(tx)
    .updateTable('connections')
    .set({ sync_due_at: at })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where('sync_due_at', 'is not', null)
    .execute();
}

/**
 * Who says that its tools have changed is due now, but no sooner than `gap` milliseconds after it was read last.
 * Answers when each of those that moved is due. Needs a system transaction.
 */
export async function hastenSync(
  tx: Tx,
  changed: ListChanged,
  now: Date,
  gap: number,
): Promise<readonly Date[]> {
  const soon = sql<Date>`greatest(${now}::timestamptz, tools_synced_at + ${gap} * interval '1 millisecond',
    case tools_status when 'error' then updated_at + ${gap} * interval '1 millisecond' end)`;
  let query = of(tx).updateTable('connections').set({ sync_due_at: soon });
  if ('stdioServer' in changed) {
    query = query.where('kind', '=', 'stdio').where('address', '=', changed.stdioServer);
  } else {
    query = query
      .where('organization_id', '=', changed.organizationId)
      .where('connection_id', '=', changed.connectionId);
  }
  const rows = await query.where('sync_due_at', '>', soon).returning('sync_due_at').execute();
  return rows.flatMap((row) => row.sync_due_at ?? []);
}

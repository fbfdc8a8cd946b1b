import { sql, type Kysely, type Selectable } from 'kysely';
import { newId, type Clock, type Page, type Position, type Tx } from '../kernel/index.ts';
import { auditHash, chainStart, type AuditEntry, type AuditRow } from './audit.ts';
import type { JournalTables } from './tables.ts';

/** The first link of an organization's chain; written with the organization itself. */
export async function startChain(tx: Tx, organizationId: string): Promise<void> {
  await (tx.kysely as Kysely<JournalTables>)
    .insertInto('organization_heads')
    .values({ organization_id: organizationId, audit_seq: '0', audit_hash: chainStart, config_version: '0' })
    .execute();
}

/**
 * Appends one audit row inside the transaction of the change it tells of. The head row is locked, so an
 * organization's rows form one chain whatever happens at the same moment.
 */
export async function appendAudit(
  tx: Tx,
  clock: Clock,
  organizationId: string,
  entry: AuditEntry,
): Promise<AuditRow> {
  const kysely = tx.kysely as Kysely<JournalTables>;
  const head = await kysely
    .selectFrom('organization_heads')
    .select(['audit_seq', 'audit_hash'])
    .where('organization_id', '=', organizationId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  const row: AuditRow = {
    ...entry,
    id: newId(),
    organizationId,
    seq: String(BigInt(head.audit_seq) + 1n),
    createdAt: clock.now(),
  };
  const hash = auditHash(head.audit_hash, row);
  await kysely
    .insertInto('audit_rows')
    .values({
      organization_id: organizationId,
      seq: row.seq,
      audit_id: row.id,
      created_at: row.createdAt,
      actor_type: row.actor.type,
      actor_id: row.actor.id,
      action: row.action,
      target_type: row.target.type,
      target_id: row.target.id,
      outcome: row.outcome,
      reason: row.reason,
      request_id: row.requestId,
      changes: row.changes === null ? null : JSON.stringify(row.changes),
      hash,
    })
    .execute();
  await kysely
    .updateTable('organization_heads')
    .set({ audit_seq: row.seq, audit_hash: hash })
    .where('organization_id', '=', organizationId)
    .execute();
  return row;
}

/**
 * Moves the organization's configuration version and tells every replica. Whatever was compiled from an
 * older version is stale from the commit on.
 */
export async function bumpConfig(tx: Tx, organizationId: string): Promise<void> {
  const kysely = tx.kysely as Kysely<JournalTables>;
  await kysely
    .updateTable('organization_heads')
    .set((eb) => ({ config_version: eb('config_version', '+', '1') }))
    .where('organization_id', '=', organizationId)
    .execute();
  tx.notify({ topic: configChanged, organizationId });
}

export const configChanged = 'config-changed';

export type AuditFilter = {
  action?: string;
  /** The action as `KEY_CREATED` instead of `key.created`. */
  eventType?: string;
  actorId?: string;
  targetType?: string;
  targetId?: string;
  outcome?: 'allowed' | 'denied' | 'failed';
  from?: Date;
  to?: Date;
  /** Only what this actor did, or what happened to these targets. */
  within?: { actorId: string; targetIds: readonly string[] };
};

/** Audit rows, newest first. */
export async function readAudit(
  tx: Tx,
  organizationId: string,
  filter: AuditFilter,
  page: { limit: number; after: Position | null } | { limit: number; offset: number },
): Promise<Page<AuditRow> & { count: number | null }> {
  let query = (tx.kysely as Kysely<JournalTables>)
    .selectFrom('audit_rows')
    .where('organization_id', '=', organizationId);
  if (filter.action) query = query.where('action', '=', filter.action);
  if (filter.eventType) {
    query = query.where(sql<boolean>`upper(replace(action, '.', '_')) = ${filter.eventType}`);
  }
  if (filter.actorId) query = query.where('actor_id', '=', filter.actorId);
  if (filter.targetType) query = query.where('target_type', '=', filter.targetType);
  if (filter.targetId) query = query.where('target_id', '=', filter.targetId);
  if (filter.outcome) query = query.where('outcome', '=', filter.outcome);
  if (filter.from) query = query.where('created_at', '>=', filter.from);
  if (filter.to) query = query.where('created_at', '<=', filter.to);
  if (filter.within) {
    const { actorId, targetIds } = filter.within;
    query = query.where(sql<boolean>`(actor_id = ${actorId} or target_id = any(${[...targetIds]}::text[]))`);
  }

  let count: number | null = null;
  let rowsQuery = query
    .selectAll()
    .orderBy('seq', 'desc')
    .limit(page.limit + 1);
  if ('offset' in page) {
    const total = await query.select(sql<string>`count(*)`.as('total')).executeTakeFirstOrThrow();
    count = Number(total.total);
    rowsQuery = rowsQuery.offset(page.offset);
  } else if (page.after) {
    rowsQuery = rowsQuery.where('seq', '<', page.after.id);
  }
  const stored = await rowsQuery.execute();
  const rows = stored.slice(0, page.limit).map(auditRowOf);
  const last = rows.at(-1);
  const more = stored.length > page.limit && last;
  return { rows, count, next: more ? { at: last.createdAt.toISOString(), id: last.seq } : null };
}

function auditRowOf(stored: Selectable<JournalTables['audit_rows']>): AuditRow {
  return {
    id: stored.audit_id,
    organizationId: stored.organization_id,
    seq: stored.seq,
    createdAt: stored.created_at,
    actor: { type: stored.actor_type, id: stored.actor_id },
    action: stored.action,
    target: { type: stored.target_type, id: stored.target_id },
    outcome: stored.outcome,
    reason: stored.reason,
    requestId: stored.request_id,
    changes: stored.changes as Record<string, unknown> | null,
  };
}

/** The heads of all chains, in a stable order; needs a system transaction. */
export async function auditHeads(
  tx: Tx,
): Promise<readonly { organizationId: string; seq: bigint; hash: Buffer }[]> {
  const rows = await (tx.kysely as Kysely<JournalTables>)
    .selectFrom('organization_heads')
    .select(['organization_id', 'audit_seq', 'audit_hash'])
    .orderBy('organization_id')
    .execute();
  return rows.map((row) => ({
    organizationId: row.organization_id,
    seq: BigInt(row.audit_seq),
    hash: row.audit_hash,
  }));
}

/** Up to `limit` links of a chain with their stored hashes, from after `seq` up to `last`. */
export async function auditLinks(
  tx: Tx,
  organizationId: string,
  range: { after: bigint; last: bigint; limit: number },
): Promise<readonly { row: AuditRow; hash: Buffer }[]> {
  const stored = await (tx.kysely as Kysely<JournalTables>)
    .selectFrom('audit_rows')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('seq', '>', String(range.after))
    .where('seq', '<=', String(range.last))
    .orderBy('seq')
    .limit(range.limit)
    .execute();
  return stored.map((row) => ({ row: auditRowOf(row), hash: row.hash }));
}

/** The configuration versions of these organizations: the backstop when a message got lost. */
export async function configVersions(
  tx: Tx,
  organizationIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await (tx.kysely as Kysely<JournalTables>)
    .selectFrom('organization_heads')
    .select(['organization_id', 'config_version'])
    .where('organization_id', 'in', [...organizationIds])
    .execute();
  return new Map(rows.map((row) => [row.organization_id, row.config_version]));
}

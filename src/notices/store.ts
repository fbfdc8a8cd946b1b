import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import { countAll, holdLock, paged, type Page, type Position, type Tx } from '../kernel/index.ts';
import type { NoticesTables } from './tables.ts';
import type { Webhook } from './webhook.ts';

const of = (tx: Tx): Kysely<NoticesTables> => tx.kysely as Kysely<NoticesTables>;

export function webhookOf(row: Selectable<NoticesTables['webhooks']>): Webhook {
  const { previous_secret_id: secretId, previous_until: until } = row;
  return {
    id: row.webhook_id,
    organizationId: row.organization_id,
    address: row.address,
    queryNames: row.query_names,
    sealedSecretId: row.sealed_secret_id,
    description: row.description,
    events: row.events,
    isActive: row.is_active,
    disabledReason: row.disabled_reason,
    disabledAt: row.disabled_at,
    secretId: row.secret_id,
    previous: secretId && until ? { secretId, until } : null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** How many an organization has. Whoever asks takes turns until the transaction ends, so that none comes too many. */
export async function countWebhooks(tx: Tx, organizationId: string): Promise<number> {
  await holdLock(tx, `webhooks:${organizationId}`);
  const { total } = await of(tx)
    .selectFrom('webhooks')
    .select(countAll)
    .where('organization_id', '=', organizationId)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Those that are told of anything, held in the order of their ids; none comes meanwhile. */
export async function activeWebhooks(tx: Tx, organizationId: string): Promise<readonly Webhook[]> {
  await holdLock(tx, `webhooks:${organizationId}`);
  const rows = await of(tx)
    .selectFrom('webhooks')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('is_active', '=', true)
    .orderBy('webhook_id')
    .forUpdate()
    .execute();
  return rows.map(webhookOf);
}

export async function insertWebhook(tx: Tx, row: Insertable<NoticesTables['webhooks']>): Promise<Webhook> {
  return webhookOf(await of(tx).insertInto('webhooks').values(row).returningAll().executeTakeFirstOrThrow());
}

export async function findWebhook(
  tx: Tx,
  organizationId: string,
  webhookId: string,
  lock = false,
): Promise<Webhook | null> {
  let query = of(tx)
    .selectFrom('webhooks')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('webhook_id', '=', webhookId);
  if (lock) query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row ? webhookOf(row) : null;
}

export async function listWebhookRows(
  tx: Tx,
  organizationId: string,
  page: { limit: number; after: Position | null },
): Promise<Page<Webhook>> {
  let query = of(tx)
    .selectFrom('webhooks')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .orderBy('created_at', 'desc')
    .orderBy('webhook_id', 'desc')
    .limit(page.limit + 1);
  if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, webhook_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const stored = await query.execute();
  const listed = paged(stored, page.limit, (row) => ({ at: row.created_at, id: row.webhook_id }), null);
  return { ...listed, rows: listed.rows.map(webhookOf) };
}

export async function updateWebhookRow(
  tx: Tx,
  organizationId: string,
  webhookId: string,
  set: Updateable<NoticesTables['webhooks']>,
): Promise<Webhook> {
  const row = await of(tx)
    .updateTable('webhooks')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('webhook_id', '=', webhookId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return webhookOf(row);
}

/** With its deliveries. */
export async function deleteWebhookRow(tx: Tx, organizationId: string, webhookId: string): Promise<void> {
  await of(tx)
    .deleteFrom('webhooks')
    .where('organization_id', '=', organizationId)
    .where('webhook_id', '=', webhookId)
    .execute();
}

/**
 * Webhooks of any organization whose secret before has had its day, held in the order of their ids: one that is being
 * rotated is waited for, and then has another secret before. Needs a system transaction.
 */
export async function webhooksWithOldSecret(tx: Tx, now: Date): Promise<readonly Webhook[]> {
  const rows = await of(tx)
    .selectFrom('webhooks')
    .selectAll()
    .where('previous_until', '<=', now)
    .orderBy('webhook_id')
    .forUpdate()
    .execute();
  return rows.map(webhookOf);
}

import { sql, type Kysely, type Selectable, type Updateable } from 'kysely';
import { readEvents, type HappenedEvent } from '../journal/index.ts';
import { newId, paged, type Page, type Position, type Tx } from '../kernel/index.ts';
import { deliveryLife, leaseTime, type Delivery } from './delivery.ts';
import type { NoticesTables } from './tables.ts';

export type DeliveryRow = Selectable<NoticesTables['deliveries']>;

const of = (tx: Tx): Kysely<NoticesTables> => tx.kysely as Kysely<NoticesTables>;

const deliveryOf = (row: DeliveryRow, event: HappenedEvent): Delivery => ({
  id: row.delivery_id,
  organizationId: row.organization_id,
  webhookId: row.webhook_id,
  event,
  status: row.status,
  attempts: row.attempts,
  dueAt: row.due_at,
  giveUpAt: row.give_up_at,
  lastAttemptAt: row.last_attempt_at,
  responseStatus: row.response_status,
  reason: row.reason,
  endedAt: row.ended_at,
  createdAt: row.created_at,
});

/** Rows with their events; an event never goes before its deliveries do. */
export async function withEvents(tx: Tx, rows: readonly DeliveryRow[]): Promise<readonly Delivery[]> {
  const events = await readEvents(
    tx,
    rows.map((row) => ({ organizationId: row.organization_id, eventId: row.event_id })),
  );
  return rows.map((row) => deliveryOf(row, events.get(row.event_id)!));
}

/** One delivery for each event and each active webhook that wants it. Needs a system transaction. */
export async function spreadEvents(tx: Tx, events: readonly HappenedEvent[], now: Date): Promise<void> {
  if (events.length === 0) return;
  const organizationIds = [...new Set(events.map((event) => event.organizationId))];
  const webhooks = await of(tx)
    .selectFrom('webhooks')
    .select(['organization_id', 'webhook_id', 'events'])
    .where('organization_id', 'in', organizationIds)
    .where('is_active', '=', true)
    .forKeyShare()
    .execute();
  const rows = events.flatMap((event) =>
    webhooks
      .filter(
        (webhook) =>
          webhook.organization_id === event.organizationId &&
          (webhook.events as readonly string[]).includes(event.type),
      )
      .map((webhook) => newDelivery(event, webhook.webhook_id, { now, dueAt: now })),
  );
  if (rows.length === 0) return;
  await of(tx)
    .insertInto('deliveries')
    .values(rows)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

const newDelivery = (event: HappenedEvent, webhookId: string, times: { now: Date; dueAt: Date }) => ({
  organization_id: event.organizationId,
  delivery_id: newId(),
  webhook_id: webhookId,
  event_id: event.id,
  status: 'pending' as const,
  attempts: 0,
  due_at: times.dueAt,
  give_up_at: new Date(event.createdAt.getTime() + deliveryLife),
  last_attempt_at: null,
  response_status: null,
  reason: null,
  ended_at: null,
  created_at: times.now,
});

/** A delivery that is already claimed by whoever makes it, and tried once. */
export async function insertClaimed(
  tx: Tx,
  event: HappenedEvent,
  webhookId: string,
  now: Date,
): Promise<Delivery> {
  const dueAt = new Date(now.getTime() + leaseTime);
  const row = { ...newDelivery(event, webhookId, { now, dueAt }), attempts: 1, give_up_at: now };
  const stored = await of(tx)
    .insertInto('deliveries')
    .values({ ...row, last_attempt_at: now })
    .returningAll()
    .executeTakeFirstOrThrow();
  return deliveryOf(stored, event);
}

/** Says what became of an attempt, if it is still the last one. False where somebody else has tried meanwhile, or it is gone. */
export async function recordAttempt(
  tx: Tx,
  at: Pick<Delivery, 'organizationId' | 'id' | 'attempts'>,
  set: Updateable<NoticesTables['deliveries']>,
): Promise<boolean> {
  const { numUpdatedRows } = await of(tx)
    .updateTable('deliveries')
    .set(set)
    .where('organization_id', '=', at.organizationId)
    .where('delivery_id', '=', at.id)
    .where('attempts', '=', at.attempts)
    .where('status', '=', 'pending')
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function findDelivery(
  tx: Tx,
  organizationId: string,
  deliveryId: string,
): Promise<Delivery | null> {
  const rows = await of(tx)
    .selectFrom('deliveries')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('delivery_id', '=', deliveryId)
    .execute();
  return (await withEvents(tx, rows))[0] ?? null;
}

export async function listDeliveryRows(
  tx: Tx,
  organizationId: string,
  webhookId: string,
  page: { limit: number; after: Position | null },
): Promise<Page<Delivery>> {
  let query = of(tx)
    .selectFrom('deliveries')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('webhook_id', '=', webhookId)
    .orderBy('created_at', 'desc')
    .orderBy('delivery_id', 'desc')
    .limit(page.limit + 1);
  if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, delivery_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const stored = await query.execute();
  const listed = paged(stored, page.limit, (row) => ({ at: row.created_at, id: row.delivery_id }), null);
  return { ...listed, rows: await withEvents(tx, listed.rows) };
}

/** Ends deliveries that waited for a disabled webhook until their time was up. Needs a system transaction. */
export async function endStaleDeliveries(tx: Tx, now: Date, reason: string): Promise<void> {
  await sql`
    update deliveries d set status = 'failed', ended_at = ${now}, reason = ${reason}
    from webhooks w
    where w.organization_id = d.organization_id and w.webhook_id = d.webhook_id and not w.is_active
      and d.status = 'pending' and d.give_up_at < ${now} and d.due_at <= ${now}`.execute(tx.kysely);
}

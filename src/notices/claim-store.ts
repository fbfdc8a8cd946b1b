import { sql, type Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import { leaseTime, type ClaimedDelivery } from './delivery.ts';
import { withEvents, type DeliveryRow } from './delivery-store.ts';
import { webhookOf } from './store.ts';
import type { NoticesTables } from './tables.ts';

export type ClaimLimits = {
  /** Deliveries in all. */
  limit: number;
  /** Deliveries of one webhook. */
  perWebhook: number;
  /** How many of each webhook are under way here already. */
  underWay: ReadonlyMap<string, number>;
};

/**
 * Claims due deliveries of active webhooks, the longest due of each first: the attempt is counted and the next one
 * put off for the time of a lease, so that nobody else tries it meanwhile. Steps from one webhook with something
 * pending to the next, so that a long queue of one costs the others nothing, and where there is not room for all,
 * those with the least under way come first. Needs a system transaction.
 */
export async function claimDeliveries(
  tx: Tx,
  now: Date,
  { limit, perWebhook, underWay }: ClaimLimits,
): Promise<readonly ClaimedDelivery[]> {
  // The planner guesses the length of a queue from when it last counted, and would sort the whole of a long one; the
  // one sort that is needed then looks dear enough to be compiled, which takes longer than all of it.
  await sql`set local enable_sort = off; set local jit = off`.execute(tx.kysely);
  const { rows } = await sql<DeliveryRow>`
    with recursive waiting as (
      (select organization_id, webhook_id from deliveries where status = 'pending'
       order by organization_id, webhook_id limit 1)
      union all
      select after.organization_id, after.webhook_id from waiting
      cross join lateral (
        select organization_id, webhook_id from deliveries
        where status = 'pending' and (organization_id, webhook_id) > (waiting.organization_id, waiting.webhook_id)
        order by organization_id, webhook_id limit 1) as after
    ), due as materialized (
      select d.organization_id, d.delivery_id from waiting
      join webhooks w on w.organization_id = waiting.organization_id and w.webhook_id = waiting.webhook_id
        and w.is_active
      left join unnest(${[...underWay.keys()]}::uuid[], ${[...underWay.values()]}::int[]) as busy (webhook_id, held)
        on busy.webhook_id = waiting.webhook_id
      cross join lateral (
        select organization_id, delivery_id, due_at from deliveries
        where organization_id = waiting.organization_id and webhook_id = waiting.webhook_id
          and status = 'pending' and due_at <= ${now}
        order by due_at limit ${perWebhook}::int - coalesce(busy.held, 0) for update skip locked) as d
      order by coalesce(busy.held, 0), random() limit ${limit}
    )
    update deliveries set attempts = attempts + 1, last_attempt_at = ${now},
      due_at = ${new Date(now.getTime() + leaseTime)}
    from due
    where deliveries.organization_id = due.organization_id and deliveries.delivery_id = due.delivery_id
    returning deliveries.*`.execute(tx.kysely);
  if (rows.length === 0) return [];
  const webhooks = await (tx.kysely as Kysely<NoticesTables>)
    .selectFrom('webhooks')
    .selectAll()
    .where('organization_id', 'in', [...new Set(rows.map((row) => row.organization_id))])
    .where('webhook_id', 'in', [...new Set(rows.map((row) => row.webhook_id))])
    .execute();
  const byId = new Map(webhooks.map((row) => [row.webhook_id, webhookOf(row)]));
  return (await withEvents(tx, rows)).map((delivery) => ({
    delivery,
    webhook: byId.get(delivery.webhookId)!,
  }));
}

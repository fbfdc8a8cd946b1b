import { sql, type Kysely, type Selectable } from 'kysely';
import { newId, type Clock, type Json, type Tx } from '../kernel/index.ts';
import { fitData, type HappenedEvent, type OutboxEvent } from './outbox.ts';
import type { JournalTables } from './tables.ts';

/** The bus topic that says: there is something to deliver. */
export const eventAppended = 'event-appended';

const of = (tx: Tx): Kysely<JournalTables> => tx.kysely as Kysely<JournalTables>;

/**
 * Writes down what happened, inside the transaction of the change it tells of, for webhooks to hear of. Delivery
 * starts at the commit. Long texts are cut; a secret has no place in it.
 */
export async function appendEvent(
  tx: Tx,
  clock: Clock,
  organizationId: string,
  event: OutboxEvent,
): Promise<void> {
  await insertEvent(tx, {
    id: newId(),
    organizationId,
    type: event.type,
    data: fitData(event.data),
    createdAt: clock.now(),
    takenAt: null,
  });
  tx.notify({ topic: eventAppended, organizationId });
}

/** The same for an event that one webhook alone hears of: whoever writes it takes it up at once. */
export async function appendTakenEvent(
  tx: Tx,
  clock: Clock,
  organizationId: string,
  event: { type: string; data: OutboxEvent['data'] },
): Promise<HappenedEvent> {
  const now = clock.now();
  const happened = { ...event, id: newId(), organizationId, createdAt: now };
  await insertEvent(tx, { ...happened, takenAt: now });
  return happened;
}

async function insertEvent(tx: Tx, event: HappenedEvent & { takenAt: Date | null }): Promise<void> {
  await of(tx)
    .insertInto('events')
    .values({
      organization_id: event.organizationId,
      event_id: event.id,
      type: event.type,
      data: JSON.stringify(event.data),
      created_at: event.createdAt,
      taken_at: event.takenAt,
    })
    .execute();
}

/**
 * Takes up what happened, the oldest first, each event once over all replicas: what is made of them belongs into the
 * same transaction. Needs a system transaction.
 */
export async function takeEvents(tx: Tx, now: Date, limit: number): Promise<readonly HappenedEvent[]> {
  const { rows } = await sql<Selectable<JournalTables['events']>>`
    update events set taken_at = ${now}
    where (organization_id, event_id) in (
      select organization_id, event_id from events where taken_at is null
      order by created_at limit ${limit} for update skip locked)
    returning *`.execute(tx.kysely);
  return rows.map(eventOf);
}

/** Events by id, of any organization in a system transaction. */
export async function readEvents(
  tx: Tx,
  events: readonly { organizationId: string; eventId: string }[],
): Promise<ReadonlyMap<string, HappenedEvent>> {
  if (events.length === 0) return new Map();
  const { rows } = await sql<Selectable<JournalTables['events']>>`
    select e.* from events e join unnest(${events.map((one) => one.organizationId)}::uuid[],
      ${events.map((one) => one.eventId)}::uuid[]) as wanted (organization_id, event_id)
      on wanted.organization_id = e.organization_id and wanted.event_id = e.event_id`.execute(tx.kysely);
  return new Map(rows.map((row) => [row.event_id, eventOf(row)]));
}

/** Drops what happened before `before`, with what became of telling it. Needs a system transaction. */
export async function forgetEvents(tx: Tx, before: Date): Promise<void> {
  await of(tx).deleteFrom('events').where('created_at', '<', before).execute();
}

const eventOf = (row: Selectable<JournalTables['events']>): HappenedEvent => ({
  id: row.event_id,
  organizationId: row.organization_id,
  type: row.type,
  data: row.data as { readonly [field: string]: Json },
  createdAt: row.created_at,
});

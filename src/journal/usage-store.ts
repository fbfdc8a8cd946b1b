import { sql } from 'kysely';
import type { Database, Tx } from '../kernel/index.ts';

/** How many calls have reached the service, and when the last of them did. */
export type Usage = { calls: number; last: Date };

/**
 * Time at the service, by the key of the one row; null: it has not ended. A join would have the planner, which cannot
 * know how few calls came since, read the ends of all calls there are.
 */
const spentAt = sql`(select e.upstream_us from call_ends e
  where e.organization_id = s.organization_id and e.call_id = s.call_id)`;

/** Taken for a large query it would be compiled, which takes longer than it does. */
const withoutCompiling = (tx: Tx): Promise<unknown> => sql`set local jit = off`.execute(tx.kysely);

/**
 * What has been made of each of these connections: calls that spent time at the service, whatever it answered. What was
 * counted already, and of the rows of its calls only those that started since, by the index that leads with the
 * connection; absent: none.
 */
export async function readUsages(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, Usage>> {
  if (connectionIds.length === 0) return new Map();
  await withoutCompiling(tx);
  const { rows } = await sql<{ connection_id: string; calls: string; last: Date | null }>`
    select wanted.connection_id, coalesce(counted.calls, 0) + since.calls as calls,
      greatest(counted.last_used_at, since.last) as last
    from unnest(${[...connectionIds]}::uuid[]) as wanted (connection_id)
    left join connection_usage counted
      on counted.organization_id = ${organizationId} and counted.connection_id = wanted.connection_id
    cross join lateral (
      select count(*) as calls, max(started_at) as last from (
        select s.started_at, ${spentAt} as spent from call_starts s
        where s.organization_id = ${organizationId} and s.connection_id = wanted.connection_id
          and s.started_at >= coalesce(counted.counted_until, '-infinity')
        offset 0
      ) came where spent > 0
    ) since`.execute(tx.kysely);
  return new Map(
    rows.flatMap(({ connection_id: id, calls, last }) =>
      last === null ? [] : [[id, { calls: Number(calls), last }] as const],
    ),
  );
}

/**
 * Counts calls that started before a moment: of each connection up to the first that has not ended, since what becomes
 * of that one is not known. Each call is counted once, whoever else counts at the same moment.
 */
export async function countUsages(database: Database, before: Date): Promise<void> {
  const { rows } = await database.transaction('system', (tx) =>
    sql<{ organization_id: string; connection_id: string }>`
      select c.organization_id, c.connection_id from connections c
      left join connection_usage u
        on u.organization_id = c.organization_id and u.connection_id = c.connection_id
      where exists (select from call_starts s
        where s.organization_id = c.organization_id and s.connection_id = c.connection_id
          and s.started_at >= coalesce(u.counted_until, '-infinity') and s.started_at < ${before})`.execute(
      tx.kysely,
    ),
  );
  for (const { organization_id: organizationId, connection_id: connectionId } of rows) {
    await database.transaction('system', (tx) => countUsage(tx, { organizationId, connectionId }, before));
  }
}

async function countUsage(
  tx: Tx,
  { organizationId, connectionId }: { organizationId: string; connectionId: string },
  before: Date,
): Promise<void> {
  await withoutCompiling(tx);
  await sql`
    with span as (
      select c.organization_id, c.connection_id, coalesce(u.counted_until, '-infinity') as since
      from connections c
      left join connection_usage u
        on u.organization_id = c.organization_id and u.connection_id = c.connection_id
      where c.organization_id = ${organizationId} and c.connection_id = ${connectionId}
    ), came as materialized (
      select s.started_at, ${spentAt} as spent from span join call_starts s
        on s.organization_id = span.organization_id and s.connection_id = span.connection_id
          and s.started_at >= span.since and s.started_at < ${before}
    ), bounded as (
      select least(min(started_at), ${before}::timestamptz) as until from came where spent is null
    )
    insert into connection_usage
      (organization_id, connection_id, calls, last_used_at, counted_from, counted_until)
    select span.organization_id, span.connection_id, found.calls, found.last, span.since, bounded.until
    from span, bounded, lateral (
      select count(*) as calls, max(started_at) as last from came where spent > 0 and started_at < bounded.until
    ) found
    where bounded.until > span.since
    on conflict (organization_id, connection_id) do update set
      calls = connection_usage.calls + excluded.calls,
      last_used_at = greatest(connection_usage.last_used_at, excluded.last_used_at),
      counted_from = excluded.counted_from, counted_until = excluded.counted_until
    where connection_usage.counted_until = excluded.counted_from`.execute(tx.kysely);
}

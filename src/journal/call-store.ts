import { sql, type Kysely } from 'kysely';
import type { Pool, QueryConfig } from 'pg';
import type { Page, Position, Tx } from '../kernel/index.ts';
import type { CallEnd, CallRecord, CallStart } from './call.ts';
import { fitData, type OutboxEvent } from './outbox.ts';
import type { JournalTables } from './tables.ts';

// One statement whatever the size of the batch, so it is planned once. The rows travel as one JSON text: a third
// cheaper for the process than an array for each column, on both databases, most of all for a lone call.
const insertStarts = `insert into call_starts (organization_id, call_id, started_at, deadline_at, tool, tool_id,
  connection_id, pack_id, principal_type, principal_id, registered_user_id, ran_as, protocol, trace_id, replica_id)
  select r.*, $2::uuid from json_to_recordset($1::json) as r(organization_id uuid, call_id uuid,
  started_at timestamptz, deadline_at timestamptz, tool text, tool_id uuid, connection_id uuid, pack_id uuid,
  principal_type text, principal_id uuid, registered_user_id uuid, ran_as text, protocol text, trace_id text)
  on conflict do nothing`;

const insertEnds = `insert into call_ends (organization_id, call_id, ended_at, outcome, reason, gateway_us,
  upstream_us, bytes_raw, bytes_served, view, key_version)
  select r.* from json_to_recordset($1::json) as r(organization_id uuid, call_id uuid, ended_at timestamptz,
  outcome text, reason text, gateway_us int, upstream_us int, bytes_raw int, bytes_served int, view bytea,
  key_version int) on conflict do nothing`;

// The same where webhooks may want to hear of some: durable with the ends, and nothing where nobody wants it. The
// event has the call's id: written again after a commit whose answer was lost, it is the same event.
const insertEndsAndEvents = `with ended as (${insertEnds})
  insert into events (organization_id, event_id, type, data, created_at)
  select e.* from json_to_recordset($2::json) as e(organization_id uuid, event_id uuid, type text, data json,
  created_at timestamptz) where toolcrib_wants(e.organization_id, e.type) on conflict do nothing`;

/**
 * A client of the pool stays in it though the database refused a row: pool.query would throw it away, and the
 * embedded database has but this one, whose protocol then falls out of step. Only a broken one goes.
 */
export async function insertRows(pool: Pool, query: QueryConfig): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query(query);
    broken = false;
  } catch (error) {
    broken = !/^2[23]/.test(String((error as { code?: unknown }).code));
    throw error;
  } finally {
    client.release(broken);
  }
}

const startRecord = (row: CallStart) => ({
  organization_id: row.organizationId,
  call_id: row.callId,
  started_at: row.startedAt,
  deadline_at: row.deadlineAt,
  tool: row.tool,
  tool_id: row.toolId,
  connection_id: row.connectionId,
  pack_id: row.packId,
  principal_type: row.principal.type,
  principal_id: row.principal.id,
  registered_user_id: row.registeredUserId,
  ran_as: row.ranAs,
  protocol: row.protocol,
  trace_id: row.traceId,
});

export async function writeStarts(pool: Pool, rows: readonly CallStart[], replicaId: string): Promise<void> {
  await insertRows(pool, {
    name: 'call-starts',
    text: insertStarts,
    values: [JSON.stringify(rows.map(startRecord)), replicaId],
  });
}

/** One start in the transaction of what it depends on: an approval burnt, a turn counted. */
export async function writeStartWithin(tx: Tx, row: CallStart, replicaId: string): Promise<void> {
  await (tx.kysely as Kysely<JournalTables>)
    .insertInto('call_starts')
    .values({ ...startRecord(row), approval_id: row.approvalId ?? null, replica_id: replicaId })
    .execute();
}

/**
 * Whether a key's calls of a connection after `since` have gone on until `now` without a pause of `pause` ms. Refused
 * ones are calls too.
 */
export async function hasCalledOn(
  tx: Tx,
  organizationId: string,
  by: { principalId: string; connectionId: string },
  span: { since: Date; now: Date; pause: number },
): Promise<boolean> {
  const { since, now, pause } = span;
  const { rows } = await sql<{ longest: string | null }>`
    select max(extract(epoch from at - before) * 1000) as longest from (
      select at, lag(at) over (order by at) as before from (
        select ${since}::timestamptz as at union all select ${now}::timestamptz
        union all select started_at from call_starts
          where organization_id = ${organizationId} and connection_id = ${by.connectionId}
            and principal_id = ${by.principalId} and started_at > ${since} and started_at < ${now}
      ) moments
    ) gaps`.execute(tx.kysely);
  return Number(rows[0]?.longest ?? Infinity) < pause;
}

export async function writeEnds(pool: Pool, rows: readonly CallEnd[]): Promise<void> {
  const records = rows.map((row) => ({
    organization_id: row.organizationId,
    call_id: row.callId,
    ended_at: row.endedAt,
    outcome: row.outcome,
    reason: row.reason,
    gateway_us: row.gatewayUs,
    upstream_us: row.upstreamUs,
    bytes_raw: row.bytesRaw,
    bytes_served: row.bytesServed,
    view: row.view && `\\x${row.view.sealed.toString('hex')}`,
    key_version: row.view && row.view.keyVersion,
  }));
  const ends = JSON.stringify(records);
  const events = rows.flatMap((row) => (row.event ? [eventRecord(row, row.event)] : []));
  if (events.length === 0) return insertRows(pool, { name: 'call-ends', text: insertEnds, values: [ends] });
  const values = [ends, JSON.stringify(events)];
  await insertRows(pool, { name: 'call-ends-events', text: insertEndsAndEvents, values });
}

const eventRecord = (row: CallEnd, event: OutboxEvent) => ({
  organization_id: row.organizationId,
  event_id: row.callId,
  type: event.type,
  data: fitData(event.data),
  created_at: row.endedAt,
});

/**
 * Gives every call whose deadline passed without an end the outcome `unknown`; `evenBeforeDeadline` where
 * nobody is left who could end them. Answers how many.
 */
export async function endLostCalls(tx: Tx, now: Date, { evenBeforeDeadline = false } = {}): Promise<number> {
  const result = await sql`
    insert into call_ends (organization_id, call_id, ended_at, outcome, reason, gateway_us, upstream_us)
    select s.organization_id, s.call_id, ${now}, 'unknown', 'interrupted', 0, 0
    from call_starts s left join call_ends e on e.organization_id = s.organization_id and e.call_id = s.call_id
    where e.call_id is null and (s.deadline_at < ${now} or ${evenBeforeDeadline})
    on conflict do nothing`.execute(tx.kysely);
  return Number(result.numAffectedRows ?? 0n);
}

/** Null: not bound in this dimension. A key bound to workspaces sees the calls of their connections. */
export type CallBounds = {
  packIds: readonly string[] | null;
  userIds: readonly string[] | null;
  workspaceIds: readonly string[] | null;
};

export type CallFilter = {
  tool?: string;
  toolId?: string;
  connectionId?: string;
  packId?: string;
  principalId?: string;
  registeredUserId?: string;
  outcome?: string;
  from?: Date;
  to?: Date;
  /** What the reading key is bound to; null or absent: not bound in this dimension. */
  within?: CallBounds;
};

function filtered(tx: Tx, organizationId: string, filter: CallFilter) {
  let query = (tx.kysely as Kysely<JournalTables>)
    .selectFrom('call_starts as s')
    .leftJoin('call_ends as e', (join) =>
      join.onRef('e.organization_id', '=', 's.organization_id').onRef('e.call_id', '=', 's.call_id'),
    )
    .where('s.organization_id', '=', organizationId);
  if (filter.tool) query = query.where('s.tool', '=', filter.tool);
  if (filter.toolId) query = query.where('s.tool_id', '=', filter.toolId);
  if (filter.connectionId) query = query.where('s.connection_id', '=', filter.connectionId);
  if (filter.packId) query = query.where('s.pack_id', '=', filter.packId);
  if (filter.principalId) query = query.where('s.principal_id', '=', filter.principalId);
  if (filter.registeredUserId) query = query.where('s.registered_user_id', '=', filter.registeredUserId);
  if (filter.outcome === 'started') query = query.where('e.outcome', 'is', null);
  else if (filter.outcome) query = query.where('e.outcome', '=', filter.outcome as 'ok');
  if (filter.from) query = query.where('s.started_at', '>=', filter.from);
  if (filter.to) query = query.where('s.started_at', '<=', filter.to);
  const { packIds = null, userIds = null, workspaceIds = null } = filter.within ?? {};
  if (packIds) query = query.where(sql<boolean>`s.pack_id = any(${[...packIds]}::uuid[])`);
  if (userIds) query = query.where(sql<boolean>`s.registered_user_id = any(${[...userIds]}::uuid[])`);
  if (workspaceIds) {
    query = query.where(
      sql<boolean>`s.connection_id in (select connection_id from connections
        where organization_id = ${organizationId} and workspace_id = any(${[...workspaceIds]}::uuid[]))`,
    );
  }
  return query;
}

const columns = [
  's.organization_id', 's.call_id', 's.started_at', 's.deadline_at', 's.tool', 's.tool_id', 's.connection_id',
  's.pack_id', 's.principal_type', 's.principal_id', 's.registered_user_id', 's.ran_as', 's.protocol', 's.trace_id',
  's.approval_id',
  'e.ended_at', 'e.outcome', 'e.reason', 'e.gateway_us', 'e.upstream_us', 'e.bytes_raw', 'e.bytes_served',
  'e.view', 'e.key_version',
] as const; // prettier-ignore

/** Calls, newest first, by cursor or by offset (which also counts). */
export async function readCalls(
  tx: Tx,
  organizationId: string,
  filter: CallFilter,
  page: { limit: number; after: Position | null } | { limit: number; offset: number },
): Promise<Page<CallRecord> & { count: number | null }> {
  const query = filtered(tx, organizationId, filter);
  let rowsQuery = query
    .select(columns)
    .orderBy('s.started_at', 'desc')
    .orderBy('s.call_id', 'desc')
    .limit(page.limit + 1);
  let count: number | null = null;
  if ('offset' in page) {
    const total = await query.select(sql<string>`count(*)`.as('total')).executeTakeFirstOrThrow();
    count = Number(total.total);
    rowsQuery = rowsQuery.offset(page.offset);
  } else if (page.after) {
    const { at, id } = page.after;
    rowsQuery = rowsQuery.where(sql<boolean>`(s.started_at, s.call_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const stored = await rowsQuery.execute();
  const rows = stored.slice(0, page.limit).map(callOf);
  const last = rows.at(-1);
  const next =
    stored.length > page.limit && last ? { at: last.startedAt.toISOString(), id: last.callId } : null;
  return { rows, count, next };
}

export async function readCall(
  tx: Tx,
  organizationId: string,
  callId: string,
  within?: CallFilter['within'],
): Promise<CallRecord | null> {
  const row = await filtered(tx, organizationId, { within })
    .select(columns)
    .where('s.call_id', '=', callId)
    .executeTakeFirst();
  return row ? callOf(row) : null;
}

/** Calls, time and bytes by tool and outcome over a span: computed from the rows. */
export async function readCallStats(
  tx: Tx,
  organizationId: string,
  filter: CallFilter,
): Promise<
  readonly {
    tool: string;
    outcome: string;
    calls: number;
    gateway_us: number;
    upstream_us: number;
    bytes_raw: number;
    bytes_served: number;
  }[]
> {
  const rows = await filtered(tx, organizationId, filter)
    .select([
      's.tool',
      sql<string>`coalesce(e.outcome, 'started')`.as('outcome'),
      sql<string>`count(*)`.as('calls'),
      sql<string>`coalesce(sum(e.gateway_us), 0)`.as('gateway_us'),
      sql<string>`coalesce(sum(e.upstream_us), 0)`.as('upstream_us'),
      sql<string>`coalesce(sum(e.bytes_raw), 0)`.as('bytes_raw'),
      sql<string>`coalesce(sum(e.bytes_served), 0)`.as('bytes_served'),
    ])
    .groupBy(['s.tool', sql`coalesce(e.outcome, 'started')`])
    .orderBy('s.tool')
    .execute();
  return rows.map((row) => ({
    tool: row.tool,
    outcome: row.outcome,
    calls: Number(row.calls),
    gateway_us: Number(row.gateway_us),
    upstream_us: Number(row.upstream_us),
    bytes_raw: Number(row.bytes_raw),
    bytes_served: Number(row.bytes_served),
  }));
}

/** When a call last went to the service, by connection: known from the calls, without a write per call. */
export async function lastUsed(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, Date>> {
  if (connectionIds.length === 0) return new Map();
  const rows = await sql<{ connection_id: string; last: Date }>`
    select wanted.connection_id, newest.started_at as last
    from unnest(${[...connectionIds]}::uuid[]) as wanted (connection_id)
    cross join lateral (
      select s.started_at from call_starts s
      left join call_ends e on e.organization_id = s.organization_id and e.call_id = s.call_id
      where s.organization_id = ${organizationId} and s.connection_id = wanted.connection_id
        and e.outcome is distinct from 'denied'
      order by s.started_at desc limit 1
    ) as newest`.execute(tx.kysely);
  return new Map(rows.rows.map((row) => [row.connection_id, row.last]));
}

type StoredCall = {
  [Column in keyof JournalTables['call_starts']]?: JournalTables['call_starts'][Column];
} & {
  [Column in keyof JournalTables['call_ends']]?: JournalTables['call_ends'][Column] | null;
};

function callOf(row: StoredCall): CallRecord {
  return {
    organizationId: row.organization_id!,
    callId: row.call_id!,
    startedAt: row.started_at!,
    deadlineAt: row.deadline_at!,
    tool: row.tool!,
    toolId: row.tool_id ?? null,
    connectionId: row.connection_id ?? null,
    packId: row.pack_id ?? null,
    principal: { type: row.principal_type!, id: row.principal_id! },
    registeredUserId: row.registered_user_id ?? null,
    ranAs: row.ran_as ?? null,
    protocol: row.protocol!,
    traceId: row.trace_id!,
    approvalId: row.approval_id ?? null,
    ...(row.outcome && row.ended_at
      ? {
          endedAt: row.ended_at,
          outcome: row.outcome,
          reason: row.reason ?? null,
          gatewayUs: row.gateway_us ?? 0,
          upstreamUs: row.upstream_us ?? 0,
          bytesRaw: row.bytes_raw ?? null,
          bytesServed: row.bytes_served ?? null,
          view: row.view && row.key_version ? { sealed: row.view, keyVersion: row.key_version } : null,
        }
      : {}),
  };
}

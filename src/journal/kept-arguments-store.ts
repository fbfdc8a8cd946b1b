import { sql } from 'kysely';
import type { Pool } from 'pg';
import type { Tx } from '../kernel/index.ts';
import type { CallOutcome, KeptArguments } from './call.ts';
import { insertRows, type CallBounds } from './call-store.ts';

const insertKept = `insert into call_arguments (organization_id, call_id, connection_id, tool_id, pack_id, outcome,
  kept_at, arguments, key_version)
  select r.* from json_to_recordset($1::json) as r(organization_id uuid, call_id uuid, connection_id uuid,
  tool_id uuid, pack_id uuid, outcome text, kept_at timestamptz, arguments bytea, key_version int)
  on conflict do nothing`;

/** One statement whatever the size of the batch, as calls themselves are written. */
export async function writeKept(pool: Pool, rows: readonly KeptArguments[]): Promise<void> {
  const records = rows.map((row) => ({
    organization_id: row.organizationId,
    call_id: row.callId,
    connection_id: row.connectionId,
    tool_id: row.toolId,
    pack_id: row.packId,
    outcome: row.outcome,
    kept_at: row.keptAt,
    arguments: `\\x${row.arguments.sealed.toString('hex')}`,
    key_version: row.arguments.keyVersion,
  }));
  await insertRows(pool, { name: 'call-arguments', text: insertKept, values: [JSON.stringify(records)] });
}

/** What one request forgets at most; what is left of it the next sweep does. */
const forgottenAtOnce = 10_000;

/** Forgets what was kept of a tool, or of a connection whose tools go next. */
export async function forgetKept(
  tx: Tx,
  organizationId: string,
  of: { toolId: string } | { connectionId: string },
): Promise<void> {
  const tools =
    'toolId' in of
      ? sql`(${of.toolId}::uuid)`
      : sql`(select tool_id from tools
          where organization_id = ${organizationId} and connection_id = ${of.connectionId})`;
  await sql`delete from call_arguments where organization_id = ${organizationId} and call_id in (
    select call_id from call_arguments where organization_id = ${organizationId} and tool_id in ${tools}
    limit ${forgottenAtOnce})`.execute(tx.kysely);
}

/**
 * Forgets what is older, and what is of tools that went or keep none, be it that a call under way brought it; a part
 * of it at most, `limit` rows of each kind. Answers how many. Tools are found by going from one to the next in their
 * index, whatever the number of rows.
 */
export async function sweepKept(tx: Tx, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    with recursive kept (organization_id, tool_id) as (
      (select organization_id, tool_id from call_arguments order by organization_id, tool_id limit 1)
      union all
      select next.organization_id, next.tool_id from kept cross join lateral (
        select a.organization_id, a.tool_id from call_arguments a
        where (a.organization_id, a.tool_id) > (kept.organization_id, kept.tool_id)
        order by a.organization_id, a.tool_id limit 1) as next
    ), unwanted as materialized (
      select * from kept where not exists (select from tools t where t.organization_id = kept.organization_id
        and t.tool_id = kept.tool_id and t.keeps_arguments)
    )
    delete from call_arguments where (organization_id, call_id) in (
      (select organization_id, call_id from call_arguments where kept_at < ${before} limit ${limit})
      union all
      (select of_tool.* from unwanted cross join lateral (
        select a.organization_id, a.call_id from call_arguments a
        where a.organization_id = unwanted.organization_id and a.tool_id = unwanted.tool_id limit ${limit}
      ) as of_tool limit ${limit}))`.execute(tx.kysely);
  return Number(numAffectedRows ?? 0n);
}

/** A call that went through input rules, and what was kept of it. */
export type LastCall = {
  callId: string;
  connectionId: string;
  /** As the caller named it. */
  tool: string;
  /** The pack it came in by; an agent's own has its id. */
  packId: string | null;
  registeredUserId: string | null;
  outcome: CallOutcome;
  reason: string | null;
  arguments: { sealed: Buffer; keyVersion: number } | null;
  view: { sealed: Buffer; keyVersion: number } | null;
  bytesServed: number | null;
};

/** Why calls are denied by what their author said of their input. */
const refusedInputs = ['pinned', 'hidden', 'forbidden_key', 'narrowed', 'pin_vanished'];

/** The pack a call came in by. Agents' own calls name none, and others at their addresses only with what was kept. */
const cameIn = sql`coalesce(a.pack_id, s.pack_id, case s.principal_type when 'agent' then s.principal_id end)`;

/** The last calls of each connection that rules of input let through or refused, newest first; tries are none. */
export async function lastCalls(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
  span: { since: Date; limit: number; within: CallBounds; packId?: string },
): Promise<readonly LastCall[]> {
  if (connectionIds.length === 0) return [];
  const { packIds, userIds, workspaceIds } = span.within;
  const { rows } = await sql<LastCallRow>`
    select last.* from unnest(${[...connectionIds]}::uuid[]) as wanted (connection_id)
    cross join lateral (
      select s.call_id, s.connection_id, s.tool, s.registered_user_id, e.outcome, e.reason,
        ${cameIn} as pack_id,
        a.arguments, a.key_version, e.view, e.key_version as view_version, e.bytes_served
      from call_starts s
      join call_ends e on e.organization_id = s.organization_id and e.call_id = s.call_id
      left join call_arguments a on a.organization_id = s.organization_id and a.call_id = s.call_id
      where s.organization_id = ${organizationId} and s.connection_id = wanted.connection_id
        and s.started_at > ${span.since} and s.tool_id is not null and s.protocol <> 'try'
        and (e.outcome in ('ok', 'failed')
          or e.outcome = 'denied' and e.reason = any(${[...refusedInputs]}::text[]))
        and (${packIds === null} or s.pack_id = any(${[...(packIds ?? [])]}::uuid[]))
        and (${userIds === null} or s.registered_user_id = any(${[...(userIds ?? [])]}::uuid[]))
        and (${workspaceIds === null} or exists (select from connections c
          where c.organization_id = s.organization_id and c.connection_id = s.connection_id
            and c.workspace_id = any(${[...(workspaceIds ?? [])]}::uuid[])))
        and (${span.packId === undefined} or ${cameIn} = ${span.packId ?? null}::uuid)
      order by s.started_at desc, s.call_id desc limit ${span.limit}
    ) as last`.execute(tx.kysely);
  return rows.map(lastCallOf);
}

type LastCallRow = {
  call_id: string;
  connection_id: string;
  tool: string;
  pack_id: string | null;
  registered_user_id: string | null;
  outcome: CallOutcome;
  reason: string | null;
  arguments: Buffer | null;
  key_version: number | null;
  view: Buffer | null;
  view_version: number | null;
  bytes_served: number | null;
};

const lastCallOf = (row: LastCallRow): LastCall => ({
  callId: row.call_id,
  connectionId: row.connection_id,
  tool: row.tool,
  packId: row.pack_id,
  registeredUserId: row.registered_user_id,
  outcome: row.outcome,
  reason: row.reason,
  arguments: row.arguments && { sealed: row.arguments, keyVersion: row.key_version! },
  view: row.view && { sealed: row.view, keyVersion: row.view_version! },
  bytesServed: row.bytes_served,
});

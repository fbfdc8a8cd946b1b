import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import type { Definition } from '../connectors/index.ts';
import type { JsonSchema, Tx } from '../kernel/index.ts';
import type { Confirmation, InputRules, ResponseMap } from './curation.ts';
import { extendDefinition, type ExtraParameter } from './extend-definition.ts';
import { layRules } from './lay-rules.ts';
import type { Tool } from './tool.ts';

export type ToolTables = {
  tools: {
    organization_id: string;
    tool_id: string;
    connection_id: string;
    tool_path: string;
    name: string;
    slug: string;
    definition: unknown;
    learned_schema: unknown;
    is_enabled: boolean;
    title: string | null;
    description: string | null;
    inputs: unknown;
    response_map: unknown;
    requires_confirmation: unknown;
    max_calls_per_turn: number | null;
    source: 'service' | 'author';
    newest: unknown;
    accepted_at: Date | null;
    held_since: Date | null;
    default_inputs: unknown;
    extra_parameters: unknown;
    keeps_arguments: boolean;
    last_seen_at: Date;
    vanished_at: Date | null;
    created_at: Date;
    updated_at: Date;
    position: number;
  };
};

const of = (tx: Tx): Kysely<ToolTables> => tx.kysely as Kysely<ToolTables>;

function toolOf(row: Selectable<ToolTables['tools']>): Tool {
  return {
    id: row.tool_id,
    organizationId: row.organization_id,
    connectionId: row.connection_id,
    path: row.tool_path,
    name: row.name,
    slug: row.slug,
    definition: extendDefinition(row.definition as Definition, row.extra_parameters as ExtraParameter[]),
    source: row.source,
    accepted: row.definition as Definition,
    newest: row.newest as Definition | null,
    acceptedAt: row.accepted_at,
    heldSince: row.held_since,
    extraParameters: row.extra_parameters as ExtraParameter[],
    learnedSchema: row.learned_schema as JsonSchema | null,
    curation: {
      isEnabled: row.is_enabled,
      title: row.title,
      description: row.description,
      inputs: layRules(row.inputs as InputRules | null, row.default_inputs as InputRules | null),
      responseMap: row.response_map as ResponseMap | null,
      requiresConfirmation: row.requires_confirmation as Confirmation | null,
      maxCallsPerTurn: row.max_calls_per_turn,
    },
    layers: {
      inputs: row.inputs as InputRules | null,
      defaults: row.default_inputs as InputRules | null,
    },
    keepsArguments: row.keeps_arguments,
    lastSeenAt: row.last_seen_at,
    vanishedAt: row.vanished_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    position: row.position,
  };
}

/** Rows travel in pieces: a statement carries at most 65,535 values. */
const piece = 1000;

export async function insertTools(tx: Tx, rows: readonly Insertable<ToolTables['tools']>[]): Promise<void> {
  for (let start = 0; start < rows.length; start += piece) {
    await of(tx)
      .insertInto('tools')
      .values(rows.slice(start, start + piece))
      .execute();
  }
}

export async function updateToolRow(
  tx: Tx,
  organizationId: string,
  toolId: string,
  set: Updateable<ToolTables['tools']>,
): Promise<Tool> {
  const row = await of(tx)
    .updateTable('tools')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('tool_id', '=', toolId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toolOf(row);
}

/** Voids what was allowed for calls of a connection's tools as they were: a yes is for a tool as it is. */
export async function touchTools(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  now: Date,
): Promise<void> {
  await of(tx)
    .updateTable('tools')
    .set({ updated_at: now })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .execute();
}

/** Notes that these tools were listed again, all in one statement. */
export async function markSeen(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  paths: readonly string[],
  now: Date,
): Promise<void> {
  await of(tx)
    .updateTable('tools')
    .set({ last_seen_at: now })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where(sql<boolean>`tool_path = any(${[...paths]}::text[])`)
    .execute();
}

/** Turns tools on or off; new ones that nobody has said yes to yet stay off. */
export async function setAllEnabled(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  isEnabled: boolean,
  now: Date,
): Promise<number> {
  let query = of(tx)
    .updateTable('tools')
    .set({ is_enabled: isEnabled, updated_at: now })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where('is_enabled', '!=', isEnabled);
  if (isEnabled) query = query.where('accepted_at', 'is not', null);
  const result = await query.executeTakeFirst();
  return Number(result.numUpdatedRows);
}

/** One tool by id or slug; `lock` holds it until the transaction ends. */
export async function findTool(
  tx: Tx,
  organizationId: string,
  by: { id: string } | { slug: string },
  lock = false,
): Promise<Tool | null> {
  let query = of(tx).selectFrom('tools').selectAll().where('organization_id', '=', organizationId);
  query = 'id' in by ? query.where('tool_id', '=', by.id) : query.where('slug', '=', by.slug);
  if (lock) query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row ? toolOf(row) : null;
}

/** All tools of these connections, in the order the services list them; `lock` holds them until the transaction ends. */
export async function toolsOfConnections(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
  lock = false,
): Promise<readonly Tool[]> {
  if (connectionIds.length === 0) return [];
  let query = of(tx)
    .selectFrom('tools')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connection_id', 'in', [...connectionIds])
    .orderBy('connection_id')
    .orderBy('position')
    .orderBy('tool_id');
  if (lock) query = query.forUpdate();
  return (await query.execute()).map(toolOf);
}

/** One connection's tools after a place in that order; one more than `limit`, where there are more. */
export async function toolsAfter(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  page: { limit: number; after: { position: number; id: string } | null },
): Promise<readonly Tool[]> {
  const { after } = page;
  let query = of(tx)
    .selectFrom('tools')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId);
  if (after) query = query.where(sql<boolean>`(position, tool_id) > (${after.position}, ${after.id}::uuid)`);
  const rows = await query
    .orderBy('position')
    .orderBy('tool_id')
    .limit(page.limit + 1)
    .execute();
  return rows.map(toolOf);
}

export type ToolCount = { total: number; enabled: number; held: number };

/** Tools the service still lists, how many of them are enabled, and of how many something is held, by connection. */
export async function countToolRows(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, ToolCount>> {
  if (connectionIds.length === 0) return new Map();
  const rows = await of(tx)
    .selectFrom('tools')
    .select('connection_id')
    .select(sql<string>`count(*) filter (where vanished_at is null)`.as('total'))
    .select(sql<string>`count(*) filter (where vanished_at is null and is_enabled)`.as('enabled'))
    .select(sql<string>`count(held_since)`.as('held'))
    .where('organization_id', '=', organizationId)
    .where('connection_id', 'in', [...connectionIds])
    .groupBy('connection_id')
    .execute();
  return new Map(
    rows.map(({ connection_id: id, total, enabled, held }) => [
      id,
      { total: Number(total), enabled: Number(enabled), held: Number(held) },
    ]),
  );
}

/** Removes these tools. */
export async function deleteToolRows(
  tx: Tx,
  organizationId: string,
  toolIds: readonly string[],
): Promise<void> {
  if (toolIds.length === 0) return;
  await of(tx)
    .deleteFrom('tools')
    .where('organization_id', '=', organizationId)
    .where('tool_id', 'in', [...toolIds])
    .execute();
}

export async function deleteToolsOf(tx: Tx, organizationId: string, connectionId: string): Promise<void> {
  await of(tx)
    .deleteFrom('tools')
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .execute();
}

/** Writes what replies taught. Not a change of curation: `updated_at` stays. */
export async function saveLearnedSchema(
  tx: Tx,
  organizationId: string,
  toolId: string,
  schema: JsonSchema,
): Promise<void> {
  await of(tx)
    .updateTable('tools')
    .set({ learned_schema: JSON.stringify(schema) })
    .where('organization_id', '=', organizationId)
    .where('tool_id', '=', toolId)
    .execute();
}

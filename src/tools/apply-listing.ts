import { createHash } from 'node:crypto';
import { canonicalJson, newId, unstorablePath, type Clock, type Json, type Tx } from '../kernel/index.ts';
import type { Definition } from '../connectors/index.ts';
import type { Connection, SyncResult } from '../connections/index.ts';
import { insertTools, markSeen, toolsOfConnections, updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

/**
 * Lays what a service lists over what is known. Definitions of known tools are replaced, curation stays;
 * tools of the first listing are enabled if `enable` says so, later ones arrive disabled; a tool no longer
 * listed is refused from now on but keeps its curation; an empty list removes nothing.
 */
export async function applyListing(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  listing: { definitions: readonly Definition[]; first: boolean; enable: boolean },
): Promise<SyncResult> {
  const { organizationId } = connection;
  const now = clock.now();
  const known = new Map(
    (await toolsOfConnections(tx, organizationId, [connection.id])).map((tool) => [tool.path, tool]),
  );
  const listed = listing.definitions.flatMap(storable);
  const fresh = listed.filter((definition) => !known.has(definition.path));
  const names = new Set([...known.values()].map((tool) => tool.name));
  const lastPosition = [...known.values()].reduce((last, { position }) => Math.max(last, position), -1);
  const added: string[] = [];

  await insertTools(
    tx,
    fresh.map((definition, index) => {
      const name = freeName(definition, names);
      names.add(name);
      added.push(name);
      return {
        organization_id: organizationId,
        tool_id: newId(),
        connection_id: connection.id,
        tool_path: definition.path,
        name,
        slug: `${connection.slug}__${name}`,
        definition: JSON.stringify({ ...definition, name }),
        learned_schema: null,
        is_enabled: listing.enable,
        title: null,
        description: null,
        inputs: null,
        response_map: null,
        requires_confirmation: null,
        max_calls_per_turn: null,
        source: 'service' as const,
        newest: null,
        accepted_at: now,
        held_since: null,
        default_inputs: null,
        extra_parameters: '[]',
        keeps_arguments: true,
        last_seen_at: now,
        vanished_at: null,
        created_at: now,
        updated_at: now,
        position: lastPosition + 1 + index,
      };
    }),
  );

  const seen = listed.filter((definition) => known.has(definition.path));
  const changed: string[] = [];
  for (const definition of seen) {
    const tool = known.get(definition.path)!;
    const next = { ...definition, name: tool.name };
    if (tool.vanishedAt === null && canonicalJson(next) === canonicalJson(tool.definition)) continue;
    await updateToolRow(tx, organizationId, tool.id, {
      definition: JSON.stringify(next),
      vanished_at: null,
      updated_at: now,
    });
    changed.push(tool.name);
  }
  await markSeen(
    tx,
    organizationId,
    connection.id,
    seen.map((definition) => definition.path),
    now,
  );
  const removed = listed.length === 0 ? [] : await markVanished(tx, known, listed, now);
  return {
    added,
    changed,
    removed,
    unchanged: seen.length - changed.length,
    held: [],
    newlyHeld: [],
    moved: added.length + changed.length + removed.length > 0,
  };
}

/**
 * A definition as the database can hold it: one with a NUL or half a character in its schemas is put aside
 * alone; one whose very name holds such cannot be called by it, and is left out.
 */
function storable(definition: Definition): Definition[] {
  if (unstorablePath(definition as unknown as Json) === null) return [definition];
  if (unstorablePath([definition.path, definition.name]) !== null) return [];
  const { path, name, effect, confirm, idempotent } = definition;
  const quarantine = 'It holds characters that cannot be stored.';
  const { binding } = definition;
  return [
    {
      path,
      name,
      title: null,
      description: null,
      inputSchema: { type: 'object' },
      outputSchema: null,
      effect,
      confirm,
      idempotent,
      binding: unstorablePath(binding as unknown as Json) === null ? binding : { kind: 'mcp', tool: path },
      quarantine,
    },
  ];
}

async function markVanished(
  tx: Tx,
  known: ReadonlyMap<string, Tool>,
  listed: readonly Definition[],
  now: Date,
): Promise<string[]> {
  const paths = new Set(listed.map((definition) => definition.path));
  const gone = [...known.values()].filter((tool) => tool.vanishedAt === null && !paths.has(tool.path));
  for (const tool of gone) {
    await updateToolRow(tx, tool.organizationId, tool.id, { vanished_at: now, updated_at: now });
  }
  return gone.map((tool) => tool.name);
}

/** The definition's name, or one with a suffix made of its path where a known tool has that name already. */
function freeName(definition: Definition, taken: ReadonlySet<string>): string {
  if (!taken.has(definition.name)) return definition.name;
  const digest = createHash('sha256').update(definition.path).digest('hex');
  for (let length = 6; ; length += 2) {
    const candidate = `${definition.name.slice(0, 43 - length)}_${digest.slice(0, length)}`;
    if (!taken.has(candidate)) return candidate;
  }
}

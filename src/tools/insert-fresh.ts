import type { Connection } from '../connections/index.ts';
import type { Definition } from '../connectors/index.ts';
import { newId, type Tx } from '../kernel/index.ts';
import { freeName } from './free-name.ts';
import { insertTools } from './store.ts';
import type { Tool } from './tool.ts';

type Fresh = { first: boolean; enable: boolean; before: readonly Tool[]; now: Date };

/** Puts in tools that were never seen before, and answers the names they have here. */
export async function insertFresh(
  tx: Tx,
  connection: Connection,
  fresh: readonly Definition[],
  { first, enable, before, now }: Fresh,
): Promise<readonly string[]> {
  const isAccepted = first || connection.driftPolicy === 'follow';
  const isEnabled = first ? enable : isAccepted && !connection.newToolsOff;
  const taken = new Set(before.map((tool) => tool.name));
  const lastPosition = before.reduce((last, { position }) => Math.max(last, position), -1);
  const names = fresh.map((definition) => {
    const name = freeName(definition, taken);
    taken.add(name);
    return name;
  });
  await insertTools(
    tx,
    fresh.map((definition, index) => ({
      organization_id: connection.organizationId,
      tool_id: newId(),
      connection_id: connection.id,
      tool_path: definition.path,
      name: names[index]!,
      slug: `${connection.slug}__${names[index]!}`,
      definition: JSON.stringify({ ...definition, name: names[index]! }),
      learned_schema: null,
      is_enabled: isEnabled,
      title: null,
      description: null,
      inputs: null,
      response_map: null,
      requires_confirmation: null,
      max_calls_per_turn: null,
      source: 'service' as const,
      newest: null,
      accepted_at: isAccepted ? now : null,
      held_since: isAccepted ? null : now,
      default_inputs: null,
      extra_parameters: '[]',
      keeps_arguments: true,
      last_seen_at: now,
      vanished_at: null,
      created_at: now,
      updated_at: now,
      position: lastPosition + 1 + index,
    })),
  );
  return names;
}

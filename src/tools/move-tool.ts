import { canonicalJson, type Clock, type Tx } from '../kernel/index.ts';
import type { Definition } from '../connectors/index.ts';
import type { Vault } from '../vault/index.ts';
import { carryConfirmation } from './carry-confirmation.ts';
import { carryParameters, carryRules, type FieldStep } from './carry.ts';
import type { InputRules } from './curation.ts';
import { extendDefinition } from './extend-definition.ts';
import { layRules } from './lay-rules.ts';
import { sealRules } from './seal-rules.ts';
import { insertTools, updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

/** Where a tool is after a change of its connection's version, and what is known of it there. */
export type Place = {
  path: string;
  name: string;
  slug: string;
  /** As it is accepted from now on; null: this version has no such tool, and what was accepted stays as it was. */
  definition: Definition | null;
  /** What the service says, where that is not what is accepted. */
  newest: Definition | null;
  /** What became of its fields on the way. */
  steps: readonly FieldStep[];
};

/** A tool before and after; null before: it is new. */
export type MovedTool = { before: Tool | null; after: Tool };

/** The tool at its new place as a value: id, position and everything its author said come along. */
export function moveTool(tool: Tool, place: Place, now: Date): Tool {
  const { steps, path, name, slug } = place;
  const accepted = { ...(place.definition ?? tool.accepted), name };
  const extraParameters = carryParameters(tool.extraParameters, steps);
  const layers = {
    inputs: carryRules(tool.layers.inputs, steps),
    defaults: carryRules(tool.layers.defaults, steps),
  };
  const moved: Tool = {
    ...tool,
    path,
    name,
    slug,
    accepted,
    definition: extendDefinition(accepted, extraParameters),
    newest: place.newest,
    acceptedAt: tool.acceptedAt ?? now,
    heldSince: place.newest === null ? null : (tool.heldSince ?? now),
    extraParameters,
    layers,
    curation: {
      ...tool.curation,
      inputs: layRules(layers.inputs, layers.defaults),
      requiresConfirmation: carryConfirmation(tool.curation.requiresConfirmation, steps),
    },
    vanishedAt: place.definition === null ? (tool.vanishedAt ?? now) : null,
  };
  return isMoved(tool, moved) ? { ...moved, updatedAt: now } : tool;
}

export const isMoved = (before: Tool, after: Tool): boolean => canonicalJson(before) !== canonicalJson(after);

/** A tool that a version brings: disabled, for nothing widens by itself. */
export function newTool(
  at: Pick<Tool, 'id' | 'organizationId' | 'connectionId' | 'slug' | 'position'>,
  definition: Definition,
  now: Date,
): Tool {
  return {
    ...at,
    path: definition.path,
    name: definition.name,
    definition,
    source: 'service',
    accepted: definition,
    newest: null,
    acceptedAt: now,
    heldSince: null,
    extraParameters: [],
    learnedSchema: null,
    curation: {
      isEnabled: false,
      title: null,
      description: null,
      inputs: null,
      responseMap: null,
      requiresConfirmation: null,
      maxCallsPerTurn: null,
    },
    layers: { inputs: null, defaults: null },
    keepsArguments: true,
    lastSeenAt: now,
    vanishedAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

/**
 * Writes what moved. Names and paths are unique at every moment, and two tools may change theirs for one another's:
 * those that move make room first. Values of fields that the service calls secret from now on are sealed.
 */
export async function writeMovedTools(
  tx: Tx,
  ctx: { clock: Clock; vault: Vault },
  moves: readonly MovedTool[],
): Promise<void> {
  const known = moves.flatMap(({ before, after }) =>
    before && isMoved(before, after) ? [{ before, after }] : [],
  );
  for (const { before, after } of known) {
    if (before.path === after.path && before.slug === after.slug) continue;
    await updateToolRow(tx, after.organizationId, after.id, {
      tool_path: `~${after.id}`,
      slug: `~${after.id}`,
    });
  }
  for (const { after } of known) await writeTool(tx, ctx, after);
  const fresh = moves.filter(({ before }) => before === null).map(({ after }) => after);
  await insertTools(tx, fresh.map(newRow));
}

async function writeTool(tx: Tx, { vault }: { vault: Vault }, tool: Tool): Promise<void> {
  const { organizationId, definition, layers, curation } = tool;
  const seal = (rules: InputRules | null): Promise<InputRules | null> =>
    rules ? sealRules(tx, vault, organizationId, definition.inputSchema, rules) : Promise.resolve(null);
  const inputs = await seal(layers.inputs);
  const defaults = await seal(layers.defaults);
  await updateToolRow(tx, organizationId, tool.id, {
    tool_path: tool.path,
    name: tool.name,
    slug: tool.slug,
    definition: JSON.stringify(tool.accepted),
    newest: tool.newest && JSON.stringify(tool.newest),
    accepted_at: tool.acceptedAt,
    held_since: tool.heldSince,
    is_enabled: curation.isEnabled,
    inputs: inputs && JSON.stringify(inputs),
    default_inputs: defaults && JSON.stringify(defaults),
    extra_parameters: JSON.stringify(tool.extraParameters),
    requires_confirmation:
      curation.requiresConfirmation === null ? null : JSON.stringify(curation.requiresConfirmation),
    vanished_at: tool.vanishedAt,
    updated_at: tool.updatedAt,
  });
}

const newRow = (tool: Tool): Parameters<typeof insertTools>[1][number] => ({
  organization_id: tool.organizationId,
  tool_id: tool.id,
  connection_id: tool.connectionId,
  tool_path: tool.path,
  name: tool.name,
  slug: tool.slug,
  definition: JSON.stringify(tool.accepted),
  learned_schema: null,
  is_enabled: tool.curation.isEnabled,
  title: null,
  description: null,
  inputs: null,
  response_map: null,
  requires_confirmation: null,
  max_calls_per_turn: null,
  source: tool.source,
  newest: null,
  accepted_at: tool.acceptedAt,
  held_since: null,
  default_inputs: null,
  extra_parameters: '[]',
  keeps_arguments: true,
  last_seen_at: tool.lastSeenAt,
  vanished_at: null,
  created_at: tool.createdAt,
  updated_at: tool.updatedAt,
  position: tool.position,
});

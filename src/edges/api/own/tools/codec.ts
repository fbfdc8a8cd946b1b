import type { z } from '@hono/zod-openapi';
import { invalid, type Problem } from '../../../../kernel/index.ts';
import type { Tried, TryInput } from '../../../../gateway/index.ts';
import {
  describeTool,
  heldChange,
  parseConfirmation,
  parseInputRules,
  parseResponseMap,
  setOwn,
  type InputRules,
  type ToolOfConnection,
  type ToolPatch,
} from '../../../../tools/index.ts';
import { writeHeldChange } from '../../held-change.ts';
import type { patchToolBody, toolSchema, triedSchema, tryToolBody } from './schema.ts';

export function readPatch(body: z.output<typeof patchToolBody>): ToolPatch {
  const problems: Problem[] = [];
  return {
    isEnabled: body.is_enabled,
    title: body.title,
    description: body.description,
    inputs: readInputs(body.inputs, problems),
    responseMap: readMap(body.response_field_map, ['response_field_map'], problems),
    requiresConfirmation: readConfirmation(body.requires_confirmation, problems),
    maxCallsPerTurn: body.max_calls_per_turn,
    keepsArguments: body.keep_arguments,
    problems,
  };
}

function readInputs(value: unknown, problems: Problem[]): ToolPatch['inputs'] {
  if (value === undefined) return undefined;
  if (value === null) return { kind: 'clear' };
  const { rules, cleared, problems: found } = parseInputRules(value, ['inputs']);
  problems.push(...found);
  return { kind: 'fields', rules, cleared };
}

function readConfirmation(value: unknown, problems: Problem[]): ToolPatch['requiresConfirmation'] {
  if (value === undefined) return undefined;
  const { confirmation, problems: found } = parseConfirmation(value, ['requires_confirmation']);
  problems.push(...found);
  return confirmation;
}

function readMap(value: unknown, path: readonly string[], problems: Problem[]): ToolPatch['responseMap'] {
  if (value === undefined || value === null) return value;
  const { map, problems: found } = parseResponseMap(value, path);
  problems.push(...found);
  return map;
}

/** Curation to try: what is named stands in the place of the saved part. Fault `invalid` with every problem. */
export function readTryCuration(body: z.output<typeof tryToolBody>): TryInput['curation'] {
  const { curation } = body;
  if (!curation) return undefined;
  const problems: Problem[] = [];
  const map = readMap(curation.response_field_map, ['curation', 'response_field_map'], problems);
  let inputs: InputRules | null | undefined = curation.inputs === null ? null : undefined;
  if (curation.inputs) {
    const read = parseInputRules(curation.inputs, ['curation', 'inputs']);
    problems.push(...read.problems);
    inputs = read.rules;
  }
  if (problems.length > 0) throw invalid(...problems);
  return {
    ...(curation.title === undefined ? {} : { title: curation.title }),
    ...(curation.description === undefined ? {} : { description: curation.description }),
    ...(inputs === undefined ? {} : { inputs }),
    ...(map === undefined ? {} : { responseMap: map }),
  };
}

/** Rules as they are shown: of a sealed value only that there is one. */
export function writeRules(rules: InputRules | null | undefined): Record<string, Record<string, unknown>> {
  const shown: Record<string, Record<string, unknown>> = {};
  for (const [field, { secret, ...rule }] of Object.entries(rules ?? {})) {
    setOwn(shown, field, secret === undefined ? rule : { ...rule, value: null, has_value: true });
  }
  return shown;
}

export function writeTool({ tool }: Pick<ToolOfConnection, 'tool'>): z.input<typeof toolSchema> {
  const { definition, curation } = tool;
  const described = describeTool(tool);
  return {
    id: tool.id,
    connection_id: tool.connectionId,
    name: tool.name,
    slug: tool.slug,
    path: tool.path,
    effect: definition.effect,
    is_enabled: curation.isEnabled,
    title: curation.title,
    description: curation.description,
    inputs: writeRules(curation.inputs),
    response_field_map: curation.responseMap && { field_mappings: [...curation.responseMap.field_mappings] },
    definition: {
      title: definition.title,
      description: definition.description,
      input_schema: definition.inputSchema,
      output_schema: definition.outputSchema,
      idempotent: definition.idempotent,
      unservable: definition.quarantine,
    },
    response_schema: described.responseSchema,
    stale_inputs: [...described.staleInputFields],
    stale_paths: [...described.staleFieldPaths],
    token_cost: described.tokenCost,
    execution_kind: described.executionKind,
    requires_confirmation: curation.requiresConfirmation,
    max_calls_per_turn: curation.maxCallsPerTurn,
    keep_arguments: tool.keepsArguments,
    held: writeHeldChange(heldChange(tool)),
    last_seen_at: tool.lastSeenAt.toISOString(),
    vanished_at: tool.vanishedAt?.toISOString() ?? null,
    created_at: tool.createdAt.toISOString(),
    updated_at: tool.updatedAt.toISOString(),
  };
}

export function writeTried(tried: Tried): z.input<typeof triedSchema> {
  const { callId, isError, sent, raw, served, bytes, tokens } = tried;
  return { call_id: callId, is_error: isError, sent: sent && { ...sent }, raw, served, bytes, tokens };
}

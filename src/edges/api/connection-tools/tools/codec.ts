import type { z } from '@hono/zod-openapi';
import type { Connection } from '../../../../connections/index.ts';
import type { Tried, TryInput } from '../../../../gateway/index.ts';
import { bodyProblem, invalid, isObject, type Json, type Problem } from '../../../../kernel/index.ts';
import {
  describeTool,
  getOwn,
  hasValue,
  heldChange,
  parseInputRules,
  parseResponseMap,
  setOwn,
  type InputRules,
  type ToolOfConnection,
  type ToolPatch,
} from '../../../../tools/index.ts';
import { writeHeldChange } from '../../held-change.ts';
import type { patchToolBody, testBody, testedSchema, toolSchema } from './schema.ts';

/** The contract's name of a connector: imported documents all have one. */
export const integrationKeyOf = (connection: Connection): string =>
  connection.kind === 'openapi' ? 'openapi' : connection.connectorSlug;

export function readPatch(body: z.output<typeof patchToolBody>): ToolPatch {
  const problems: Problem[] = [];
  const responseMap = readMap(body.response_field_map, problems);
  const rules =
    body.input_defaults === undefined || body.input_defaults === null
      ? {}
      : readDefaults(body.input_defaults, problems);
  return {
    isEnabled: body.is_enabled ?? undefined,
    responseMap,
    inputs: body.input_defaults === undefined ? undefined : { kind: 'defaults', rules },
    inputsPath: ['input_defaults'],
    problems,
  };
}

function readMap(value: unknown, problems: Problem[]): ToolPatch['responseMap'] {
  if (value === undefined || value === null) return value;
  const { map, problems: found } = parseResponseMap(value, ['response_field_map']);
  problems.push(...found);
  return map;
}

const types = ['default', 'pinned'];

/** `{field: {value, type}}` as input rules; every entry that is none is a problem at its place. */
function readDefaults(value: { readonly [field: string]: unknown }, problems: Problem[]): InputRules {
  const rules: Record<string, unknown> = {};
  for (const [field, entry] of Object.entries(value)) {
    const at = ['input_defaults', field];
    const before = problems.length;
    if (!isObject(entry)) {
      problems.push(bodyProblem('dict_type', at, 'Input should be a valid dictionary'));
      continue;
    }
    for (const name of ['value', 'type']) {
      if (!Object.hasOwn(entry, name)) problems.push(bodyProblem('missing', [...at, name], 'Field required'));
    }
    const type = getOwn(entry, 'type');
    if (type !== undefined && !types.includes(type as string)) {
      const expected = "'default' or 'pinned'";
      const said = { input: type, ctx: { expected } };
      problems.push(bodyProblem('literal_error', [...at, 'type'], `Input should be ${expected}`, said));
    }
    for (const name of Object.keys(entry)) {
      if (name === 'value' || name === 'type') continue;
      problems.push(bodyProblem('extra_forbidden', [...at, name], 'Extra inputs are not permitted'));
    }
    if (problems.length === before) setOwn(rules, field, { mode: type, value: entry['value'] });
  }
  const parsed = parseInputRules(rules, ['input_defaults']);
  problems.push(...parsed.problems);
  return parsed.rules;
}

/** Defaults and pins as this contract has them; a sealed value is only said to be there. Null: none. */
function writeDefaults(rules: InputRules | null): Record<string, Record<string, unknown>> | null {
  const shown: Record<string, Record<string, unknown>> = {};
  for (const [field, rule] of Object.entries(rules ?? {})) {
    const { mode, value = null, secret } = rule;
    if ((mode !== 'default' && mode !== 'pinned') || !hasValue(rule)) continue;
    setOwn(shown, field, { value, type: mode, ...(secret === undefined ? {} : { has_value: true }) });
  }
  return Object.keys(shown).length > 0 ? shown : null;
}

export function writeTool({ tool, connection }: ToolOfConnection): z.input<typeof toolSchema> {
  const { definition, curation } = tool;
  const described = describeTool(tool);
  return {
    id: tool.id,
    connection_id: tool.connectionId,
    organization_id: tool.organizationId,
    integration_key: integrationKeyOf(connection),
    nickname_slug: connection.slug,
    tool_path: tool.path,
    slug: tool.slug,
    display_name: curation.title ?? definition.title ?? tool.name,
    description: curation.description ?? definition.description,
    input_schema: definition.inputSchema,
    is_enabled: curation.isEnabled,
    last_seen_at: tool.lastSeenAt.toISOString(),
    created_at: tool.createdAt.toISOString(),
    updated_at: tool.updatedAt.toISOString(),
    stale_field_paths: [...described.staleFieldPaths],
    default_count: described.defaultCount,
    pinned_count: described.pinnedCount,
    stale_input_fields: [...described.staleInputFields],
    merged_input_preview: described.mergedInputPreview,
    response_schema: described.responseSchema,
    response_field_map: curation.responseMap && { field_mappings: [...curation.responseMap.field_mappings] },
    input_defaults: writeDefaults(curation.inputs),
    type: definition.effect === 'read' ? 'read' : 'write',
    requires_confirmation: tool.curation.requiresConfirmation,
    execution_kind: described.executionKind,
    token_cost: described.tokenCost,
    held: writeHeldChange(heldChange(tool)),
  };
}

/** What is tried: the saved rules, and the request's map in the place of the saved one. Fault `invalid`. */
export function readTest(body: z.output<typeof testBody>, connectionId: string): TryInput {
  const problems: Problem[] = [];
  const responseMap = readMap(body.response_field_map, problems);
  if (problems.length > 0) throw invalid(...problems);
  return {
    tool: { slug: body.slug, connectionId },
    arguments: body.input ?? {},
    ...(responseMap === undefined ? {} : { curation: { responseMap } }),
  };
}

export function writeTested(tried: Tried): z.input<typeof testedSchema> {
  // Where nothing came back, what an agent would be told stands in its place.
  const isRefused = tried.isError && tried.raw === null;
  const result: Json = isRefused ? { isError: true, content: tried.served } : tried.raw;
  return { result, narrowed: tried.narrowed, sent: tried.sent && { ...tried.sent } };
}

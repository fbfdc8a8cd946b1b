import type { z } from '@hono/zod-openapi';
import { credentialFieldNames, type Connection, type Surroundings } from '../../../../connections/index.ts';
import { connectorId, type AuthMethod, type ConfigField } from '../../../../connectors/index.ts';
import { servedTools } from '../../../../gateway/index.ts';
import { bodyProblem, Fault, unreachable, type Json, type Problem } from '../../../../kernel/index.ts';
import {
  setOwn,
  type ByField,
  type ConnectionPatch,
  type InputRules,
  type Tool,
} from '../../../../tools/index.ts';
import { entriesOf, readOverrides, respelled, writeOverrides } from './overrides/codec.ts';
import type { configFieldSchema, createBody, instanceSchema, updateBody } from './schema.ts';

/** The domain's names of this contract's fields, for places of errors. */
export const names = {
  connector: 'tool_id',
  config: 'configuration',
  nickname: 'name',
  action_filter: 'mcp_action_filter',
  default_inputs: 'action_defaults',
  inputs: 'mcp_parameter_overrides',
  descriptions: 'mcp_action_descriptions',
} as const;

export function readPatch(body: z.output<typeof updateBody> | z.output<typeof createBody>): ConnectionPatch {
  const problems: Problem[] = [];
  return {
    nickname: body.name,
    description: body.description,
    namespaceId: body.namespace_id,
    isActive: body.is_active,
    requiresConfirmation: body.mcp_requires_confirmation,
    maxCallsPerTurn: body.mcp_max_calls_per_turn,
    descriptionOverride: body.mcp_description_override,
    actionFilter: body.mcp_action_filter,
    defaults: readDefaults(body.action_defaults, problems),
    inputs: readOverrides(body.mcp_parameter_overrides, problems),
    descriptions: readDescriptions(body.mcp_action_descriptions, problems),
    problems,
  };
}

type Given = { readonly [name: string]: unknown } | null | undefined;

function readDefaults(given: Given, problems: Problem[]): ConnectionPatch['defaults'] {
  if (given === undefined || given === null) return given;
  const defaults: Record<string, ByField<Json>> = {};
  for (const [action, values] of entriesOf(given, ['action_defaults'], problems)) {
    setOwn(defaults, action, values);
  }
  return defaults;
}

const longestDescription = 16_000;

function readDescriptions(given: Given, problems: Problem[]): ConnectionPatch['descriptions'] {
  if (given === undefined || given === null) return given;
  const texts: Record<string, string> = {};
  for (const [action, text] of Object.entries(given)) {
    const at = ['mcp_action_descriptions', action];
    if (text === null) continue;
    if (typeof text !== 'string') {
      problems.push(bodyProblem('string_type', at, 'Input should be a valid string', { input: text }));
    } else if (text.length > longestDescription) {
      const ctx = { max_length: longestDescription };
      const message = `String should have at most ${longestDescription} characters`;
      problems.push(bodyProblem('string_too_long', at, message, { ctx }));
    } else setOwn(texts, action, text);
  }
  return texts;
}

/** Does it, and says what is wrong with it at the places that the body has. */
export async function saidInPlace<T>(body: z.output<typeof updateBody>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'invalid') throw error;
    const problems = error.problems.map((problem) => respelled(problem, body));
    throw new Fault('invalid', error.message, { problems });
  }
}

export function writeInstance(
  connection: Connection,
  tools: readonly Tool[],
  { connector, usage, isBeingConnected }: Surroundings,
): z.input<typeof instanceSchema> {
  const version = connection.connectorVersion ?? 1;
  const latest = Math.max(version, connector?.file.version ?? version);
  return {
    instance_id: connection.id,
    tool_id: connector?.id ?? connectorId(connection.organizationId, connection.connectorSlug),
    workspace_id: connection.workspaceId,
    namespace_id: connection.namespaceId,
    name: connection.nickname,
    description: connection.metadata.description ?? null,
    configuration: { ...connection.config },
    has_credentials: connection.auth.type === 'none' || connection.status !== 'pending',
    credential_refs: {},
    credential_fields: [...credentialFieldNames(connection.auth)],
    custom_action_parameters: {},
    action_defaults: byTool(tools, (tool) => writeDefaults(tool.layers.defaults)),
    auth_config: {},
    custom_actions: [],
    is_active: connection.isActive,
    mcp_description_override: connection.descriptionOverride,
    mcp_action_filter: connection.actionFilter && [...connection.actionFilter],
    mcp_action_descriptions: writeDescriptions(tools),
    mcp_max_calls_per_turn: connection.maxCallsPerTurn,
    mcp_requires_confirmation: connection.requiresConfirmation,
    mcp_parameter_overrides: byTool(tools, (tool) =>
      writeOverrides(tool, connection.writtenRules[tool.name]),
    ),
    auth_mode: writeMode(connection.auth),
    connection_credentials: null,
    connection_status: writeStatus(connection, isBeingConnected),
    schema_version: version,
    upgrade_available: latest > version,
    latest_schema_version: latest,
    schema_deprecated: false,
    last_used_at: usage?.last.toISOString() ?? null,
    usage_count: usage?.calls ?? 0,
    created_by: connection.createdBy,
    created_at: connection.createdAt.toISOString(),
    updated_at: connection.updatedAt.toISOString(),
    tool_name: connector?.file.name ?? connection.nickname,
    tool_slug: connection.connectorSlug,
    tool_category: connector?.file.categories[0] ?? null,
    tool_icon_url: connector?.file.logo_url ?? null,
    supported_step_types: ['inference', 'tool_call'],
    effective_action_schemas: servedTools(connection, tools).map((tool) => ({ ...tool })),
    tool_config_schema: (connector?.file.config ?? []).map(writeConfigField),
  };
}

/** A map with a member for each tool that has anything to say in it. */
function byTool<Said extends object>(
  tools: readonly Tool[],
  say: (tool: Tool) => Record<string, Said>,
): Record<string, Record<string, Said>> {
  const map: Record<string, Record<string, Said>> = {};
  for (const tool of tools) {
    const said = say(tool);
    if (Object.keys(said).length > 0) setOwn(map, tool.name, said);
  }
  return map;
}

/** A sealed value reads as null, and null keeps it. */
function writeDefaults(rules: InputRules | null): Record<string, never> {
  const values: Record<string, Json> = {};
  for (const [field, rule] of Object.entries(rules ?? {})) setOwn(values, field, rule.value ?? null);
  return values as Record<string, never>;
}

function writeDescriptions(tools: readonly Tool[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { name, curation } of tools) {
    if (curation.description !== null) setOwn(texts, name, curation.description);
  }
  return texts;
}

function writeMode({ type }: AuthMethod): z.input<typeof instanceSchema>['auth_mode'] {
  switch (type) {
    case 'none':
      return 'none';
    case 'bearer':
    case 'api_key':
    case 'basic':
      return 'vault';
    case 'oauth2':
    case 'oauth2_client_credentials':
    case 'mcp_oauth':
      return 'connection';
  }
}

function writeStatus(
  { status }: Connection,
  isBeingConnected: boolean,
): z.input<typeof instanceSchema>['connection_status'] {
  switch (status) {
    case 'pending':
      return isBeingConnected ? 'pending' : 'not_connected';
    case 'connected':
      return 'connected';
    case 'token_expired':
      return 'expired';
    case 'auth_failed':
      return 'error';
    default:
      return unreachable(status);
  }
}

const writeConfigField = (field: ConfigField): z.input<typeof configFieldSchema> => ({
  name: field.name,
  display_name: field.display_name,
  type: field.type,
  required: field.required,
  default: field.default ?? null,
  description: field.description ?? null,
  placeholder: field.placeholder ?? null,
  options: (field.options ?? []).map(({ label, value }) => ({ label, value })),
  validation: { ...field.validation },
  widget: field.widget ?? null,
  widget_options: {},
});

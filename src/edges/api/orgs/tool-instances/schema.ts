import { z } from '@hono/zod-openapi';
import { dryRunField, impactSchema } from '../../impact.ts';
import { cursorQuery } from '../../lists.ts';
import { anyObject, idField, queryBoolean, reference, requiredBoolean } from '../../read-request/index.ts';
import { organizationParams } from '../schema.ts';
import { configFieldSchema } from '../tools/schema.ts';

export const workspaceParams = organizationParams.extend({
  workspace: z.string().min(1).max(100).openapi({ description: 'The workspace’s slug or id.' }),
});
export const instanceParams = workspaceParams.extend({ instance_id: idField<'connection'>() });

const connectorName = z
  .string()
  .min(1)
  .max(100)
  .openapi({ description: 'A connector of the catalog: its id or slug.' });
const namespace = z.string().trim().min(1).max(100);

export const listQuery = z.object({
  tool_id: connectorName.optional(),
  active_only: queryBoolean().openapi({ default: false }),
  namespace_id: namespace.optional(),
  ...cursorQuery({ fallback: 50, max: 200 }),
});
export const forceQuery = z.object({ force: queryBoolean() });
export const toggleQuery = z.object({
  is_active: requiredBoolean().openapi({ description: 'Whether it is in service.' }),
  dry_run: dryRunField(),
});

const name = z.string().trim().min(1).max(255);

/** Every field that can change; absent leaves, null clears. */
const mutable = {
  description: z.string().max(4000).nullish().openapi({ description: 'For people.' }),
  namespace_id: namespace
    .nullish()
    .openapi({ description: 'A grouping inside the workspace; null: default.' }),
  is_active: z.boolean().nullish(),
  configuration: anyObject()
    .nullish()
    .openapi({ description: 'The connector’s typed fields, which `tool_config_schema` describes.' }),
  auth_mode: z.enum(['vault', 'connection', 'none']).nullish(),
  auth_config: anyObject()
    .nullish()
    .openapi({ description: '`{method, …}`: which of the connector’s sign-in methods.' }),
  credential_refs: z
    .record(z.string(), reference(z.string().max(100)))
    .nullish()
    .openapi({ description: 'Field to `vault_id` of a secret under `/v1/orgs/{org}/vault/secrets`.' }),
  connection_credentials: z
    .strictObject({
      client_id: z.string().min(1).max(1000),
      client_secret_vault_id: reference(z.string().min(1).max(100)).nullish(),
      callback_url: z.string().min(1).max(2000).nullish(),
      scopes_override: z.array(z.string().min(1).max(500)).max(100).nullish(),
    })
    .nullish()
    .openapi({ description: 'An OAuth app of this instance’s own.' }),
  // What is in them is read where they are made tools: every problem at its place.
  custom_actions: z
    .array(z.unknown())
    .nullish()
    .openapi({
      type: 'array',
      items: { type: 'object' },
      description:
        '`{name, description, effect, method, path, parameters, response?}`: requests below the same address, with the same account.',
    }),
  custom_action_parameters: anyObject()
    .nullish()
    .openapi({
      type: 'object',
      additionalProperties: { type: 'array', items: { type: 'object' } },
      description: '`{action: [{name, in, type, required?, description?, enum?}]}`',
    }),
  action_defaults: anyObject()
    .nullish()
    .openapi({ description: '`{action: {parameter: value}}`: sent where the agent sends nothing.' }),
  mcp_description_override: z
    .string()
    .max(16_000)
    .nullish()
    .openapi({ description: 'What the model is told of the instance, in the server’s instructions.' }),
  mcp_action_filter: z
    .array(z.string().max(256))
    .max(10_000)
    .nullish()
    .openapi({ description: 'Null: all actions; a list: exactly these.' }),
  mcp_action_descriptions: anyObject()
    .nullish()
    .openapi({ description: '`{action: text}`: what the model reads instead of the service’s text.' }),
  mcp_max_calls_per_turn: z.int().min(1).max(1_000_000).nullish(),
  mcp_requires_confirmation: z.boolean().nullish(),
  mcp_parameter_overrides: anyObject().nullish().openapi({
    description:
      '`{action: {parameter: {mode?, value?, default?, enum?, title?, description?, hidden?}}}`; wins over `action_defaults`.',
  }),
};

export const createBody = z.strictObject({ tool_id: connectorName, name, ...mutable });
export const updateBody = z.strictObject({ name: name.optional(), ...mutable });

const map = z.record(z.string(), z.unknown());
const mapOfMaps = z.record(z.string(), map);
const text = z.string().nullable();

export const instanceSchema = z
  .object({
    instance_id: z.string(),
    tool_id: z.string(),
    workspace_id: z.string(),
    namespace_id: z.string(),
    name: z.string(),
    description: text,
    configuration: map,
    has_credentials: z.boolean(),
    credential_refs: z.record(z.string(), z.string()),
    credential_fields: z.array(z.string()),
    custom_action_parameters: z.record(z.string(), z.array(map)),
    action_defaults: mapOfMaps,
    auth_config: map,
    custom_actions: z.array(map),
    is_active: z.boolean(),
    mcp_description_override: text,
    mcp_action_filter: z.array(z.string()).nullable(),
    mcp_action_descriptions: z.record(z.string(), z.string()),
    mcp_max_calls_per_turn: z.int().nullable(),
    mcp_requires_confirmation: z.boolean().nullable(),
    mcp_parameter_overrides: z.record(z.string(), mapOfMaps),
    auth_mode: z.enum(['vault', 'connection', 'none']),
    connection_credentials: z
      .object({
        client_id: z.string(),
        client_secret_vault_id: text,
        callback_url: text,
        scopes_override: z.array(z.string()).nullable(),
      })
      .nullable(),
    connection_status: z.enum(['not_connected', 'pending', 'connected', 'expired', 'error']).nullable(),
    schema_version: z.int(),
    upgrade_available: z.boolean(),
    latest_schema_version: z.int(),
    schema_deprecated: z.boolean(),
    last_used_at: text,
    usage_count: z.int(),
    created_by: text,
    created_at: z.string(),
    updated_at: z.string(),
    tool_name: z.string(),
    tool_slug: z.string(),
    tool_category: text,
    tool_icon_url: text,
    supported_step_types: z.array(z.string()),
    effective_action_schemas: z.array(map),
    tool_config_schema: z.array(configFieldSchema),
  })
  .openapi('ToolInstance');

export const instancesSchema = z
  .object({
    total: z.int(),
    has_more: z.boolean(),
    next_cursor: text,
    instances: z.array(instanceSchema),
  })
  .openapi('ToolInstances');

export const upgradeBody = z.strictObject({
  target_version: z.int().nullish().openapi({ description: 'One it has been on; null: the newest.' }),
  dry_run: z
    .boolean()
    .nullish()
    .openapi({ description: 'Answers what it would do, with its `impact`, and does nothing.' }),
});

export const upgradedSchema = z
  .object({
    instance_id: z.string(),
    previous_version: z.int(),
    new_version: z.int(),
    migration_applied: z.boolean(),
    changelog: z.string(),
    impact: impactSchema.optional().openapi({ description: 'Of a dry run.' }),
  })
  .openapi('UpgradedToolInstance');

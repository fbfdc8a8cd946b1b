import type { z } from '@hono/zod-openapi';
import type { AccountState, Connection, OwnClient, Surroundings } from '../../../../connections/index.ts';
import { connectorId } from '../../../../connectors/index.ts';
import { servedTools } from '../../../../gateway/index.ts';
import type { Json } from '../../../../kernel/index.ts';
import type { Impact, Upgraded, VersionState } from '../../../../revisions/index.ts';
import { extraParametersOf, setOwn, type InputRules, type Tool } from '../../../../tools/index.ts';
import { writeImpact } from '../../impact.ts';
import { writeConfigField } from '../tools/codec.ts';
import { writeOverrides } from './overrides/codec.ts';
import type { instanceSchema, upgradedSchema } from './schema.ts';

/** What is known of an instance beside its connection and its tools. */
export type Around = Surroundings & { account: AccountState; version: VersionState };

export function writeInstance(
  connection: Connection,
  tools: readonly Tool[],
  { connector, usage, config, configFields, account, version }: Around,
): z.input<typeof instanceSchema> {
  return {
    instance_id: connection.id,
    tool_id: connector?.id ?? connectorId(connection.organizationId, connection.connectorSlug),
    workspace_id: connection.workspaceId,
    namespace_id: connection.namespaceId,
    name: connection.nickname,
    description: connection.metadata.description ?? null,
    configuration: { ...config },
    has_credentials: account.hasCredentials,
    credential_refs: { ...account.credentialRefs },
    credential_fields: [...account.credentialFields],
    custom_action_parameters: writeParameters(tools),
    action_defaults: byTool(tools, (tool) => writeDefaults(tool.layers.defaults)),
    auth_config: { ...account.authConfig },
    custom_actions: connection.customActions.map((action) => ({ ...(action as object) })),
    is_active: connection.isActive,
    mcp_description_override: connection.descriptionOverride,
    mcp_action_filter: connection.actionFilter && [...connection.actionFilter],
    mcp_action_descriptions: writeDescriptions(tools),
    mcp_max_calls_per_turn: connection.maxCallsPerTurn,
    mcp_requires_confirmation: connection.requiresConfirmation,
    mcp_parameter_overrides: byTool(tools, (tool) =>
      writeOverrides(tool, connection.writtenRules[tool.name]),
    ),
    auth_mode: account.authMode,
    connection_credentials: account.connectionCredentials && writeClient(account.connectionCredentials),
    connection_status: account.connectionStatus,
    schema_version: version.schemaVersion,
    upgrade_available: version.upgradeAvailable,
    latest_schema_version: version.latestSchemaVersion,
    schema_deprecated: version.schemaDeprecated,
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
    tool_config_schema: configFields.map(writeConfigField),
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

function writeParameters(tools: readonly Tool[]): Record<string, Record<string, unknown>[]> {
  const lists: Record<string, Record<string, unknown>[]> = {};
  for (const [action, parameters] of Object.entries(extraParametersOf(tools))) {
    setOwn(
      lists,
      action,
      parameters.map((parameter) => ({ ...parameter })),
    );
  }
  return lists;
}

const writeClient = (client: OwnClient) => ({
  client_id: client.clientId,
  client_secret_vault_id: client.clientSecretVaultId ?? null,
  callback_url: client.callbackUrl ?? null,
  scopes_override: client.scopesOverride ? [...client.scopesOverride] : null,
});

/** `impact`: of a dry run, which has applied nothing. */
export function writeUpgraded(done: Upgraded, impact: Impact | null): z.input<typeof upgradedSchema> {
  return {
    instance_id: done.connection.id,
    previous_version: done.previousVersion,
    new_version: done.newVersion,
    migration_applied: impact === null && done.migrationApplied,
    changelog: done.changelog,
    ...(impact === null ? {} : { impact: writeImpact(impact) }),
  };
}

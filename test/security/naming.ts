import type { Json } from '../world.ts';
import type { Things } from './furnish.ts';
import type { SweptRoute } from './sweep.ts';

/** Query parameters that name something; the others only say how much or which part. */
export const queryNouns: Readonly<Record<string, readonly (keyof Things)[]>> = {
  pack: ['pack', 'packSlug'],
  tool: ['toolSlug'],
  tool_name: ['toolSlug'],
  tool_id: ['tool'],
  connection_id: ['connection'],
  connector_id: ['connection'],
  connector_slug: ['connector'],
  pack_id: ['pack'],
  tool_pack_id: ['pack'],
  principal_id: ['key', 'agent'],
  access_key_id: ['key'],
  actor_id: ['key'],
  registered_user_id: ['user'],
  target_id: ['connection', 'pack', 'user', 'agent'],
  origin_user_id: ['originUser'],
};

export const plainQuery: ReadonlySet<string> = new Set([
  'cursor', 'limit', 'page', 'page_size', 'dry_run', 'force', 'outcome', 'from', 'to', 'created_after',
  'created_before', 'event_type', 'active_only', 'is_active', 'namespace_id', 'status', 'status_code', 'method', 'action', 'target_type',
]); // prettier-ignore

/** Members of a body that name something that exists already. */
const bodyNouns = new Set([
  'workspace', 'workspace_ids', 'connector', 'connector_slug', 'connector_id', 'connection', 'connectors', 'entries',
  'slug', 'pack', 'agent', 'pack_ids', 'tool_pack_ids', 'user', 'user_ids', 'registered_user_ids', 'owner', 'tool',
  'integration_key', 'tool_ids', 'tool_pack_id', 'pack_id', 'workspace_id', 'credential_refs', 'client_secret_vault_id',
  'tool_id',
]); // prettier-ignore

/** Members whose name only looks like one of those: a new thing's own slug. */
const ownNames = new Set(['POST /v1/orgs', 'POST /v1/orgs/{org}/workspaces']);

type Bodies = (things: Things, own: Things) => readonly unknown[];

/** Bodies that name things, for every route whose body can. */
const bodies: Readonly<Record<string, Bodies>> = {
  'POST /v1/connections': (named) => [
    { kind: 'openapi', nickname: 'x', document: '{}', workspace: named.workspace },
    { kind: 'openapi', nickname: 'x', document: '{}', workspace: named.workspaceSlug },
    { kind: 'mcp', nickname: 'x', server_url: 'http://127.0.0.1:1/mcp', workspace: named.workspace },
    { kind: 'catalog', connector: named.connector },
    { kind: 'catalog', connector: 'slack', workspace: named.workspace },
  ],
  'PUT /v1/credentials': (named, own) => [
    { connection: named.connection, fields: { token: 'x' } },
    { connection: named.connectionSlug, fields: { token: 'x' } },
    { connection: own.connection, owner: { type: 'user', id: named.user }, fields: { token: 'x' } },
    { connection: own.connection, owner: { type: 'company', id: named.company }, fields: { token: 'x' } },
    {
      connection: own.connection,
      owner: { type: 'organization', id: named.organization },
      fields: { token: 'x' },
    },
  ],
  'POST /v1/orgs/{org}/vault/secrets': (named) => [
    { name: 'x', value: 'y', workspace_id: named.workspace },
    { name: 'x', value: 'y', workspace_id: named.workspaceSlug },
  ],
  'POST /v1/orgs/{org}/workspaces/{workspace}/tool-instances': (named) => [
    { tool_id: named.connector, name: 'x' },
    ...accountsOf(named).map((account) => ({ tool_id: 'slack', name: 'x', ...account })),
  ],
  'PUT /v1/orgs/{org}/workspaces/{workspace}/tool-instances/{instance_id}': accountsOf,
  'POST /v1/connections/{id}/accept': (named) => [{ tool_ids: [named.tool] }],
  'POST /v1/integrations/connections/{connection_id}/accept': (named) => [{ tool_ids: [named.tool] }],
  'POST /v1/packs': (named) => entriesOf(named).map((entries) => ({ name: 'x', entries })),
  'PATCH /v1/packs/{id}': (named) => entriesOf(named).map((entries) => ({ entries })),
  'POST /v1/calls': (named, own) => [
    { pack: named.pack, tool: named.toolSlug },
    { pack: named.packSlug, tool: named.toolSlug },
    { pack: own.pack, tool: named.toolSlug },
    { pack: own.pack, tool: own.toolSlug, user: named.user },
    { agent: named.agent, tool: named.toolSlug },
    { agent: named.agentHandle, tool: named.toolSlug },
  ],
  'POST /v1/users/{id}/link': (named, own) => [
    { connection: named.connectionSlug },
    { connection: own.connectionSlug, pack_id: named.pack },
  ],
  'POST /api/v1/registered-users/{id}/link-token/': (named, own) => [
    { connector: named.connectionSlug },
    { connector: own.connectionSlug, tool_pack_id: named.pack },
  ],
  'POST /api/v1/application-credentials/': (named) => [{ connector_slug: named.connector, client_id: 'x' }],
  'POST /v1/integrations/connections': (named) => [{ integration_key: named.connector, nickname: 'x' }],
  'POST /v1/agents': (named) => [{ handle: 'x', tools: assigned(named) }],
  'PATCH /v1/agents/{id}': (named) => [{ tools: assigned(named) }],
  'POST /v1/tools/{id}/try': (named) => [{ pack: named.pack }, { pack: named.packSlug }],
  'POST /v1/keys': (named) => [
    { pack_ids: [named.pack] },
    { user_ids: [named.user] },
    { workspace_ids: [named.workspace] },
  ],
  'POST /api/v1/access-keys/': (named) => [
    { tool_pack_ids: [named.pack] },
    { registered_user_ids: [named.user] },
  ],
  'POST /api/v1/tool-packs/': (named) => connectorsOf(named).map((connectors) => ({ name: 'x', connectors })),
  'PATCH /api/v1/tool-packs/{id}/': (named) => connectorsOf(named).map((connectors) => ({ connectors })),
  'PUT /api/v1/tool-packs/{id}/connectors/': connectorsOf,
  'PATCH /api/v1/tool-packs/{id}/connectors/': connectorsOf,
  'PATCH /api/v1/connectors/tool-description-overrides/': (named) => [[described(named)]],
  'PATCH /api/v1/tool-packs/{id}/tool-description-overrides/': (named) => [[described(named)]],
  'PATCH /api/v1/tool-packs/{id}/tool-input-overrides/': (named) => [
    [{ connector_slug: named.connectionSlug, tool_name: named.toolName, inputs: null }],
  ],
  'POST /v1/integrations/connections/{connection_id}/test-invoke': (named) => [{ slug: named.toolSlug }],
  'POST /v1/integrations/connections/{connection_id}/test-mcp-call': (named) => [{ slug: named.toolSlug }],
};

const described = (named: Things) => ({
  connector_slug: named.connectionSlug,
  tool_name: named.toolName,
  description: 'x',
});

const assigned = (named: Things) => [{ name: 'list_orders', connector_id: named.connection }];

function accountsOf(named: Things): readonly object[] {
  return [
    { credential_refs: { token: named.vaultSecret } },
    {
      auth_mode: 'connection',
      connection_credentials: { client_id: 'x', client_secret_vault_id: named.vaultSecret },
    },
  ];
}

function entriesOf(named: Things): readonly unknown[][] {
  return [
    [{ slug: named.connectionSlug }],
    [{ slug: named.connectionSlug, selection: 'exactly', tools: ['x'] }],
  ];
}

function connectorsOf(named: Things): readonly unknown[][] {
  return [
    [{ slug: named.connectionSlug }],
    [{ connector_id: named.connection }],
    [{ connector_id: named.connection, tool_names: ['x'] }],
    [{ slug: named.connectionSlug, tool_names: [] }],
  ];
}

/** Bodies that name `named` beside what is `own`. Null: the route's body can name nothing. */
export function bodiesNaming(route: SweptRoute, named: Things, own: Things): readonly unknown[] | null {
  return bodies[route.name]?.(named, own) ?? null;
}

/** Members of a route's body that name things and that no body here fills in: these sweeps have to learn them. */
export function unknownNouns(route: SweptRoute): readonly string[] {
  if (ownNames.has(route.name)) return [];
  const written = JSON.stringify(bodies[route.name]?.(sayNothing, sayNothing) ?? []);
  return membersOf(route.body).filter((name) => bodyNouns.has(name) && !written.includes(`"${name}"`));
}

const sayNothing = new Proxy({} as Things, { get: () => 'x' });

/** Names of all members a schema declares, at any depth. */
function membersOf(schema: Json): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(membersOf);
  const { properties = {}, items, oneOf, anyOf } = schema;
  return [
    ...Object.keys(properties),
    ...Object.values(properties).flatMap((each) => membersOf(each as Json)),
    ...[items, oneOf, anyOf].flatMap(membersOf),
  ];
}

import type { z } from '@hono/zod-openapi';
import {
  shownAddress,
  type ConnectCatalogInput,
  type Connection,
  type ConnectMcpInput,
  type ConnectOpenapiInput,
  type CredentialFields,
  type HeldTool,
  type IssuedLink,
  type Reconnected,
  type ReconnectInput,
  type SyncResult,
  type TestedConnection,
} from '../../../../connections/index.ts';
import type { AuthMethod } from '../../../../connectors/index.ts';
import { bodyProblem, invalid } from '../../../../kernel/index.ts';
import type { ToolCount } from '../../../../tools/index.ts';
import type { Plaintext } from '../../../../vault/index.ts';
import type {
  ConnectBody,
  connectionSchema,
  linkSchema,
  reconnectBody,
  reconnectedSchema,
  syncSchema,
  testedSchema,
} from './schema.ts';

type Body<Kind extends ConnectBody['kind']> = Extract<ConnectBody, { kind: Kind }>;
type KeyAuth = {
  type: 'none' | 'bearer' | 'api_key' | 'basic';
  header?: string | null;
  token?: Plaintext | null;
  api_key?: Plaintext | null;
  username?: Plaintext | null;
  password?: Plaintext | null;
};
type Client = { client_id: string; client_secret?: Plaintext | null };

const readClient = (client: Client | null | undefined) =>
  client ? { clientId: client.client_id, clientSecret: client.client_secret ?? null } : null;

export function readOpenapi(body: Body<'openapi'>): ConnectOpenapiInput {
  return {
    nickname: body.nickname,
    document: body.document,
    documentUrl: body.document_url ?? null,
    baseUrl: body.base_url ?? null,
    include: body.include ?? undefined,
    ...readDocumentAuth(body.auth ?? null),
    local: body.local ?? false,
    workspace: body.workspace ?? null,
  };
}

function readDocumentAuth(
  auth: Body<'openapi'>['auth'] | null,
): Pick<ConnectOpenapiInput, 'auth' | 'authIsUsual' | 'credential' | 'client'> {
  if (!auth) return { auth: null, authIsUsual: true, credential: null };
  switch (auth.type) {
    case 'oauth2':
    case 'oauth2_client_credentials':
      return { auth: { documented: [auth.type] }, credential: null, client: readClient(auth.client) };
    case 'none':
    case 'bearer':
    case 'api_key':
    case 'basic':
      return {
        auth: readMethod(auth),
        authIsUsual: auth.header === undefined || auth.header === null,
        credential: readCredential(auth),
      };
  }
}

export function readMcp(body: Body<'mcp'>): ConnectMcpInput {
  if (!body.server_url === !body.stdio_server) {
    const message = 'Give either server_url or stdio_server.';
    throw invalid(bodyProblem('value_error', ['server_url'], message));
  }
  return {
    nickname: body.nickname,
    serverUrl: body.server_url ?? null,
    stdioServer: body.stdio_server ?? null,
    ...readServerAuth(body.auth ?? { type: 'none' }),
    headers: body.headers ?? {},
    local: body.local ?? false,
    workspace: body.workspace ?? null,
  };
}

function readServerAuth(
  auth: NonNullable<Body<'mcp'>['auth']>,
): Pick<ConnectMcpInput, 'auth' | 'credential' | 'oauth' | 'paths'> {
  if (auth.type !== 'oauth') {
    return { auth: readMethod(auth), credential: readCredential(auth), paths: { credential: ['auth'] } };
  }
  return {
    auth: { type: 'mcp_oauth' },
    credential: null,
    oauth: {
      client: readClient(auth.client),
      authorizeUrl: auth.authorize_url ?? null,
      tokenUrl: auth.token_url ?? null,
      scopes: auth.scopes ?? null,
    },
    paths: {
      oauth: {
        clientId: ['auth', 'client', 'client_id'],
        authorizeUrl: ['auth', 'authorize_url'],
        tokenUrl: ['auth', 'token_url'],
      },
    },
  };
}

export function readCatalog(body: Body<'catalog'>): ConnectCatalogInput {
  return {
    connector: body.connector,
    nickname: body.nickname ?? undefined,
    config: body.config ?? {},
    method: body.method ?? undefined,
    credential: body.credential ?? null,
    client: readClient(body.client),
    workspace: body.workspace ?? null,
  };
}

function readMethod({ type, header }: KeyAuth): AuthMethod {
  return type === 'api_key' ? { type, in: 'header', name: header ?? 'X-API-Key' } : { type };
}

/** What was given to sign in with; null: nothing, it comes later by PUT /v1/credentials. */
function readCredential({ type: _type, header: _header, ...given }: KeyAuth): CredentialFields | null {
  const fields = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
  return fields.length > 0 ? (Object.fromEntries(fields) as CredentialFields) : null;
}

export function writeConnection(
  connection: Connection,
  count: ToolCount | undefined,
): z.input<typeof connectionSchema> {
  return {
    id: connection.id,
    slug: connection.slug,
    nickname: connection.nickname,
    kind: connection.kind,
    connector: { slug: connection.connectorSlug, version: connection.connectorVersion },
    address: shownAddress(connection),
    auth: connection.auth.type,
    status: connection.status,
    status_reason: connection.statusReason,
    tools_status: connection.toolsStatus,
    tools_synced_at: connection.toolsSyncedAt?.toISOString() ?? null,
    tools: { total: count?.total ?? 0, enabled: count?.enabled ?? 0 },
    held_count: count?.held ?? 0,
    is_active: connection.isActive,
    is_sample: connection.isSample,
    requires_confirmation: connection.requiresConfirmation,
    max_calls_per_turn: connection.maxCallsPerTurn,
    drift_policy: connection.driftPolicy,
    workspace_id: connection.workspaceId,
    connected_at: connection.connectedAt?.toISOString() ?? null,
    created_at: connection.createdAt.toISOString(),
    updated_at: connection.updatedAt.toISOString(),
  };
}

export const writeSync = ({
  added,
  changed,
  removed,
  unchanged,
  held,
}: SyncResult): z.input<typeof syncSchema> => {
  return {
    added: [...added],
    changed: [...changed],
    removed: [...removed],
    unchanged,
    held: held.map(writeHeld),
  };
};

const writeHeld = (one: HeldTool) => {
  return { tool_id: one.toolId, tool: one.slug, kind: one.kind, class: one.class };
};

export const writeLink = ({ url, expiresAt }: IssuedLink): z.input<typeof linkSchema> => {
  return { connect_url: url, expires_at: expiresAt.toISOString() };
};

export function readReconnect(body: z.output<typeof reconnectBody>): ReconnectInput {
  return {
    credential: body.credential ?? null,
    activateAgents: body.activate_agents ?? null,
    acceptOtherAccount: body.accept_other_account ?? false,
    callbackUrl: body.callback_url ?? null,
    state: body.state ?? null,
  };
}

export function writeReconnected(
  { connection, held, link }: Reconnected,
  count: ToolCount | undefined,
): z.input<typeof reconnectedSchema> {
  return {
    ...writeConnection(connection, count),
    held_agents: held.map(({ id, handle, name }) => ({ id, handle, name })),
    ...(link ? writeLink(link) : { connect_url: null, expires_at: null }),
  };
}

export const writeTested = (tested: TestedConnection): z.input<typeof testedSchema> => {
  return {
    ok: tested.ok,
    message: tested.message,
    account: tested.account && { id: tested.account.id, label: tested.account.label },
    latency_ms: tested.latencyMs,
  };
};

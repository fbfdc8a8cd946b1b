import type { z } from '@hono/zod-openapi';
import type {
  Connection,
  ConnectMcpInput,
  ConnectOpenapiInput,
  CredentialFields,
  HeldAgent,
  IssuedLink,
  McpSignIn,
  ReconnectInput,
  SyncResult,
} from '../../../../connections/index.ts';
import type { AuthMethod, ImportedDocument } from '../../../../connectors/index.ts';
import { unreachable } from '../../../../kernel/index.ts';
import type { priceTools, ToolOfConnection } from '../../../../tools/index.ts';
import { integrationKeyOf, writeTool } from '../tools/codec.ts';
import type {
  connectionSchema,
  customMcpBody,
  discoveredSchema,
  openapiBody,
  reconnectBody,
  startedSchema,
  updateConnectionBody,
} from './schema.ts';

export const vendor = 'toolcrib';

export function readCustomMcp(body: z.output<typeof customMcpBody>): ConnectMcpInput {
  const type = body.auth_type ?? 'none';
  if (type === 'oauth') {
    const { oauth_client_id: clientId, oauth_client_secret: clientSecret } = body;
    return {
      nickname: body.nickname,
      serverUrl: body.server_url,
      auth: { type: 'mcp_oauth' },
      credential: null,
      headers: body.headers ?? {},
      oauth: {
        client: clientId ? { clientId, clientSecret: clientSecret ?? null } : null,
        authorizeUrl: body.oauth_authorize_url ?? null,
        tokenUrl: body.oauth_token_url ?? null,
        scopes: body.oauth_scopes ?? null,
      },
    };
  }
  const { token, api_key, api_key_header: header } = body;
  return {
    nickname: body.nickname,
    serverUrl: body.server_url,
    auth: readMethod(type, header),
    // A key with nothing to sign in with is a mistake to be told, as is signing in with no key.
    credential: type === 'none' && !token && !api_key ? null : given({ token, api_key }),
    headers: body.headers ?? {},
  };
}

export function readOpenapi(body: z.output<typeof openapiBody>): ConnectOpenapiInput {
  const { nickname, document } = body;
  return {
    nickname,
    document,
    documentUrl: body.document_url ?? null,
    baseUrl: body.base_url ?? null,
    include: body.include ?? undefined,
    ...readAuth(body.auth ?? null),
  };
}

type Auth = NonNullable<z.output<typeof openapiBody>['auth']>;

function readAuth(
  auth: Auth | null,
): Pick<ConnectOpenapiInput, 'auth' | 'authIsUsual' | 'credential' | 'client'> {
  if (!auth) return { auth: null, credential: null };
  if (auth.type === 'oauth2') {
    const { client } = auth;
    return {
      auth: { documented: ['oauth2', 'oauth2_client_credentials'] },
      credential: null,
      client: client ? { clientId: client.client_id, clientSecret: client.client_secret ?? null } : null,
    };
  }
  const { type, header, ...fields } = auth;
  const credential = given(fields);
  return {
    auth: readMethod(type, header),
    authIsUsual: !header,
    credential: Object.keys(credential).length > 0 ? credential : null,
  };
}

export function readReconnect(body: z.output<typeof reconnectBody>): ReconnectInput {
  const { activate_agents: activateAgents, accept_other_account: acceptsOther, ...fields } = body;
  const credential = given(fields);
  return {
    credential: Object.keys(credential).length > 0 ? credential : null,
    activateAgents: activateAgents ?? null,
    acceptOtherAccount: acceptsOther ?? false,
    path: [],
  };
}

function readMethod(type: 'none' | 'bearer' | 'api_key' | 'basic', header?: string | null): AuthMethod {
  return type === 'api_key' ? { type, in: 'header', name: header ?? 'X-API-Key' } : { type };
}

function given(fields: { [field: string]: CredentialFields[string] | null | undefined }): CredentialFields {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(present) as CredentialFields;
}

export function readUpdate(body: z.output<typeof updateConnectionBody>) {
  // Null means back to the default.
  return {
    nickname: body.nickname,
    isActive: body.is_active === null ? true : body.is_active,
    driftPolicy: body.drift_policy === null ? ('hold' as const) : body.drift_policy,
  };
}

/** The domain's status in this contract's words; `error` is a connection whose tools were never read. */
export function writeStatus(connection: Connection): z.input<typeof connectionSchema>['status'] {
  const { status, toolsStatus, toolsSyncedAt } = connection;
  if (status !== 'pending' && toolsStatus === 'error' && toolsSyncedAt === null) return 'error';
  switch (status) {
    case 'pending':
      return 'pending_oauth';
    case 'connected':
      return 'active';
    case 'token_expired':
    case 'auth_failed':
      return 'needs_reauth';
    default:
      return unreachable(status);
  }
}

export function writeConnection(
  connection: Connection,
  tools: readonly ToolOfConnection[],
  at: { lastUsed: Date | undefined; lastRefreshed: Date | undefined },
): z.input<typeof connectionSchema> {
  return {
    id: connection.id,
    organization_id: connection.organizationId,
    integration_key: integrationKeyOf(connection),
    nickname_slug: connection.slug,
    nickname: connection.nickname,
    vendor,
    vendor_connection_id: connection.id,
    status: writeStatus(connection),
    tools_status: connection.toolsStatus,
    tools_synced_at: connection.toolsSyncedAt?.toISOString() ?? null,
    status_reason: connection.statusReason,
    connected_at: connection.connectedAt?.toISOString() ?? null,
    last_refreshed_at: at.lastRefreshed?.toISOString() ?? null,
    last_used_at: at.lastUsed?.toISOString() ?? null,
    metadata: { ...connection.metadata },
    created_at: connection.createdAt.toISOString(),
    updated_at: connection.updatedAt.toISOString(),
    is_active: connection.isActive,
    drift_policy: connection.driftPolicy,
    tools: tools.map(writeTool),
  };
}

export const writeHeld = (held: readonly HeldAgent[]) =>
  held.map(({ id, handle, name }) => ({ id, handle, name }));

export function writeStarted(connection: Connection, link: IssuedLink | null): z.input<typeof startedSchema> {
  return {
    connection_id: connection.id,
    session_token: link?.token ?? null,
    expires_at: link?.expiresAt.toISOString() ?? null,
    vendor,
    connect_url: link?.url ?? null,
  };
}

/** `state` names the sign-in as the audit does; the one that OAuth knows is made when the page sends the person on. */
export function writeCustomMcp(connection: Connection, link: IssuedLink | null) {
  return {
    connection_id: connection.id,
    status: writeStatus(connection),
    vendor,
    authorize_url: link?.url ?? null,
    state: link?.linkId ?? null,
  };
}

export function writeDiscovered(found: McpSignIn): z.input<typeof discoveredSchema> {
  return {
    supports_dcr: found.supportsDcr,
    supports_cimd: found.supportsCimd,
    authorize_url: found.authorizeUrl,
    token_url: found.tokenUrl,
    scopes: [...found.scopes],
  };
}

export function writePreview(priced: ReturnType<typeof priceTools>, imported: ImportedDocument) {
  return {
    tools: priced.tools.map(({ name, effect, tokenCost, warnings }) => {
      return { name, effect, token_cost: tokenCost, warnings };
    }),
    left_out: imported.leftOut,
    total_token_cost: priced.totalTokenCost,
  };
}

export const writeSync = ({ added, changed, removed, unchanged, held }: SyncResult) => {
  return {
    added,
    changed,
    removed,
    unchanged,
    held: held.map((one) => ({ tool_id: one.toolId, slug: one.slug, kind: one.kind, class: one.class })),
  };
};

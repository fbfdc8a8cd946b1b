import { z } from '@hono/zod-openapi';
import { anyObject, idField, issueOf, queryBoolean, secret, secretField } from '../../read-request/index.ts';
import { digestsSchema } from '../../held-change.ts';
import { toolSchema } from '../tools/schema.ts';

const nickname = z.string().min(1).max(255);
const address = z.string().min(1).max(4096);
const headerName = z.string().min(1).max(200);
const clientId = z.string().min(1).max(1000);
const names = z.array(z.string().max(1000)).max(5000).optional();

export const connectionParams = z.object({ connection_id: idField<'connection'>() });
export const forceQuery = z.object({ force: queryBoolean() });
export const dryRunQuery = z.object({
  dry_run: queryBoolean().openapi({ description: 'Answers tools and price; creates nothing.' }),
});

const scopes = z.array(z.string().min(1).max(500)).max(100).nullish();

export const customMcpBody = z
  .strictObject({
    nickname,
    server_url: address,
    transport: z.enum(['streamable_http', 'http']).nullish(),
    auth_type: z.enum(['none', 'bearer', 'api_key', 'oauth']).nullish(),
    token: secretField().nullish(),
    api_key: secretField().nullish(),
    api_key_header: headerName.nullish(),
    headers: z.record(z.string(), secret(z.string().max(8192))).nullish(),
    oauth_client_id: clientId.nullish(),
    oauth_client_secret: secretField().nullish(),
    oauth_authorize_url: address.nullish(),
    oauth_token_url: address.nullish(),
    oauth_scopes: scopes,
  })
  .superRefine((body, context) => {
    for (const [name, value] of Object.entries(body)) {
      if (value === undefined || value === null || isOf(body.auth_type ?? 'none', name)) continue;
      context.addIssue({ ...issueOf('extra_forbidden', 'Extra inputs are not permitted'), path: [name] });
    }
    if (body.oauth_client_secret && !body.oauth_client_id) {
      context.addIssue({ ...issueOf('missing', 'Field required'), path: ['oauth_client_id'] });
    }
  });

/** Whether a field goes with this way of signing in: what signs in otherwise would be ignored. */
const isOf = (authType: string, field: string): boolean =>
  authType === 'oauth' ? !/^(token$|api_key)/.test(field) : !field.startsWith('oauth_');

export const discoverBody = z.strictObject({ server_url: address });

export const discoveredSchema = z
  .object({
    supports_dcr: z.boolean().openapi({ description: 'Clients may register themselves.' }),
    supports_cimd: z.boolean().openapi({ description: 'A client id may be the address of a document.' }),
    authorize_url: z.string().nullable(),
    token_url: z.string().nullable(),
    scopes: z.array(z.string()),
  })
  .openapi('DiscoveredSignIn');

export const startBody = z.strictObject({ integration_key: z.string().min(1).max(100), nickname });

export const startedSchema = z
  .object({
    connection_id: z.string(),
    session_token: z.string().nullable(),
    expires_at: z.string().nullable(),
    vendor: z.string(),
    connect_url: z.string().nullable().openapi({
      description:
        'The page a person opens to connect the account. Null where there is nothing to sign in with.',
    }),
  })
  .openapi('StartedConnection');

/** Which of the agents that a failure has deactivated are activated with it. */
const activateAgents = z
  .union([z.literal('all'), z.array(idField<'agent'>()).max(1000)])
  .nullish()
  .openapi({ description: 'Ids of held agents, or `all`; nobody is activated silently.' });

export const finalizeBody = z.strictObject({ activate_agents: activateAgents });

export const reconnectBody = z.strictObject({
  token: secretField().nullish(),
  api_key: secretField().nullish(),
  username: secretField().nullish(),
  password: secretField().nullish(),
  activate_agents: activateAgents,
  accept_other_account: z
    .boolean()
    .nullish()
    .openapi({ description: 'The yes to another account than was connected before.' }),
});

export const openapiBody = z.strictObject({
  nickname,
  document: z.union([z.string(), anyObject()]).optional(),
  document_url: address.nullish(),
  base_url: address.nullish(),
  include: z.strictObject({ tags: names, paths: names, operations: names }).nullish(),
  auth: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.enum(['none', 'bearer', 'api_key', 'basic']),
        token: secretField().nullish(),
        api_key: secretField().nullish(),
        header: headerName.nullish(),
        username: secretField().nullish(),
        password: secretField().nullish(),
      }),
      z.strictObject({
        type: z.literal('oauth2').openapi({ description: 'As the document declares it.' }),
        client: z.strictObject({ client_id: clientId, client_secret: secretField().nullish() }).nullish(),
      }),
    ])
    .nullish(),
});

const driftPolicy = z.enum(['hold', 'accept_text', 'accept_compatible', 'follow']);

export const updateConnectionBody = z.strictObject({
  nickname: nickname.optional(),
  is_active: z.boolean().nullish(),
  drift_policy: driftPolicy.nullish().openapi({
    description: 'What of the service’s changes is accepted without a person; null: `hold`.',
  }),
});

const status = z.enum(['pending_oauth', 'active', 'needs_reauth', 'error']);

export const customMcpSchema = z
  .object({
    connection_id: z.string(),
    status,
    vendor: z.string(),
    authorize_url: z.string().nullable(),
    state: z.string().nullable(),
  })
  .openapi('CustomMcpConnection');

export const importedSchema = z.object({ connection_id: z.string(), status }).openapi('OpenapiConnection');

export const importPreviewSchema = z
  .object({
    tools: z.array(
      z.object({
        name: z.string(),
        effect: z.enum(['read', 'write', 'destructive']),
        token_cost: z.int(),
        warnings: z.array(z.string()),
      }),
    ),
    left_out: z.array(z.object({ operation: z.string(), reason: z.string() })),
    total_token_cost: z.int(),
  })
  .openapi('OpenapiPreview');

export const acceptBody = z.strictObject({
  tool_ids: z
    .array(idField<'tool'>())
    .max(5000)
    .nullish()
    .openapi({ description: 'Tools whose held changes are accepted; all unless said.' }),
  digests: digestsSchema,
});

export const syncedSchema = z
  .object({
    added: z.array(z.string()),
    changed: z.array(z.string()),
    removed: z.array(z.string()),
    unchanged: z.int(),
    held: z
      .array(
        z.object({
          tool_id: z.string(),
          slug: z.string(),
          kind: z.enum(['added', 'changed', 'removed']),
          class: z.enum(['text', 'widening', 'breaking', 'permission', 'added', 'removed']),
        }),
      )
      .openapi({ description: 'What waits for somebody to accept it.' }),
  })
  .openapi('SyncedTools');

export const connectionSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    integration_key: z.string(),
    nickname_slug: z.string(),
    nickname: z.string(),
    vendor: z.string(),
    vendor_connection_id: z.string(),
    status,
    tools_status: z.enum(['pending', 'synced', 'error']),
    tools_synced_at: z.string().nullable(),
    status_reason: z.string().nullable(),
    connected_at: z.string().nullable(),
    last_refreshed_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    updated_at: z.string(),
    is_active: z.boolean(),
    drift_policy: driftPolicy,
    tools: z.array(toolSchema),
  })
  .openapi('IntegrationConnection');

const heldAgents = z
  .array(z.object({ id: z.string(), handle: z.string(), name: z.string() }))
  .openapi({ description: 'Agents that a failure of this connection has deactivated and that still are.' });

export const finalizedSchema = connectionSchema
  .extend({ held_agents: heldAgents })
  .openapi('FinalizedConnection');

export const reconnectedSchema = connectionSchema
  .extend({
    held_agents: heldAgents,
    authorize_url: z.string().nullable().openapi({ description: 'Where a person has to consent.' }),
  })
  .openapi('ReconnectedConnection');

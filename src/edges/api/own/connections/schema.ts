import { z } from '@hono/zod-openapi';
import { anyObject, idField, queryBoolean, secret, secretField } from '../../read-request/index.ts';

const nickname = z.string().min(1).max(255);
const workspace = z
  .string()
  .min(1)
  .max(255)
  .nullish()
  .openapi({ description: 'Id or slug; `default` unless said.' });
const address = z.string().min(1).max(4096);
const headerName = z.string().min(1).max(200);
const client = z
  .strictObject({ client_id: z.string().min(1).max(1000), client_secret: secretField().nullish() })
  .nullish()
  .openapi({ description: 'What was registered at the service for this connection alone.' });
const scopes = z.array(z.string().min(1).max(500)).max(100).nullish();
const names = z.array(z.string().max(1000)).max(5000).optional();

const openapi = z
  .strictObject({
    kind: z.literal('openapi'),
    nickname,
    document: z
      .union([z.string(), anyObject()])
      .optional()
      .openapi({ description: 'JSON or YAML text, or the object.' }),
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
          type: z
            .enum(['oauth2', 'oauth2_client_credentials'])
            .openapi({ description: 'As the document declares it.' }),
          client,
        }),
      ])
      .nullish(),
    local: z.boolean().nullish(),
    workspace,
  })
  .openapi('ConnectOpenapi');

const mcp = z
  .strictObject({
    kind: z.literal('mcp'),
    nickname,
    server_url: address.nullish(),
    stdio_server: z.string().min(1).max(255).nullish(),
    auth: z
      .discriminatedUnion('type', [
        z.strictObject({
          type: z.enum(['none', 'bearer', 'api_key']),
          token: secretField().nullish(),
          api_key: secretField().nullish(),
          header: headerName.nullish(),
        }),
        z.strictObject({
          type: z
            .literal('oauth')
            .openapi({ description: 'The server is asked how; what it does not say is given.' }),
          client,
          authorize_url: address.nullish(),
          token_url: address.nullish(),
          scopes,
        }),
      ])
      .nullish(),
    headers: z.record(z.string(), secret(z.string().max(8192))).nullish(),
    local: z.boolean().nullish(),
    workspace,
  })
  .openapi('ConnectMcp');

const catalog = z
  .strictObject({
    kind: z.literal('catalog'),
    connector: z.string().min(1).max(100),
    nickname: nickname.nullish(),
    config: anyObject().nullish(),
    method: z
      .enum(['none', 'bearer', 'api_key', 'basic', 'oauth2', 'oauth2_client_credentials'])
      .nullish()
      .openapi({
        description: 'The sign-in method; the first that a key given by hand can serve unless said.',
      }),
    credential: z.record(z.string(), secretField()).nullish(),
    client,
    workspace,
  })
  .openapi('ConnectCatalog');

export const connectBody = z.discriminatedUnion('kind', [openapi, mcp, catalog]);
export type ConnectBody = z.output<typeof connectBody>;

export const dryRunQuery = z.object({
  dry_run: queryBoolean().openapi({ description: 'Answers the tools and their price; creates nothing.' }),
});

const driftPolicy = z.enum(['hold', 'accept_text', 'accept_compatible', 'follow']);

export const updateBody = z.strictObject({
  nickname: nickname.optional(),
  is_active: z.boolean().nullish(),
  requires_confirmation: z.boolean().nullish().openapi({
    description: 'Whether everything that writes asks a person first; null: as the connector’s author says.',
  }),
  max_calls_per_turn: z.int().min(1).max(1_000_000).nullish().openapi({
    description: 'How many calls one turn may hand to the service, of all tools together; null: no limit.',
  }),
  drift_policy: driftPolicy.nullish().openapi({
    description: 'What of the service’s changes is accepted without a person; null: `hold`.',
  }),
});

export const connectionSchema = z
  .object({
    id: z.string(),
    slug: z.string(),
    nickname: z.string(),
    kind: z.enum(['catalog', 'openapi', 'mcp', 'stdio']),
    connector: z.object({ slug: z.string(), version: z.int().nullable() }),
    address: z.string().openapi({ description: 'Query values are sealed and shown as `***`.' }),
    auth: z.string().openapi({ description: 'The sign-in method.' }),
    status: z.enum(['pending', 'connected', 'token_expired', 'auth_failed']),
    status_reason: z.string().nullable(),
    tools_status: z.enum(['pending', 'synced', 'error']),
    tools_synced_at: z.string().nullable(),
    tools: z.object({ total: z.int(), enabled: z.int() }),
    held_count: z.int().openapi({
      description: 'Tools of which the service says something that nobody has accepted yet.',
    }),
    is_active: z.boolean(),
    is_sample: z.boolean(),
    requires_confirmation: z.boolean().nullable(),
    max_calls_per_turn: z.int().nullable(),
    drift_policy: driftPolicy,
    workspace_id: z.string(),
    connected_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
    left_out: z.array(z.object({ operation: z.string(), reason: z.string() })).optional(),
    tools_off: z.string().optional().openapi({ description: 'Why all tools start disabled, where they do.' }),
  })
  .openapi('Connection');

export const previewSchema = z
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
    warnings: z.array(z.string()).openapi({ description: 'What concerns the document as a whole.' }),
  })
  .openapi('ConnectionPreview');

export const syncSchema = z
  .object({
    added: z.array(z.string()),
    changed: z.array(z.string()),
    removed: z.array(z.string()),
    unchanged: z.int(),
    held: z
      .array(
        z.object({
          tool_id: z.string(),
          tool: z.string().openapi({ description: 'Its slug.' }),
          kind: z.enum(['added', 'changed', 'removed']),
          class: z.enum(['text', 'widening', 'breaking', 'permission', 'added', 'removed']),
        }),
      )
      .openapi({ description: 'What waits for somebody to accept it.' }),
  })
  .openapi('Sync');

export const linkBody = z.strictObject({
  callback_url: z
    .string()
    .min(1)
    .max(2000)
    .nullish()
    .openapi({ description: 'One of the organization’s callback_urls, letter for letter.' }),
  state: z.string().max(2000).nullish().openapi({ description: 'Goes back to callback_url as it is.' }),
});

export const linkSchema = z
  .object({
    connect_url: z
      .string()
      .openapi({ description: 'The page a person opens: one person, once, 30 minutes.' }),
    expires_at: z.string(),
  })
  .openapi('ConnectLink');

export const reconnectBody = linkBody.extend({
  credential: z
    .record(z.string(), secretField())
    .nullish()
    .openapi({ description: 'A key or password; nothing for OAuth, which answers a link.' }),
  activate_agents: z
    .union([z.literal('all'), z.array(idField<'agent'>()).max(1000)])
    .nullish()
    .openapi({ description: 'Ids of held agents, or `all`; nobody is activated silently.' }),
  accept_other_account: z
    .boolean()
    .nullish()
    .openapi({ description: 'The yes to another account than was connected before.' }),
});

export const reconnectedSchema = connectionSchema
  .extend({
    held_agents: z.array(z.object({ id: z.string(), handle: z.string(), name: z.string() })).openapi({
      description: 'Agents that a failure of this connection has deactivated and that still are.',
    }),
    connect_url: z.string().nullable().openapi({ description: 'Where a person has to consent.' }),
    expires_at: z.string().nullable(),
  })
  .openapi('Reconnected');

export const testedSchema = z
  .object({
    ok: z.boolean(),
    message: z.string(),
    account: z
      .object({ id: z.string(), label: z.string() })
      .nullable()
      .openapi({ description: 'Whose account it is, where the connector names a way to ask.' }),
    latency_ms: z.int(),
  })
  .openapi('TestedConnection');

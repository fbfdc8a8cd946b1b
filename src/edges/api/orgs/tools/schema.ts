import { z } from '@hono/zod-openapi';
import { cursorQuery } from '../../lists.ts';
import { organizationParams } from '../schema.ts';

export const toolsParams = organizationParams;
export const toolParams = organizationParams.extend({
  tool_id: z.string().min(1).max(100).openapi({ description: 'The tool’s id or slug.' }),
});
export const toolsQuery = z.object(cursorQuery({ fallback: 50, max: 200 }));

const text = z.string().nullable();
const map = z.record(z.string(), z.unknown());

/** A field of a form: what a tool is configured with. */
export const configFieldSchema = z
  .object({
    name: z.string(),
    display_name: z.string(),
    type: z.enum(['string', 'number', 'integer', 'boolean', 'select', 'multiselect', 'json', 'url']),
    required: z.boolean(),
    default: z.unknown(),
    description: text,
    placeholder: text,
    options: z.array(z.object({ label: z.string(), value: z.string() })),
    validation: map,
    widget: z.enum(['text', 'textarea', 'number', 'toggle', 'select', 'code', 'url']),
    widget_options: map,
  })
  .openapi('ToolConfigField');

const versionSchema = z.object({ version: z.int(), changelog: z.string() });

const credentialSchema = z.object({
  auth_mode: z.enum(['vault', 'connection', 'none']),
  type: z.string().openapi({ description: 'The way to sign in: `bearer`, `api_key`, `oauth2` and so on.' }),
  fields: z
    .array(z.object({ name: z.string(), label: z.string(), description: text }))
    .openapi({ description: 'What is typed; nothing for OAuth.' }),
  scopes: z.array(z.object({ scope: z.string(), meaning: text })),
  source: text.openapi({ description: 'Where the service says so.' }),
});

const actionSchema = z.object({
  name: z.string(),
  display_name: z.string(),
  description: text,
  effect: z.enum(['read', 'write', 'destructive']),
});

export const catalogToolSchema = z
  .object({
    tool_id: z.string(),
    slug: z.string(),
    name: z.string(),
    description: z.string(),
    category: text,
    categories: z.array(z.string()),
    icon_url: text,
    source_url: text,
    kind: z.enum(['http', 'mcp']),
    is_own: z.boolean().openapi({ description: 'Released or imported by this organization.' }),
    latest_version: z.int(),
    versions: z
      .array(versionSchema)
      .openapi({ description: 'Newest first; a list of tools names only the newest.' }),
    config_schema: z.array(configFieldSchema),
    credential_schema: z
      .array(credentialSchema)
      .openapi({ description: 'Ways to sign in, in order of effort for whoever connects.' }),
    actions_count: z.int(),
    actions: z.array(actionSchema).optional().openapi({ description: 'Only when one tool is read.' }),
  })
  .openapi('CatalogTool');

export const catalogToolsSchema = z
  .object({
    total: z.int(),
    has_more: z.boolean(),
    next_cursor: text,
    tools: z.array(catalogToolSchema),
  })
  .openapi('CatalogTools');

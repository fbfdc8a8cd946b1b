import { z } from '@hono/zod-openapi';
import { idField } from '../../read-request/index.ts';

export const authScopes = ['INDIVIDUAL', 'SHARED', 'ORGANIZATION'] as const;

export const entrySchema = z
  .strictObject({
    slug: z.string().min(1).max(100).optional(),
    connector_id: idField().optional().openapi({ description: 'Deprecated: prefer slug, which wins.' }),
    auth_scope: z.enum(authScopes).optional(),
    tool_names: z.array(z.string().min(1).max(200)).max(5000).optional().openapi({
      description:
        'Omitted: a new connector is added with all tools; one in the pack is left as it is by PATCH and gets all tools by PUT. Empty: removed. Else exactly these.',
    }),
  })
  .openapi('ToolPackEntry');

export const entriesBody = z.array(entrySchema).max(1000);

export const toolSchema = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    input_schema: z.record(z.string(), z.unknown()),
    credit_type: z.literal('default'),
    stale: z
      .literal(true)
      .optional()
      .openapi({ description: 'The service no longer has it; agents do not see it.' }),
    disabled: z.literal(true).optional().openapi({ description: 'Switched off; agents do not see it.' }),
  })
  .openapi('ToolPackTool');

export const packConnectorSchema = z
  .object({
    slug: z.string(),
    name: z.string(),
    source_url: z.string().nullable(),
    logo_url: z.string(),
    categories: z.array(z.string()),
    auth_scope: z.enum(authScopes),
    tools: z.array(toolSchema),
    connector_id: z.string(),
    selection: z.enum(['all', 'exactly']),
  })
  .openapi('ToolPackConnector');

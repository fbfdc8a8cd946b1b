import { z } from '@hono/zod-openapi';

export const connectorSchema = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    description: z.string(),
    kind: z.enum(['http', 'mcp']),
    categories: z.array(z.string()),
    source_url: z.string().nullable(),
    logo_url: z.string().nullable(),
    version: z.int(),
    versions: z
      .array(z.int())
      .openapi({ description: 'Newest first; a list of connectors names only the newest.' }),
    changelog: z.string(),
    releases: z
      .array(z.object({ version: z.int(), changelog: z.string() }))
      .optional()
      .openapi({
        description: 'Every version with its line, newest first; only when one connector is read.',
      }),
    is_own: z.boolean().openapi({ description: 'Released or imported by this organization.' }),
    sign_in: z
      .array(
        z
          .object({
            type: z.string(),
            fields: z.array(z.string()).openapi({ description: 'What is typed; nothing for OAuth.' }),
            needs_app: z.boolean().openapi({
              description:
                'The organization brings an OAuth app of its own: POST /api/v1/application-credentials/.',
            }),
            has_app: z.boolean().nullable(),
            redirect_uri: z
              .string()
              .nullable()
              .openapi({ description: 'What to register at the service, letter for letter.' }),
            scopes: z.array(z.string()),
            scope_meanings: z.record(z.string(), z.string()),
          })
          .loose(),
      )
      .openapi({ description: 'Methods in order of effort for whoever connects.' }),
    config: z.array(z.object({ name: z.string() }).loose()),
    tool_count: z.int(),
    tools: z
      .array(
        z.object({
          name: z.string(),
          title: z.string().nullable(),
          description: z.string().nullable(),
          effect: z.enum(['read', 'write', 'destructive']),
        }),
      )
      .optional()
      .openapi({ description: 'Only when one connector is read.' }),
  })
  .openapi('Connector');

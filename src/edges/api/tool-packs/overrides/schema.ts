import { z } from '@hono/zod-openapi';
import { anyObject } from '../../read-request/index.ts';

const tool = { connector_slug: z.string().min(1).max(100), tool_name: z.string().min(1).max(200) };

export const descriptionsBody = z
  .array(
    z.strictObject({
      ...tool,
      description: z
        .string()
        .min(1)
        .max(16_000)
        .nullable()
        .openapi({ description: 'Null: back to the one beneath.' }),
    }),
  )
  .max(1000);

export const inputsBody = z
  .array(
    z.strictObject({
      ...tool,
      inputs: anyObject()
        .nullable()
        .openapi({
          type: ['object', 'null'],
          description: 'InputRule or null by field; null clears them all.',
        }),
    }),
  )
  .max(1000);

export const descriptionOverrideSchema = z
  .object({
    connector_slug: z.string(),
    tool_name: z.string(),
    description: z.string(),
    defined_at: z.enum(['CONNECTOR', 'TOOL_PACK']),
  })
  .openapi('ToolDescriptionOverride');

export const inputOverrideSchema = z
  .object({
    connector_slug: z.string(),
    tool_name: z.string(),
    inputs: z.record(
      z.string(),
      z.object({
        mode: z.enum(['default', 'pinned', 'hidden']).optional(),
        value: z.unknown().optional(),
        has_value: z.literal(true).optional().openapi({ description: 'The value is sealed and not shown.' }),
        enum: z.array(z.unknown()).optional(),
        title: z.string().optional(),
        description: z.string().optional(),
      }),
    ),
  })
  .openapi('ToolInputOverride');

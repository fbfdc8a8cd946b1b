import { z } from '@hono/zod-openapi';
import { heldSchema } from '../../held-change.ts';
import { anyObject, idField, issueOf } from '../../read-request/index.ts';

/** A boolean in a body: only true and false, and what else is sent is told as the contract's other readers tell it. */
const boolean = () =>
  z
    .unknown()
    .transform((value, context): boolean => {
      if (typeof value === 'boolean') return value;
      const isScalar = typeof value === 'string' || typeof value === 'number';
      const unable = isScalar ? ', unable to interpret input' : '';
      context.addIssue(
        issueOf(isScalar ? 'bool_parsing' : 'bool_type', `Input should be a valid boolean${unable}`),
      );
      return z.NEVER;
    })
    .openapi({ type: 'boolean' });

export const toolParams = z.object({ connection_id: idField<'connection'>(), tool_id: idField<'tool'>() });

export const toggleBody = z.strictObject({ is_enabled: z.boolean() });

export const patchToolBody = z.strictObject({
  response_field_map: anyObject()
    .nullish()
    .openapi({ description: '`{field_mappings: [{path, alias?}]}`; null clears it.' }),
  is_enabled: boolean().nullish().openapi({ description: 'Null leaves it.' }),
  input_defaults: anyObject()
    .nullish()
    .openapi({ description: '`{field: {value, type: default or pinned}}`; null clears them all.' }),
});

export const testBody = z.strictObject({
  slug: z.string().min(1).max(256),
  input: anyObject().nullish(),
  response_field_map: anyObject()
    .nullish()
    .openapi({ description: 'Tried instead of the saved map; null: no map. Nothing is saved.' }),
});

export const testedSchema = z
  .object({
    result: z.unknown().openapi({ description: 'What the service answered, before any map.' }),
    narrowed: z.unknown(),
    sent: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('TestedTool');

const schemaObject = z.record(z.string(), z.unknown());

export const toolSchema = z
  .object({
    id: z.string(),
    connection_id: z.string(),
    organization_id: z.string(),
    integration_key: z.string(),
    nickname_slug: z.string(),
    tool_path: z.string(),
    slug: z.string(),
    display_name: z.string(),
    description: z.string().nullable(),
    input_schema: schemaObject,
    is_enabled: z.boolean(),
    last_seen_at: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    stale_field_paths: z.array(z.string()),
    default_count: z.int(),
    pinned_count: z.int(),
    stale_input_fields: z.array(z.string()),
    merged_input_preview: schemaObject,
    response_schema: schemaObject.nullable(),
    response_field_map: z.object({ field_mappings: z.array(z.object({}).loose()) }).nullable(),
    input_defaults: z.record(z.string(), z.object({}).loose()).nullable(),
    type: z.enum(['read', 'write']),
    requires_confirmation: z.unknown().openapi({
      description: 'The author’s setting: true, false, conditions, or null for the connector’s own.',
    }),
    execution_kind: z.enum(['action', 'llm']),
    token_cost: z.object({ served: z.int(), raw: z.int() }),
    held: heldSchema,
  })
  .openapi('IntegrationConnectionTool');

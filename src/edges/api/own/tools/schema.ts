import { z } from '@hono/zod-openapi';
import { heldSchema } from '../../held-change.ts';
import { anyObject, idField } from '../../read-request/index.ts';

const curationFields = {
  title: z.string().max(200).nullish(),
  description: z.string().max(16_000).nullish(),
  inputs: anyObject()
    .nullish()
    .openapi({ description: '`{field: InputRule}`; null for a field drops its rule.' }),
  response_field_map: anyObject().nullish().openapi({ description: '`{field_mappings: [{path, alias?}]}`' }),
};

const confirmation = z.unknown().openapi({
  description:
    'Whether calls ask a person first: true, false, or `{any|all: [{path, op, value?}]}` on the final arguments, ' +
    'with op eq, ne, gt, lt, in, matches or present; null: as the connection says, else the connector’s author.',
});

export const patchToolBody = z.strictObject({
  is_enabled: z.boolean().nullish(),
  ...curationFields,
  requires_confirmation: confirmation.optional(),
  max_calls_per_turn: z
    .int()
    .min(1)
    .max(1_000_000)
    .nullish()
    .openapi({ description: 'How many of its calls one turn may hand to the service; null: no limit.' }),
  keep_arguments: z.boolean().nullish().openapi({
    description:
      'Whether its calls’ arguments are kept sealed for some days, to try changes on; false forgets what was kept, null is true.',
  }),
});

export const tryToolBody = z.strictObject({
  arguments: anyObject().nullish(),
  pack: z
    .string()
    .min(1)
    .max(255)
    .nullish()
    .openapi({ description: 'Id or slug: its curation applies too.' }),
  curation: z.strictObject(curationFields).nullish().openapi({
    description: 'Tried instead of the saved one, part by part; nothing is saved.',
  }),
});

export const effectiveQuery = z.object({ pack: z.string().min(1).max(255).optional() });

export const toolParams = z.object({ id: idField<'tool'>() });

const effect = z.enum(['read', 'write', 'destructive']);
const schemaObject = z.record(z.string(), z.unknown());

export const toolSchema = z
  .object({
    id: z.string(),
    connection_id: z.string(),
    name: z.string(),
    slug: z.string(),
    path: z.string().openapi({ description: 'The service’s own name.' }),
    effect,
    is_enabled: z.boolean(),
    title: z.string().nullable().openapi({ description: 'The author’s; null: as the service says.' }),
    description: z.string().nullable(),
    inputs: z.record(z.string(), z.object({}).loose()),
    response_field_map: z.object({ field_mappings: z.array(z.object({}).loose()) }).nullable(),
    definition: z.object({
      title: z.string().nullable(),
      description: z.string().nullable(),
      input_schema: schemaObject,
      output_schema: schemaObject.nullable(),
      idempotent: z.boolean(),
      unservable: z.string().nullable().openapi({ description: 'Why it cannot be served, if it cannot.' }),
    }),
    response_schema: schemaObject.nullable(),
    stale_inputs: z.array(z.string()),
    stale_paths: z.array(z.string()),
    token_cost: z.object({ served: z.int(), raw: z.int() }),
    execution_kind: z.enum(['action', 'llm']),
    requires_confirmation: confirmation,
    max_calls_per_turn: z.int().nullable(),
    keep_arguments: z.boolean(),
    held: heldSchema,
    last_seen_at: z.string(),
    vanished_at: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('Tool');

export const effectiveSchema = z
  .object({
    tool: z.object({
      name: z.string(),
      title: z.string().nullable(),
      description: z.string().nullable(),
      input_schema: schemaObject,
      output_schema: schemaObject.nullable(),
      annotations: z.record(z.string(), z.boolean()),
    }),
    origins: z.record(z.string(), z.enum(['service', 'connector', 'connection', 'pack'])).openapi({
      description: 'JSON pointer into `tool`: who said that part. What is not named: the service.',
    }),
  })
  .openapi('EffectiveTool');

const amounts = z.object({ raw: z.int(), served: z.int() });

export const triedSchema = z
  .object({
    call_id: z.string(),
    is_error: z.boolean(),
    sent: schemaObject.nullable(),
    raw: z.unknown(),
    served: z.unknown(),
    bytes: amounts,
    tokens: amounts,
  })
  .openapi('TriedTool');

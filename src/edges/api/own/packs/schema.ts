import { z } from '@hono/zod-openapi';
import { anyObject, idField, issueOf } from '../../read-request/index.ts';

const authScope = z.enum(['INDIVIDUAL', 'SHARED', 'ORGANIZATION']);

const entryFields = {
  auth_scope: authScope
    .nullish()
    .openapi({ description: 'Whose credential its tools run with; ORGANIZATION unless said.' }),
  selection: z.enum(['all', 'exactly']).nullish(),
  tools: z
    .array(z.string().min(1).max(256))
    .max(5000)
    .nullish()
    .openapi({ description: 'Bare names, with selection `exactly`.' }),
  overrides: anyObject()
    .nullish()
    .openapi({ description: '`{tool: {description?, inputs?: {field: InputRule}}}`: may only narrow.' }),
};

type Selecting = { selection?: 'all' | 'exactly' | null; tools?: readonly string[] | null };

function checkSelection(entry: Selecting, context: z.RefinementCtx): void {
  if (entry.selection === 'exactly' && !entry.tools) {
    context.addIssue({
      ...issueOf('missing', 'Name the tools: a list, which may be empty.'),
      path: ['tools'],
    });
  }
  if (entry.selection === 'all' && entry.tools) {
    const message = 'With selection all there is no list of tools.';
    context.addIssue({ ...issueOf('value_error', message), path: ['tools'] });
  }
}

export const putEntryBody = z.strictObject(entryFields).superRefine(checkSelection);

const entry = z
  .strictObject({ slug: z.string().min(1).max(255), ...entryFields })
  .superRefine(checkSelection);

const packFields = {
  description: z.string().max(4000).nullish(),
  names: z.enum(['prefixed', 'plain']).nullish(),
  approve_by: z.enum(['client', 'member']).nullish().openapi({
    description:
      'Whose yes counts for calls that ask: also that of the person at the client, or a member’s alone.',
  }),
  entries: z.array(entry).max(200).optional(),
};

export const createPackBody = z.strictObject({ name: z.string().min(1).max(255), ...packFields });
export const updatePackBody = z.strictObject({
  name: z.string().min(1).max(255).optional(),
  ...packFields,
});

export const packParams = z.object({ id: idField<'pack'>() });
export const entryParams = z.object({ id: idField<'pack'>(), slug: z.string().max(255) });

export const packSchema = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    description: z.string(),
    names: z.enum(['prefixed', 'plain']),
    approve_by: z.enum(['client', 'member']),
    mode: z.enum(['list', 'search']),
    favourites: z.array(z.string()),
    entries: z.array(
      z.object({
        slug: z.string(),
        connection_id: z.string(),
        auth_scope: authScope,
        selection: z.enum(['all', 'exactly']),
        tools: z.array(z.string()).nullable(),
        overrides: z.record(z.string(), z.object({}).loose()),
      }),
    ),
    mcp_url: z.string(),
    token_cost: z.int().openapi({ description: 'Tokens of all tools it serves, in a model’s context.' }),
    is_sample: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('Pack');

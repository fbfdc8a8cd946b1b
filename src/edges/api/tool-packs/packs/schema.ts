import { z } from '@hono/zod-openapi';
import { entriesBody, packConnectorSchema } from '../entries/schema.ts';

const packName = z.string().min(1).max(255);
const rest = {
  description: z.string().max(10_000).nullish(),
  connectors: entriesBody.nullish().openapi({ description: 'The whole list; null empties it.' }),
  names: z
    .enum(['prefixed', 'plain'])
    .nullish()
    .openapi({ description: 'How agents see tools: `slug__name`, or the bare name (one connector only).' }),
  approve_by: z.enum(['client', 'member']).nullish().openapi({
    description: 'Whose yes counts for calls that ask: also the client’s person’s, or a member’s alone.',
  }),
};

export const createPackBody = z.strictObject({ name: packName, ...rest });
export const updatePackBody = z.strictObject({ name: packName.optional(), ...rest });

export const toolPackSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    connectors: z.array(packConnectorSchema),
    slug: z.string(),
    names: z.enum(['prefixed', 'plain']),
    approve_by: z.enum(['client', 'member']),
    mode: z.enum(['list', 'search']),
    favourites: z.array(z.string()),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('ToolPack');

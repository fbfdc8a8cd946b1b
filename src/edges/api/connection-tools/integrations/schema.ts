import { z } from '@hono/zod-openapi';

export const integrationSchema = z
  .object({
    key: z.string(),
    display_name: z.string(),
    description: z.string(),
    category: z.string().nullable(),
    logo_url: z.string().nullable(),
  })
  .openapi('Integration');

import { z } from '@hono/zod-openapi';
import { anyObject } from '../../../read-request/index.ts';

export const testBody = z.strictObject({
  configuration: anyObject()
    .nullish()
    .openapi({ description: 'Tried in place of the saved one; nothing is saved.' }),
  action: z.string().min(1).max(256).nullish().openapi({
    description: 'An action to call really; without one the service is asked whose account it is.',
  }),
  input: anyObject().nullish().openapi({ description: 'What the action is called with.' }),
});

export const testedSchema = z
  .object({
    success: z.boolean(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
    latency_ms: z.int(),
  })
  .openapi('TestedToolInstance');

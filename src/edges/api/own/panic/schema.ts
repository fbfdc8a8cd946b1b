import { z } from '@hono/zod-openapi';

export const panicBody = z.strictObject({
  dry_run: z.boolean().optional().openapi({
    description: 'Only `false` does anything; else the answer says what would be done.',
  }),
});

const outcomes = ['revoked', 'disabled', 'unreachable'] as const;

export const panicReportSchema = z
  .object({
    dry_run: z.boolean().openapi({ description: 'Nothing was done: outcomes are what would be tried.' }),
    keys_revoked: z.array(z.object({ id: z.string(), kind: z.string(), name: z.string(), hint: z.string() })),
    services: z.array(
      z.object({
        connection_id: z.string(),
        slug: z.string(),
        connector: z.string(),
        accounts: z.array(
          z.object({
            id: z.string(),
            owner: z.string(),
            account: z.string().nullable(),
            outcome: z.enum(outcomes).openapi({
              description:
                '`revoked`: the service confirmed. `disabled`: it cannot be told, a person has to. `unreachable`: it did not confirm.',
            }),
          }),
        ),
        by_hand: z.string().nullable().openapi({ description: 'What is left for a person to do there.' }),
      }),
    ),
    webhooks_disabled: z
      .array(z.object({ id: z.string(), url: z.string() }))
      .openapi({ description: 'Turned off until somebody turns them on again.' }),
    secrets_kept: z.array(z.object({ vault_id: z.string(), name: z.string() })).openapi({
      description: 'Secrets kept by themselves: they stay, and their values should be made anew.',
    }),
    apps: z
      .array(z.object({ client_id: z.string(), of: z.string() }))
      .openapi({ description: 'OAuth apps of yours whose client secrets should be made anew.' }),
  })
  .openapi('PanicReport');

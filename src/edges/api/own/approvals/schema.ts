import { z } from '@hono/zod-openapi';
import { approvalStatuses, reaches } from '../../../../approvals/index.ts';
import { idField } from '../../read-request/index.ts';

export const approvalParams = z.object({ id: idField<'approval'>() });

export const approvalFilter = {
  status: z
    .enum([...approvalStatuses, 'all'])
    .optional()
    .openapi({ description: '`pending` unless said.' }),
};

const memo = z.string().max(1000).nullish();

export const approveBody = z.strictObject({
  memo,
  for: z.enum(reaches).nullish().openapi({
    description: 'This call (`once`), or this tool and connection for the `turn` or an `hour`.',
  }),
});
export const denyBody = z.strictObject({ memo });

const who = z.object({ type: z.string(), id: z.string() });

export const approvalSchema = z
  .object({
    id: z.string(),
    status: z.enum(approvalStatuses).openapi({
      description: '`used`: let its one call through; `void`: the tool or its account was changed since.',
    }),
    tool: z.string().openapi({ description: 'The tool’s slug.' }),
    tool_id: z.string(),
    connection_id: z.string(),
    pack_id: z.string(),
    principal: who.openapi({ description: 'Who asked.' }),
    registered_user_id: z.string().nullable(),
    ran_as: z.string().openapi({ description: 'The account it runs with.' }),
    arguments: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'Exactly as they are sent; secret ones as `***`.' }),
    protocol: z.string(),
    requested_at: z.string(),
    expires_at: z.string(),
    decided_at: z.string().nullable(),
    decided_by: who.nullable(),
    via: z.enum(['client', 'member']).nullable(),
    for: z.enum(reaches).nullable(),
    memo: z.string().nullable(),
    used_at: z.string().nullable(),
    uses: z.int(),
    call_id: z.string().nullable().openapi({ description: 'The last call it let through.' }),
  })
  .openapi('Approval');

import type { z } from '@hono/zod-openapi';
import type { Approval } from '../../../../approvals/index.ts';
import type { approvalSchema } from './schema.ts';

export function writeApproval(approval: Approval): z.input<typeof approvalSchema> {
  return {
    id: approval.id,
    status: approval.status,
    tool: approval.tool,
    tool_id: approval.toolId,
    connection_id: approval.connectionId,
    pack_id: approval.packId,
    principal: approval.principal,
    registered_user_id: approval.userId,
    ran_as: approval.ranAs,
    arguments: { ...approval.arguments },
    protocol: approval.protocol,
    requested_at: approval.requestedAt.toISOString(),
    expires_at: approval.expiresAt.toISOString(),
    decided_at: approval.decidedAt?.toISOString() ?? null,
    decided_by: approval.decidedBy,
    via: approval.via,
    for: approval.lasts,
    memo: approval.memo,
    used_at: approval.usedAt?.toISOString() ?? null,
    uses: approval.uses,
    call_id: approval.callId,
  };
}

import { auditDenied, type Ctx } from '../access/index.ts';
import type { Shaped } from '../tools/index.ts';

type Refused = Extract<Shaped, { ok: false }>;

/** Refusals that curation decided, not the service's own schema. */
const byPolicy = new Set<Refused['reason']>([
  'pinned',
  'hidden',
  'forbidden_key',
  'narrowed',
  'pin_vanished',
]);

export const isPolicyRefusal = (refused: Refused): boolean => byPolicy.has(refused.reason);

/** Writes down who tried to get round an input rule. A pin that vanished is nobody's attempt. */
export async function auditRefusal(
  ctx: Ctx,
  tool: { id: string; name: string },
  refused: Refused,
  callId: string,
): Promise<void> {
  if (!isPolicyRefusal(refused) || refused.reason === 'pin_vanished') return;
  await auditDenied(ctx, 'call.input_refused', { type: 'tool', id: tool.id }, refused.reason, {
    tool: tool.name,
    field: refused.field,
    decision: 'refused',
    call_id: callId,
  });
}

import { appendAudit } from '../journal/index.ts';
import { Fault, type Tx } from '../kernel/index.ts';
import { change, read, type Ctx } from './change.ts';
import { liveKeysBut, type OtherKey } from './other-keys-store.ts';
import { authorize } from './principal.ts';
import { findKey, holdKeys, updateKey } from './store.ts';

/** Which keys `revokeOtherKeys` would end. The same faults. */
export async function listOtherKeys(ctx: Ctx): Promise<readonly OtherKey[]> {
  const { principal } = ctx.caller;
  authorize(principal, 'management:all');
  return read(ctx, async (tx) => {
    await assertAdminKey(tx, ctx);
    return liveKeysBut(tx, principal.organizationId, principal.id);
  });
}

/**
 * Ends every key of the organization but the one that asks: other admin keys and agents' keys too, since nobody knows
 * who has them. One audit row each. Fault `forbidden` (`admin_key_required`) for a key that is no admin key: after this
 * it would be the only one, and could make none that is.
 */
export async function revokeOtherKeys(ctx: Ctx): Promise<readonly OtherKey[]> {
  const { principal, requestId } = ctx.caller;
  authorize(principal, 'management:all');
  const { organizationId } = principal;
  return change(ctx, 'panic.began', async (tx) => {
    await holdKeys(tx, organizationId);
    await assertAdminKey(tx, ctx);
    const keys = await liveKeysBut(tx, organizationId, principal.id);
    // All rows are held before the first audit row: whoever changes one of them holds it first, too.
    for (const { key_id: id } of keys) {
      await updateKey(tx, organizationId, id, { revoked_at: ctx.clock.now() });
    }
    for (const { key_id: id } of keys) {
      await appendAudit(tx, ctx.clock, organizationId, {
        actor: { type: principal.type, id: principal.id },
        action: 'key.revoked',
        target: { type: 'key', id },
        outcome: 'allowed',
        reason: 'panic',
        requestId,
        changes: { revoked: [id] },
      });
    }
    return {
      result: keys,
      target: { type: 'organization', id: organizationId },
      changes: { keys_revoked: keys.length },
    };
  });
}

async function assertAdminKey(tx: Tx, { caller: { principal } }: Ctx): Promise<void> {
  const own = await findKey(tx, principal.organizationId, principal.id);
  if (own?.kind === 'admin') return;
  throw new Fault('forbidden', 'Only an admin key may do this.', { code: 'admin_key_required' });
}

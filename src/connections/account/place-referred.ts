import type { AuthMethod } from '../../connectors/index.ts';
import type { Tx } from '../../kernel/index.ts';
import { detachCredentials, putCredential, type Credential } from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { takeBegun } from '../consent/pending.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { connectAnew, flipConnection } from '../flip-connection.ts';
import { leavingOf, letGo, type Leaving } from '../revoke/let-go.ts';
import { missingIn } from '../sign-in.ts';
import { originOf } from './origin-kept.ts';
import type { Referred } from './refer.ts';

/**
 * Lets credentials go and puts what is referred to in the place of the organization's: a copy of each value, bound to
 * the connection's origin. With some fields only it is kept, and nothing is signed with it.
 */
export async function placeReferred(
  tx: Tx,
  ctx: ConnectionsCtx,
  connection: Connection,
  plan: { method: AuthMethod; isOther: boolean; leaving: readonly Credential[]; refs: Referred | null },
): Promise<{ connection: Connection; revocation: string | null }> {
  const { organizationId, id: connectionId } = connection;
  const gone: Leaving[] = [];
  for (const { id } of plan.leaving) {
    const detached = await detachCredentials(tx, ctx.vault, organizationId, { credentialId: id });
    gone.push(...detached.map(leavingOf));
  }
  if (plan.isOther) {
    // What somebody has begun would end in a credential of the method that was before.
    const begun = await takeBegun(tx, organizationId, connectionId);
    await ctx.vault.discard(tx, organizationId, begun.verifiers);
    gone.push(...begun.leaving);
  }
  const refs = plan.refs ?? {};
  const missing = missingIn({ method: plan.method, fields: Object.keys(refs) });
  const unusable = missing.length > 0 ? `It is not complete without ${missing.join(' and ')}.` : null;
  const isGiven = Object.keys(refs).length > 0;
  if (isGiven) {
    await putCredential(tx, ctx, organizationId, {
      connectionId,
      owner: { type: 'organization', id: organizationId },
      origin: originOf(connection),
      method: plan.method,
      fields: {},
      refs,
      unusable,
    });
  }
  const revocation = await letGo(tx, ctx, connection, gone);
  const hasLost = plan.leaving.some(({ owner }) => owner.type === 'organization');
  const isWithout = plan.method.type === 'none' && plan.isOther;
  if (isWithout || (isGiven && unusable === null)) {
    return { connection: await connectAnew(tx, ctx, connection), revocation };
  }
  if (!isGiven && !hasLost && !plan.isOther) return { connection, revocation };
  const reason = isGiven ? unusable : null;
  return { connection: await flipConnection(tx, ctx, connection, { status: 'pending', reason }), revocation };
}

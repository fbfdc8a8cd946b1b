import type { OAuthGrant } from '../../drivers/index.ts';
import { appendAudit } from '../../journal/index.ts';
import type { Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import type { Disabled } from './disable-connection.ts';
import type { DisableOutcome } from './disable-report.ts';
import type { Leaving } from './let-go.ts';
import { deleteRevocation } from './revocation-store.ts';

/** How long one service may take, and all of them together; how many are asked at once. */
const patience = { one: 10_000, all: 60_000, atOnce: 20 };

/** Asks the services, many at once and none for long. */
export async function revokeAll(
  ctx: ConnectionsCtx,
  out: readonly { connection: Connection; disabled: readonly Disabled[] }[],
): Promise<ReadonlyMap<Leaving, DisableOutcome>> {
  const outcomes = new Map<Leaving, DisableOutcome>();
  const waiting = out.flatMap(({ connection, disabled }) =>
    disabled.flatMap(({ leaving, revocationId }) =>
      revocationId === null ? [] : [{ connection, leaving, revocationId }],
    ),
  );
  const end = performance.now() + patience.all;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const isLate = performance.now() > end;
      outcomes.set(next.leaving, isLate ? 'unreachable' : await revoke(ctx, next));
    }
  };
  await Promise.all(Array.from({ length: patience.atOnce }, worker));
  return outcomes;
}

/** What is not confirmed stays written down: the sweep asks once more, and shreds it then. */
async function revoke(
  ctx: ConnectionsCtx,
  { connection, leaving, revocationId }: { connection: Connection; leaving: Leaving; revocationId: string },
): Promise<DisableOutcome> {
  const { organizationId, localOrigin } = connection;
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), patience.one);
  const asked = ctx.drivers.oauth
    .revoke({
      organizationId,
      credentialId: leaving.id,
      sealed: leaving.sealed,
      grant: leaving.grant as OAuthGrant,
      localOrigin,
    })
    .catch(() => false as const);
  const answer = await Promise.race([asked, late.promise]);
  clearTimeout(timer);
  if (answer === false) return 'unreachable';
  const outcome = answer === null ? 'disabled' : 'revoked';
  await ctx.database.transaction({ organizationId }, async (tx) => {
    if (!(await deleteRevocation(tx, organizationId, revocationId))) return;
    await ctx.vault.discard(tx, organizationId, Object.values(leaving.sealed));
    await appendAudit(tx, ctx.clock, organizationId, {
      actor: { type: 'system', id: null },
      action: 'credential.revoked_upstream',
      target: { type: 'credential', id: leaving.id },
      outcome: outcome === 'revoked' ? 'allowed' : 'failed',
      reason: outcome === 'revoked' ? null : 'The service has no way to revoke.',
      requestId: ctx.caller.requestId,
      changes: { connection: connection.slug, owner: leaving.owner, result: outcome },
    });
  });
  return outcome;
}

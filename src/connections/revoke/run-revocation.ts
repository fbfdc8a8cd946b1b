import { appendAudit } from '../../journal/index.ts';
import type { Clock, Database } from '../../kernel/index.ts';
import type { Drivers, OAuthGrant } from '../../drivers/index.ts';
import type { Vault } from '../../vault/index.ts';
import type { Leaving } from './let-go.ts';
import { deleteRevocation, dueRevocations, findRevocation } from './revocation-store.ts';

export type RevocationDeps = {
  database: Database;
  clock: Clock;
  vault: Vault;
  drivers: Pick<Drivers, 'oauth'>;
};

/** How long the change that let tokens go waits for the service; it is asked to the end either way. */
const patience = 5_000;

/**
 * Asks the service to revoke what a change has let go, once, shreds it whatever the answer, and writes into the audit
 * what happened. Null is nothing to do. Never throws: the change is done.
 */
export async function runRevocation(
  deps: RevocationDeps,
  organizationId: string,
  revocationId: string | null,
): Promise<void> {
  if (revocationId === null) return;
  const work = revoke(deps, organizationId, revocationId).catch(() => undefined); // the sweep comes back to it
  const timer = Promise.withResolvers<void>();
  const timeout = setTimeout(timer.resolve, patience);
  await Promise.race([work, timer.promise]);
  clearTimeout(timeout);
}

/** What a crash, or a change that could not wait, has left behind. */
export async function sweepRevocations(deps: RevocationDeps): Promise<void> {
  const due = await deps.database.transaction('system', (tx) => dueRevocations(tx, deps.clock.now(), 100));
  for (const { organizationId, revocationId } of due) await revoke(deps, organizationId, revocationId);
}

async function revoke(deps: RevocationDeps, organizationId: string, revocationId: string): Promise<void> {
  const row = await deps.database.transaction({ organizationId }, (tx) =>
    findRevocation(tx, organizationId, revocationId),
  );
  if (!row) return;
  const results: { token: Leaving; result: 'revoked' | 'refused' | 'unsupported' }[] = [];
  for (const token of row.tokens as Leaving[]) {
    const revoked = await deps.drivers.oauth
      .revoke({
        organizationId,
        credentialId: token.id,
        sealed: token.sealed,
        grant: token.grant as OAuthGrant,
        localOrigin: row.local_origin,
      })
      .catch(() => false);
    results.push({ token, result: revoked === null ? 'unsupported' : revoked ? 'revoked' : 'refused' });
  }
  await deps.database.transaction({ organizationId }, async (tx) => {
    if (!(await deleteRevocation(tx, organizationId, revocationId))) return;
    await deps.vault.discard(tx, organizationId, row.secret_ids);
    for (const { token, result } of results) {
      await appendAudit(tx, deps.clock, organizationId, {
        actor: { type: 'system', id: null },
        action: 'credential.revoked_upstream',
        target: { type: 'credential', id: token.id },
        outcome: result === 'revoked' ? 'allowed' : 'failed',
        reason: result === 'revoked' ? null : `The service answered: ${result}.`,
        requestId: null,
        changes: { connection_id: row.connection_id, owner: token.owner, result },
      });
    }
  });
}

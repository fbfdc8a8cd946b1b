import { change } from '../../access/index.ts';
import { appendAudit } from '../../journal/index.ts';
import { newId, type Tx } from '../../kernel/index.ts';
import { detachCredentials, findCredentials } from '../../vault/index.ts';
import { needsNoCredential, type Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { endLinksOf } from './disable-store.ts';
import { flipConnection } from '../flip-connection.ts';
import { leavingOf, type Leaving } from './let-go.ts';
import { takeBegun } from '../consent/pending.ts';
import { insertRevocation } from './revocation-store.ts';
import { findConnection, updateConnectionRow } from '../store.ts';

/** What a connection is told as its reason, and its agents with it. */
export const disabledReason = 'Disabled by panic: connect it again when its account is safe.';

/** An account whose tokens have left the vault, or are about to. */
export type Disabled = {
  leaving: Leaving;
  /** The revocation that asks the service; null where there is nothing to ask, and the values are shredded. */
  revocationId: string | null;
};

/** Time to ask before the sweep of what was left behind asks once more. */
const patience = 120_000;

/** Whether the service can be told that tokens are void. */
export const isRevocable = ({ grant }: Pick<Leaving, 'grant'>): boolean =>
  grant?.server.revocationUrl != null;

/** What `disableConnection` would find. */
export async function accountsOf(
  tx: Tx,
  { organizationId, id: connectionId }: Connection,
): Promise<readonly Leaving[]> {
  const credentials = await findCredentials(tx, organizationId, { connectionId });
  return credentials.map((credential) => leavingOf({ credential, sealed: {} }));
}

/**
 * Takes a connection out of service in one transaction, before anybody is asked anything: every credential and
 * everything that people have begun is gone from it, and what follows from a failed sign-in follows. What signs in with
 * nothing has no sign-in to fail, and is switched off. Null where it is gone.
 */
export function disableConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
): Promise<readonly Disabled[] | null> {
  const { organizationId } = ctx.caller.principal;
  return change<readonly Disabled[] | null>(ctx, 'connection.disabled', async (tx) => {
    const target = { type: 'connection', id: connectionId };
    const connection = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!connection) return { result: null, target, changes: null };
    const detached = await detachCredentials(tx, ctx.vault, organizationId, { connectionId });
    const begun = await takeBegun(tx, organizationId, connectionId);
    await ctx.vault.discard(tx, organizationId, begun.verifiers);
    await endLinksOf(tx, organizationId, connectionId, ctx.clock.now());
    // Before the first audit row: whoever else deactivates agents holds them first and writes rows then.
    await takeOut(tx, ctx, connection);
    const disabled: Disabled[] = [];
    for (const leaving of [...detached.map(leavingOf), ...begun.leaving]) {
      disabled.push(await letGoOf(tx, ctx, connection, leaving));
    }
    return {
      result: disabled,
      target,
      changes: { slug: connection.slug, accounts: disabled.length, by: 'panic' },
    };
  });
}

async function takeOut(tx: Tx, ctx: ConnectionsCtx, connection: Connection): Promise<void> {
  if (connection.kind === 'stdio' || needsNoCredential(connection)) {
    if (!connection.isActive) return;
    await updateConnectionRow(tx, connection.organizationId, connection.id, {
      is_active: false,
      updated_at: ctx.clock.now(),
    });
    return;
  }
  // Without an account of the organization's there is none to fail; its users' are gone all the same.
  if (connection.status === 'pending') return;
  await flipConnection(tx, ctx, connection, { status: 'auth_failed', reason: disabledReason });
}

/** Unlike elsewhere every token is revoked, whoever else would lose theirs by it: all of them are to be void. */
async function letGoOf(
  tx: Tx,
  ctx: ConnectionsCtx,
  connection: Connection,
  leaving: Leaving,
): Promise<Disabled> {
  const { organizationId } = connection;
  const { principal, requestId } = ctx.caller;
  const secretIds = Object.values(leaving.sealed);
  const now = ctx.clock.now();
  let revocationId: string | null = null;
  if (isRevocable(leaving) && secretIds.length > 0) {
    revocationId = newId<'revocation'>();
    await insertRevocation(tx, {
      organization_id: organizationId,
      revocation_id: revocationId,
      connection_id: connection.id,
      tokens: JSON.stringify([leaving]),
      secret_ids: secretIds,
      local_origin: connection.localOrigin,
      due_at: new Date(now.getTime() + patience),
      created_at: now,
    });
  } else await ctx.vault.discard(tx, organizationId, secretIds);
  await appendAudit(tx, ctx.clock, organizationId, {
    actor: { type: principal.type, id: principal.id },
    action: 'credential.disabled',
    target: { type: 'credential', id: leaving.id },
    outcome: 'allowed',
    reason: 'panic',
    requestId,
    changes: {
      connection: connection.slug,
      owner: leaving.owner,
      account: leaving.identity?.label ?? null,
      tokens: revocationId ? 'being revoked' : 'shredded',
    },
  });
  return { leaving, revocationId };
}

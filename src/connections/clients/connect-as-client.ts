import { change } from '../../access/index.ts';
import { Fault, notFound } from '../../kernel/index.ts';
import type { Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { flipConnection } from '../flip-connection.ts';
import { clientTokens, keepTokens } from './obtain.ts';
import { placeAccount, saidOfAccount } from '../consent/place-account.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { signInAt } from '../consent/sign-in-at.ts';
import { findConnection } from '../store.ts';

/**
 * Has a connection that signs in as a client its token at once, as the organization. Where the service gives none the
 * connection stays as it is, with the reason; a reconnect mends it.
 */
export async function connectAsClient(
  ctx: ConnectionsCtx,
  connection: Connection,
): Promise<{ connection: Connection; fault: Fault | null }> {
  if (connection.auth.type !== 'oauth2_client_credentials') return { connection, fault: null };
  const { organizationId } = connection;
  const at = await ctx.database.transaction({ organizationId }, (tx) => signInAt(tx, ctx, connection));
  const got = await clientTokens(ctx, at).catch((error: unknown) => {
    if (error instanceof Fault && (error.kind === 'upstream' || error.kind === 'conflict')) return error;
    throw error;
  });
  const { after, revocation } = await change(ctx, 'account.connected', async (tx) => {
    const held = await findConnection(tx, organizationId, { id: connection.id }, true);
    if (!held) throw notFound();
    const target = { type: 'connection', id: connection.id };
    if (got instanceof Fault) {
      const { status } = held;
      const failed =
        status === 'connected' ? held : await flipConnection(tx, ctx, held, { status, reason: got.message });
      return { result: { after: failed, revocation: null }, target, changes: { failed: got.message } };
    }
    const had = await keepTokens(tx, ctx.vault, organizationId, got);
    const owner = { type: 'organization' as const, id: organizationId };
    const placed = await placeAccount(tx, ctx, { connection: held, owner, had, account: null });
    const result = { after: placed.connection, revocation: placed.revocation };
    return { result, target, changes: saidOfAccount(placed) };
  });
  await ctx.drivers.forget(connection.id);
  await runRevocation(ctx, organizationId, revocation);
  return { connection: after, fault: got instanceof Fault ? got : null };
}

import type { Clock, Tx } from '../../kernel/index.ts';
import { detachCredentials, type Detached, type Owner, type Vault } from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { leavingOf, letGo } from './let-go.ts';
import { clientsOfConnection, deleteOAuthClientRow } from '../clients/oauth-client-store.ts';
import { takeBegun } from '../consent/pending.ts';
import { findConnectionsById } from '../store.ts';

type Deps = { vault: Vault; clock: Clock };

/** Removes credentials of one connection, in the caller's transaction. Answers them, and the revocation to run after the commit. */
export async function removeAccounts(
  tx: Tx,
  deps: Deps,
  connection: Connection,
  which: { credentialId: string } | { owner: Owner },
): Promise<{ removed: readonly Detached[]; revocation: string | null }> {
  const { organizationId, id: connectionId } = connection;
  const removed = await detachCredentials(tx, deps.vault, organizationId, { ...which, connectionId });
  return { removed, revocation: await letGo(tx, deps, connection, removed.map(leavingOf)) };
}

/**
 * Removes everything a connection signs in with, for everybody: credentials, what people have begun, its own OAuth
 * clients, whose secrets stay until the tokens had with them are revoked.
 */
export async function removeAllAccounts(
  tx: Tx,
  deps: Deps,
  connection: Connection,
): Promise<{ removed: readonly Detached[]; revocation: string | null }> {
  const { organizationId, id: connectionId } = connection;
  const removed = await detachCredentials(tx, deps.vault, organizationId, { connectionId });
  const begun = await takeBegun(tx, organizationId, connectionId);
  await deps.vault.discard(tx, organizationId, begun.verifiers);
  const clients = await clientsOfConnection(tx, organizationId, connectionId);
  for (const client of clients) await deleteOAuthClientRow(tx, organizationId, client.oauth_client_id);
  const leaving = [...removed.map(leavingOf), ...begun.leaving];
  const secrets = clients.flatMap((client) => (client.secret_id ? [client.secret_id] : []));
  return { removed, revocation: await letGo(tx, deps, connection, leaving, secrets) };
}

/** Removes a registered user's own credentials; the sweep has them revoked. */
export async function removeAccountsOfUser(
  tx: Tx,
  deps: Deps,
  organizationId: string,
  userId: string,
): Promise<void> {
  const owner = { type: 'user' as const, id: userId };
  const removed = await detachCredentials(tx, deps.vault, organizationId, { owner });
  const ids = [...new Set(removed.map(({ credential }) => credential.connectionId))];
  const connections = await findConnectionsById(tx, organizationId, ids);
  for (const connection of connections.values()) {
    const own = removed.filter(({ credential }) => credential.connectionId === connection.id);
    await letGo(tx, deps, connection, own.map(leavingOf));
  }
}

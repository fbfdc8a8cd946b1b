import { read } from '../../access/index.ts';
import type { AuthMethod } from '../../connectors/index.ts';
import type { Tx } from '../../kernel/index.ts';
import { findCredentials } from '../../vault/index.ts';
import { givenClients } from '../clients/oauth-client-store.ts';
import type { Connection } from '../connection.ts';
import { findConnectionsWithLinks } from '../consent/link-store.ts';
import { usualSignInAt } from '../consent/sign-in-at.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { missingIn } from '../sign-in.ts';
import { ownClientOf, type OwnClient } from './own-client.ts';
import { referableFields } from './refer.ts';
import { authConfigOf, authModeOf, type AuthMode } from './sign-in-choice.ts';

/** How a connection signs in for its organization, as its author sees it. Nothing of it is secret. */
export type AccountState = {
  authMode: AuthMode;
  authConfig: Readonly<Record<string, unknown>>;
  /** Field name to id of a secret kept by itself; empty where what it signs in with came otherwise. */
  credentialRefs: Readonly<Record<string, string>>;
  /** Fields that may refer to secrets. */
  credentialFields: readonly string[];
  /** Whether nothing is missing of what it signs in with, however that came. */
  hasCredentials: boolean;
  connectionCredentials: OwnClient | null;
  /** Null: nothing to sign in with. */
  connectionStatus: 'not_connected' | 'pending' | 'connected' | 'expired' | 'error' | null;
};

/** The account states of connections that the caller has been shown already. */
export async function accountStateOf(
  ctx: ConnectionsCtx,
  connections: readonly Connection[],
): Promise<(connection: Connection) => AccountState> {
  const { organizationId } = ctx.caller.principal;
  const connectionIds = connections.map(({ id }) => id);
  return read(ctx, async (tx) => {
    const owner = { type: 'organization' as const, id: organizationId };
    const credentials = await findCredentials(tx, organizationId, { connectionIds, owner });
    const own = new Map(credentials.map((credential) => [credential.connectionId, credential]));
    const clients = await givenClients(tx, organizationId, connectionIds);
    const linked = await findConnectionsWithLinks(tx, organizationId, connectionIds, ctx.clock.now());
    const methods = new Map<string, AuthMethod>();
    for (const connection of connections) methods.set(connection.id, await methodAt(tx, ctx, connection));
    return (connection) => {
      const { id } = connection;
      const method = methods.get(id) ?? connection.auth;
      const credential = own.get(id);
      return {
        authMode: authModeOf(method),
        authConfig: authConfigOf(method),
        credentialRefs: credential?.refs ?? {},
        credentialFields: referableFields(method),
        hasCredentials: method.type === 'none' || (credential ? missingIn(credential).length === 0 : false),
        connectionCredentials: ownClientOf(clients.get(id)),
        connectionStatus: statusOf(connection, method, linked.has(id)),
      };
    };
  });
}

/** Only what a pack has made by naming its connector may sign in otherwise than it was made. */
const methodAt = async (tx: Tx, ctx: ConnectionsCtx, connection: Connection): Promise<AuthMethod> =>
  connection.metadata.default ? (await usualSignInAt(tx, ctx, connection)).method : connection.auth;

function statusOf(
  { status }: Connection,
  method: AuthMethod,
  isLinked: boolean,
): AccountState['connectionStatus'] {
  if (method.type === 'none') return null;
  switch (status) {
    case 'pending':
      return isLinked ? 'pending' : 'not_connected';
    case 'connected':
      return 'connected';
    case 'token_expired':
      return 'expired';
    case 'auth_failed':
      return 'error';
  }
}

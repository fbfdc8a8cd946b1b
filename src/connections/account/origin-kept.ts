import { bodyProblem, invalid, type JsonPath, type Tx } from '../../kernel/index.ts';
import { findCredentials } from '../../vault/index.ts';
import { givenClients, type OAuthClientRow } from '../clients/oauth-client-store.ts';
import type { Connection } from '../connection.ts';
import { keepsSecretOf, type AccountWish } from './account-wish.ts';

/** Where what a connection signs in with may be sent; a server over stdio has no address. */
export const originOf = ({ kind, address }: Pick<Connection, 'kind' | 'address'>): string =>
  kind === 'stdio' ? address : new URL(address).origin;

/**
 * A credential is bound to the origin it was given for. Fault `invalid` at `path` where a connection is moved to
 * another one and the same request does not say what it signs in with there: references, none in so many words, or an
 * OAuth app of its own, with which somebody consents anew. Asked before the move; `applyAccountSettings` comes after it.
 */
export async function checkOriginKept(
  tx: Tx,
  connection: Connection,
  newAddress: string,
  wish: AccountWish,
  path: JsonPath,
): Promise<void> {
  const from = originOf(connection);
  const to = originOf({ kind: connection.kind, address: newAddress });
  if (from === to) return;
  if (connection.sealedSecretId !== null) {
    const message = `Its own headers and query values were given for ${from} and do not travel to ${to}.`;
    throw invalid(bodyProblem('value_error', path, message));
  }
  const { organizationId, id: connectionId } = connection;
  const client = (await givenClients(tx, organizationId, [connectionId])).get(connectionId);
  if (client?.issuer === null && client.secret_id !== null && isKept(client, wish)) {
    // Nobody has said yet whom its secret is for: that is not for the new address to say.
    const message = `Its OAuth app was given for ${from} and does not travel to ${to}: take it away, or give one for there.`;
    throw invalid(bodyProblem('value_error', path, message));
  }
  if (wish.credentialRefs !== undefined || wish.connectionCredentials != null) return;
  const owner = { type: 'organization' as const, id: organizationId };
  const bound = await findCredentials(tx, organizationId, { connectionId, owner });
  if (bound.length === 0) return;
  const message = `Its credential was given for ${from} and does not travel to ${to}: give one for there in the same request.`;
  throw invalid(bodyProblem('value_error', path, message));
}

const isKept = (client: OAuthClientRow, { connectionCredentials: own }: AccountWish): boolean =>
  own === undefined || (own !== null && keepsSecretOf(client, own));

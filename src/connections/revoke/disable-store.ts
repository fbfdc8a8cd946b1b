import type { Kysely } from 'kysely';
import type { Tx } from '../../kernel/index.ts';
import type { LinkTables } from '../consent/link-store.ts';
import type { OAuthClientRow, OAuthClientTables } from '../clients/oauth-client-store.ts';

const of = (tx: Tx): Kysely<LinkTables & OAuthClientTables> =>
  tx.kysely as Kysely<LinkTables & OAuthClientTables>;

/** Ends the links that could still connect an account here. */
export async function endLinksOf(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  now: Date,
): Promise<void> {
  await of(tx)
    .updateTable('links')
    .set({ expires_at: now })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .execute();
}

/** What we are at authorization servers with a secret of our own. */
export async function clientsWithSecrets(tx: Tx, organizationId: string): Promise<readonly OAuthClientRow[]> {
  return of(tx)
    .selectFrom('oauth_clients')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('secret_id', 'is not', null)
    .orderBy('created_at')
    .orderBy('oauth_client_id')
    .execute();
}

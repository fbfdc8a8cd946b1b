import { sql, type Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import type { CredentialRow, VaultTables } from './store.ts';

/** A client as grants name it: `credentials.oauth.client`. */
export type GrantClient = { clientId: string; secretId: string | null };

const of = (tx: Tx): Kysely<VaultTables> => tx.kysely as Kysely<VaultTables>;

const isWith = ({ clientId, secretId }: GrantClient) =>
  sql<boolean>`oauth -> 'client' ->> 'clientId' = ${clientId}
    and oauth -> 'client' ->> 'secretId' is not distinct from ${secretId}`;

/** Credentials whose tokens were had as this client id. */
export async function credentialsOfClient(
  tx: Tx,
  organizationId: string,
  clientId: string,
): Promise<readonly CredentialRow[]> {
  return of(tx)
    .selectFrom('credentials')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where(sql<boolean>`oauth -> 'client' ->> 'clientId' = ${clientId}`)
    .execute();
}

/**
 * The same client with a new secret: its grants are refreshed and revoked with that from now on. With a token origin
 * only those had there: the secret is for that host, and grants of any other end.
 */
export async function repointGrants(
  tx: Tx,
  organizationId: string,
  old: GrantClient,
  fresh: { secretId: string | null; auth: string },
  tokenOrigin: string | null = null,
): Promise<void> {
  if (tokenOrigin !== null) await endGrants(tx, organizationId, old, tokenOrigin);
  await of(tx)
    .updateTable('credentials')
    .set({
      oauth: sql`jsonb_set(oauth, '{client}', (oauth -> 'client') || ${JSON.stringify(fresh)}::jsonb)`,
    })
    .where('organization_id', '=', organizationId)
    .where(isWith(old))
    .execute();
}

/**
 * The client is no more: what was had as it is good until it runs out, and can be neither refreshed nor revoked.
 * Grants had at `except`, an origin, stay.
 */
export async function endGrants(
  tx: Tx,
  organizationId: string,
  old: GrantClient,
  except: string | null = null,
): Promise<void> {
  const had = await of(tx)
    .selectFrom('credentials')
    .select(['credential_id', sql<string>`oauth -> 'server' ->> 'tokenUrl'`.as('token_url')])
    .where('organization_id', '=', organizationId)
    .where(isWith(old))
    .forUpdate()
    .execute();
  const ended = had.filter(({ token_url: url }) => except === null || URL.parse(url)?.origin !== except);
  if (ended.length === 0) return;
  await of(tx)
    .updateTable('credentials')
    .set({ oauth: null, refresh_due_at: null })
    .where('organization_id', '=', organizationId)
    .where(
      'credential_id',
      'in',
      ended.map(({ credential_id: id }) => id),
    )
    .execute();
}

/** Accounts of a connection that were given for one way to sign in use another from now on, with the same fields. */
export async function repointMethod(
  tx: Tx,
  at: { organizationId: string; connectionId: string },
  { from, to }: { from: unknown; to: unknown },
): Promise<void> {
  await of(tx)
    .updateTable('credentials')
    .set({ method: JSON.stringify(to) })
    .where('organization_id', '=', at.organizationId)
    .where('connection_id', '=', at.connectionId)
    .where(sql<boolean>`method = ${JSON.stringify(from)}::jsonb`)
    .execute();
}

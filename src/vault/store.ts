import type { Generated, Insertable, Kysely, Selectable, Updateable } from 'kysely';
import type { Tx } from '../kernel/index.ts';

/** What a credential is good for: design.md, "Status". */
export type CredentialStatus = 'connected' | 'token_expired' | 'auth_failed';

export type VaultTables = {
  organization_keys: {
    organization_id: string;
    version: number;
    wrapped: Buffer;
    created_at: Date;
    master_key: string | null;
  };
  secrets: {
    organization_id: string;
    secret_id: string;
    key_version: number;
    ciphertext: Buffer;
    created_at: Date;
  };
  credentials: {
    organization_id: string;
    credential_id: string;
    connection_id: string;
    owner_type: 'organization' | 'company' | 'user';
    owner_id: string;
    origin: string;
    method: unknown;
    fields: unknown;
    created_at: Date;
    version: number;
    status: CredentialStatus;
    status_reason: string | null;
    expires_at: Date | null;
    refresh_due_at: Date | null;
    scopes: string[] | null;
    identity: unknown;
    oauth: unknown;
    failures: number;
    retry_at: Date | null;
    refreshed_at: Date | null;
    wanted_scopes: string[] | null;
    step_ups: number;
    refs: Generated<unknown>;
  };
  installation: { organization_id: string; secret_id: string };
};

export type OrganizationKeyRow = Pick<
  Selectable<VaultTables['organization_keys']>,
  'version' | 'wrapped' | 'master_key'
>;
export type CredentialRow = Selectable<VaultTables['credentials']>;

const of = (tx: Tx): Kysely<VaultTables> => tx.kysely as Kysely<VaultTables>;

export async function insertOrganizationKey(
  tx: Tx,
  row: Insertable<VaultTables['organization_keys']>,
): Promise<void> {
  await of(tx).insertInto('organization_keys').values(row).execute();
}

/** One version of an organization's key, or its newest. */
export async function findOrganizationKey(
  tx: Tx,
  organizationId: string,
  version: number | 'newest',
): Promise<OrganizationKeyRow | undefined> {
  let query = of(tx)
    .selectFrom('organization_keys')
    .select(['version', 'wrapped', 'master_key'])
    .where('organization_id', '=', organizationId);
  if (version !== 'newest') query = query.where('version', '=', version);
  return query.orderBy('version', 'desc').limit(1).executeTakeFirst();
}

export async function insertSecret(tx: Tx, row: Insertable<VaultTables['secrets']>): Promise<void> {
  await of(tx).insertInto('secrets').values(row).execute();
}

export async function findSecret(
  tx: Tx,
  organizationId: string,
  secretId: string,
): Promise<{ key_version: number; ciphertext: Buffer } | undefined> {
  return of(tx)
    .selectFrom('secrets')
    .select(['key_version', 'ciphertext'])
    .where('organization_id', '=', organizationId)
    .where('secret_id', '=', secretId)
    .executeTakeFirst();
}

export async function deleteSecrets(
  tx: Tx,
  organizationId: string,
  secretIds: readonly string[],
): Promise<void> {
  if (secretIds.length === 0) return;
  await of(tx)
    .deleteFrom('secrets')
    .where('organization_id', '=', organizationId)
    .where('secret_id', 'in', [...secretIds])
    .execute();
}

export type CredentialFilter = {
  credentialId?: string;
  connectionId?: string;
  connectionIds?: readonly string[];
  owner?: { type: 'organization' | 'company' | 'user'; id: string };
};

export async function findCredentials(
  tx: Tx,
  organizationId: string,
  filter: CredentialFilter,
): Promise<readonly CredentialRow[]> {
  let query = of(tx).selectFrom('credentials').selectAll().where('organization_id', '=', organizationId);
  if (filter.credentialId) query = query.where('credential_id', '=', filter.credentialId);
  if (filter.connectionId) query = query.where('connection_id', '=', filter.connectionId);
  if (filter.connectionIds) {
    if (filter.connectionIds.length === 0) return [];
    query = query.where('connection_id', 'in', [...filter.connectionIds]);
  }
  if (filter.owner) {
    query = query.where('owner_type', '=', filter.owner.type).where('owner_id', '=', filter.owner.id);
  }
  return query.orderBy('created_at', 'desc').orderBy('credential_id', 'desc').execute();
}

export async function insertCredential(tx: Tx, row: Insertable<VaultTables['credentials']>): Promise<void> {
  await of(tx).insertInto('credentials').values(row).execute();
}

/** Changes a credential if it is still in this version; undefined where it was overtaken. */
export async function updateCredential(
  tx: Tx,
  organizationId: string,
  at: { credentialId: string; version: number },
  set: Updateable<VaultTables['credentials']>,
): Promise<CredentialRow | undefined> {
  return of(tx)
    .updateTable('credentials')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('credential_id', '=', at.credentialId)
    .where('version', '=', at.version)
    .returningAll()
    .executeTakeFirst();
}

export async function deleteCredential(tx: Tx, organizationId: string, credentialId: string): Promise<void> {
  await of(tx)
    .deleteFrom('credentials')
    .where('organization_id', '=', organizationId)
    .where('credential_id', '=', credentialId)
    .execute();
}

export async function insertInstallation(tx: Tx, organizationId: string, secretId: string): Promise<void> {
  await of(tx)
    .insertInto('installation')
    .values({ organization_id: organizationId, secret_id: secretId })
    .execute();
}

export async function findInstallation(tx: Tx): Promise<{ organizationId: string; secretId: string } | null> {
  const row = await of(tx)
    .selectFrom('installation')
    .select(['organization_id', 'secret_id'])
    .executeTakeFirst();
  return row ? { organizationId: row.organization_id, secretId: row.secret_id } : null;
}

import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import { countAll, paged, type Listed, type Position, type Tx } from '../kernel/index.ts';

export type VaultSecretTables = {
  vault_secrets: {
    organization_id: string;
    vault_id: string;
    workspace_id: string | null;
    name: string;
    secret_id: string;
    created_by: string | null;
    created_at: Date;
  };
};

export type VaultSecretRow = Selectable<VaultSecretTables['vault_secrets']>;

const of = (tx: Tx): Kysely<VaultSecretTables> => tx.kysely as Kysely<VaultSecretTables>;

export async function insertVaultSecret(
  tx: Tx,
  row: Insertable<VaultSecretTables['vault_secrets']>,
): Promise<void> {
  await of(tx).insertInto('vault_secrets').values(row).execute();
}

/**
 * One secret. Whoever refers to it holds it to the end of the transaction with `refer`, whoever deletes it with
 * `delete`: neither happens while the other is under way.
 */
export async function findVaultSecretRow(
  tx: Tx,
  organizationId: string,
  vaultId: string,
  hold?: 'refer' | 'delete',
): Promise<VaultSecretRow | undefined> {
  let query = of(tx)
    .selectFrom('vault_secrets')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('vault_id', '=', vaultId);
  if (hold === 'refer') query = query.forKeyShare();
  if (hold === 'delete') query = query.forUpdate();
  return query.executeTakeFirst();
}

/** Newest first, and how many there are in all. `workspaceIds`: those of these workspaces, and those of none. */
export async function listVaultSecretRows(
  tx: Tx,
  organizationId: string,
  filter: { workspaceIds: readonly string[] | null },
  page: { limit: number; after: Position | null },
): Promise<Listed<VaultSecretRow> & { count: number }> {
  const { workspaceIds } = filter;
  let base = of(tx).selectFrom('vault_secrets').where('organization_id', '=', organizationId);
  if (workspaceIds) {
    base = base.where((is) =>
      is.or([is('workspace_id', 'is', null), is('workspace_id', 'in', [...workspaceIds])]),
    );
  }
  let query = base.selectAll().orderBy('created_at', 'desc').orderBy('vault_id', 'desc');
  if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, vault_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const { total } = await base.select(countAll).executeTakeFirstOrThrow();
  const rows = await query.limit(page.limit + 1).execute();
  const listed = paged(rows, page.limit, (row) => ({ at: row.created_at, id: row.vault_id }), total);
  return { ...listed, count: Number(total) };
}

/** All of an organization's, in the order they were made. */
export async function vaultSecretNames(
  tx: Tx,
  organizationId: string,
): Promise<readonly { vault_id: string; name: string }[]> {
  return of(tx)
    .selectFrom('vault_secrets')
    .select(['vault_id', 'name'])
    .where('organization_id', '=', organizationId)
    .orderBy('created_at')
    .orderBy('vault_id')
    .execute();
}

export async function deleteVaultSecretRow(tx: Tx, organizationId: string, vaultId: string): Promise<void> {
  await of(tx)
    .deleteFrom('vault_secrets')
    .where('organization_id', '=', organizationId)
    .where('vault_id', '=', vaultId)
    .execute();
}

/** Connections of which a credential was taken from this secret. */
export async function connectionsReferringTo(
  tx: Tx,
  organizationId: string,
  vaultId: string,
): Promise<readonly string[]> {
  const { rows } = await sql<{ connection_id: string }>`
    select distinct connection_id from credentials
    where organization_id = ${organizationId}
      and exists (select from jsonb_each_text(refs) as ref where ref.value = ${vaultId})`.execute(tx.kysely);
  return rows.map((row) => row.connection_id);
}

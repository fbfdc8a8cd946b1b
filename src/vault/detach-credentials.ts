import { Fault, type Tx } from '../kernel/index.ts';
import { credentialOf, placeOf, type Credential } from './credentials.ts';
import { credentialsOfClient } from './grants-store.ts';
import { deleteCredential, findCredentials, type CredentialFilter, type CredentialRow } from './store.ts';
import type { Vault } from './types.ts';

/** A credential that is none any more, and the ids of its secrets by field: they are still there. */
export type Detached = { credential: Credential; sealed: Readonly<Record<string, string>> };

/**
 * Deletes the credentials the filter names and leaves their sealed values to the caller, who shreds them in the same
 * transaction or writes down who will. The values are bound to the credential no more; one that cannot be read goes.
 */
export async function detachCredentials(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  filter: CredentialFilter,
): Promise<readonly Detached[]> {
  const detached: Detached[] = [];
  for (const row of await findCredentials(tx, organizationId, filter)) {
    await deleteCredential(tx, organizationId, row.credential_id);
    detached.push({ credential: credentialOf(row), sealed: await release(tx, vault, organizationId, row) });
  }
  return detached;
}

async function release(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  row: CredentialRow,
): Promise<Record<string, string>> {
  const sealed: Record<string, string> = {};
  for (const [field, secretId] of Object.entries(row.fields as Record<string, string>)) {
    try {
      const from = { ...placeOf(row), field };
      sealed[field] = await vault.move(tx, organizationId, secretId, { from, to: null });
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'credential_unreadable') throw error;
      await vault.discard(tx, organizationId, [secretId]);
    }
  }
  return sealed;
}

/** Credentials whose tokens were had as this OAuth client. */
export async function credentialsHadAs(
  tx: Tx,
  organizationId: string,
  clientId: string,
): Promise<readonly Credential[]> {
  return (await credentialsOfClient(tx, organizationId, clientId)).map(credentialOf);
}

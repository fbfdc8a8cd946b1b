import type { Ctx } from '../../access/index.ts';
import { Fault, type Tx } from '../../kernel/index.ts';
import { connectionsReferringTo, removeVaultSecret, type Vault } from '../../vault/index.ts';
import { connectionsKeeping } from '../clients/oauth-client-store.ts';
import { findConnectionsById } from '../store.ts';

export type VaultSecretUser = { type: 'tool_instance'; id: string; name: string };

/** Shreds a secret kept by itself. Fault `conflict` code `vault_secret_in_use` names the connections that refer to it. */
export function deleteVaultSecret(ctx: Ctx & { vault: Vault }, vaultId: string): Promise<void> {
  const { organizationId } = ctx.caller.principal;
  return removeVaultSecret(ctx, vaultId, {
    findUsers: (tx) => usersOf(tx, organizationId, vaultId),
    refuse: inUse,
  });
}

async function usersOf(tx: Tx, organizationId: string, vaultId: string): Promise<readonly VaultSecretUser[]> {
  const ids = [
    ...(await connectionsReferringTo(tx, organizationId, vaultId)),
    ...(await connectionsKeeping(tx, organizationId, vaultId)),
  ];
  const connections = await findConnectionsById(tx, organizationId, [...new Set(ids)]);
  return [...connections.values()]
    .map(({ id, nickname }) => ({ type: 'tool_instance' as const, id, name: nickname }))
    .sort((one, other) => (one.id < other.id ? -1 : 1));
}

function inUse(users: readonly VaultSecretUser[]): Fault {
  const names = users.map(({ name }) => `“${name}”`).join(', ');
  return new Fault('conflict', `The secret is in use by ${names}. Give them another one first.`, {
    code: 'vault_secret_in_use',
    details: { used_by: users },
  });
}

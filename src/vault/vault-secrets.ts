import {
  authorize,
  change,
  mayUseWorkspace,
  read,
  resolveWorkspace,
  type Ctx,
  type Principal,
} from '../access/index.ts';
import {
  bodyProblem,
  Fault,
  invalid,
  newId,
  notFound,
  type Listed,
  type Position,
  type Tx,
} from '../kernel/index.ts';
import type { Plaintext } from './plaintext.ts';
import type { Vault } from './types.ts';
import {
  deleteVaultSecretRow,
  findVaultSecretRow,
  insertVaultSecret,
  listVaultSecretRows,
  type VaultSecretRow,
} from './vault-secrets-store.ts';

/** A secret kept by itself, for credentials to refer to. Its value is never read back and never changes. */
export type VaultSecret = {
  id: string;
  name: string;
  /** Null: usable in all workspaces. */
  workspaceId: string | null;
  /** Which key made it, as `<type>:<id>`. */
  createdBy: string | null;
  createdAt: Date;
};

const vaultSecretOf = (row: VaultSecretRow): VaultSecret => ({
  id: row.vault_id,
  name: row.name,
  workspaceId: row.workspace_id,
  createdBy: row.created_by,
  createdAt: row.created_at,
});

/** What a secret is used for serves every user and every pack. */
function authorizeSecrets(principal: Principal): void {
  authorize(principal, 'credentials:write');
  if (principal.packIds || principal.userIds) {
    throw new Fault('forbidden', 'This key is bound to packs or registered users; secrets are everybody’s.');
  }
}

/** Names may repeat: what tells secrets apart is their id. `workspace` is a slug or an id. */
export async function createVaultSecret(
  ctx: Ctx & { vault: Vault },
  input: { name: string; value: Plaintext; workspace?: string | null },
): Promise<VaultSecret> {
  const { principal } = ctx.caller;
  authorizeSecrets(principal);
  const { organizationId } = principal;
  const workspaceId = await workspaceOf(ctx, input.workspace ?? null);
  return change(ctx, 'vault_secret.created', async (tx) => {
    const row: VaultSecretRow = {
      organization_id: organizationId,
      vault_id: newId<'vault_secret'>(),
      workspace_id: workspaceId,
      name: input.name,
      secret_id: await ctx.vault.keep(tx, organizationId, input.value),
      created_by: `${principal.type}:${principal.id}`,
      created_at: ctx.clock.now(),
    };
    await insertVaultSecret(tx, row);
    return { result: vaultSecretOf(row), target: targetOf(row), changes: saidOf(row) };
  });
}

async function workspaceOf(ctx: Ctx, named: string | null): Promise<string | null> {
  if (named === null) {
    if (ctx.caller.principal.workspaceIds === null) return null;
    throw new Fault('forbidden', 'This key is bound to its workspaces: name one of them as workspace_id.');
  }
  try {
    return (await resolveWorkspace(ctx, named)).id;
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'not_found') throw error;
    const message = 'No such workspace in this organization.';
    throw invalid(bodyProblem('value_error', ['workspace_id'], message));
  }
}

/** Fault `not_found` for absent, foreign and of another workspace than the key's. */
export async function getVaultSecret(ctx: Ctx, vaultId: string): Promise<VaultSecret> {
  const { principal } = ctx.caller;
  authorizeSecrets(principal);
  const row = await read(ctx, (tx) => findVaultSecretRow(tx, principal.organizationId, vaultId));
  if (!row || !maySee(principal, row)) throw notFound();
  return vaultSecretOf(row);
}

export async function listVaultSecrets(
  ctx: Ctx,
  page: { limit: number; after: Position | null },
): Promise<Listed<VaultSecret> & { count: number }> {
  const { principal } = ctx.caller;
  authorizeSecrets(principal);
  const { organizationId, workspaceIds } = principal;
  const listed = await read(ctx, (tx) => listVaultSecretRows(tx, organizationId, { workspaceIds }, page));
  return { ...listed, rows: listed.rows.map(vaultSecretOf) };
}

const maySee = (principal: Principal, { workspace_id: id }: VaultSecretRow): boolean =>
  id === null || mayUseWorkspace(principal, id);

/**
 * Shreds a secret. `findUsers` answers who would miss it, asked while nobody can begin to refer to it; where there are
 * any, `refuse` says so instead.
 */
export async function removeVaultSecret<User>(
  ctx: Ctx & { vault: Vault },
  vaultId: string,
  uses: { findUsers: (tx: Tx) => Promise<readonly User[]>; refuse: (users: readonly User[]) => Fault },
): Promise<void> {
  const { principal } = ctx.caller;
  authorizeSecrets(principal);
  const { organizationId } = principal;
  await change(ctx, 'vault_secret.deleted', async (tx) => {
    const row = await findVaultSecretRow(tx, organizationId, vaultId, 'delete');
    if (!row || !maySee(principal, row)) throw notFound();
    if (row.workspace_id === null && principal.workspaceIds) {
      throw new Fault('forbidden', 'This key is bound to its workspaces; the secret is usable in all.');
    }
    const users = await uses.findUsers(tx);
    if (users.length > 0) throw uses.refuse(users);
    await deleteVaultSecretRow(tx, organizationId, vaultId);
    await ctx.vault.discard(tx, organizationId, [row.secret_id]);
    return { result: undefined, target: targetOf(row), changes: saidOf(row) };
  });
}

/**
 * What a reference from this workspace points at, held so that it is not deleted before the reference is there. Null
 * for what is absent, foreign or another workspace's.
 */
export async function referToVaultSecret(
  tx: Tx,
  organizationId: string,
  vaultId: string,
  workspaceId: string,
): Promise<{ vaultId: string; secretId: string } | null> {
  const row = await findVaultSecretRow(tx, organizationId, vaultId, 'refer');
  if (!row || (row.workspace_id !== null && row.workspace_id !== workspaceId)) return null;
  return { vaultId: row.vault_id, secretId: row.secret_id };
}

const targetOf = (row: VaultSecretRow) => ({ type: 'vault_secret', id: row.vault_id });

const saidOf = (row: VaultSecretRow) => ({ name: row.name, workspace_id: row.workspace_id });

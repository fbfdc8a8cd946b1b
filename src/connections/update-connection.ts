import { authorize, change, holdSlugs, mayUseWorkspace, type Ctx } from '../access/index.ts';
import { Fault, notFound } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Drivers } from '../drivers/index.ts';
import type { Connection, DriftPolicy } from './connection.ts';
import type { ConnectionHooks } from './hooks.ts';
import { removeAllAccounts } from './revoke/remove-accounts.ts';
import { runRevocation } from './revoke/run-revocation.ts';
import { deleteConnectionRow, findConnection, updateConnectionRow } from './store.ts';

/** Renames a connection, takes it out of service, or says what of it asks, how often it may be called and what becomes of changes at the service. Its slug never changes. */
export async function updateConnection(
  ctx: Ctx,
  connectionId: string,
  input: {
    nickname?: string;
    isActive?: boolean;
    requiresConfirmation?: boolean | null;
    maxCallsPerTurn?: number | null;
    /** In force from the next listing on. */
    driftPolicy?: DriftPolicy;
  },
): Promise<Connection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const { organizationId } = principal;
  return change(ctx, 'connection.updated', async (tx) => {
    const before = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!before || !mayUseWorkspace(principal, before.workspaceId)) throw notFound();
    const target = { type: 'connection', id: connectionId };
    const set = {
      ...(input.nickname !== undefined && input.nickname !== before.nickname
        ? { nickname: input.nickname }
        : {}),
      ...(input.isActive !== undefined && input.isActive !== before.isActive
        ? { is_active: input.isActive }
        : {}),
      ...(input.requiresConfirmation !== undefined &&
      input.requiresConfirmation !== before.requiresConfirmation
        ? { requires_confirmation: input.requiresConfirmation }
        : {}),
      ...(input.maxCallsPerTurn !== undefined && input.maxCallsPerTurn !== before.maxCallsPerTurn
        ? { max_calls_per_turn: input.maxCallsPerTurn }
        : {}),
      ...(input.driftPolicy !== undefined && input.driftPolicy !== before.driftPolicy
        ? { drift_policy: input.driftPolicy }
        : {}),
    };
    if (Object.keys(set).length === 0) return { result: before, target, changes: null };
    const after = await updateConnectionRow(tx, organizationId, connectionId, {
      ...set,
      updated_at: ctx.clock.now(),
    });
    return { result: after, target, changes: set };
  });
}

/**
 * Removes a connection with its tools, credentials and sealed values, and revokes tokens at the service. Fault `conflict` naming the packs
 * that use it, unless forced: then their entries go too.
 */
export async function deleteConnection(
  ctx: Ctx & { vault: Vault; drivers: Drivers; connectionHooks: ConnectionHooks },
  connectionId: string,
  options: { force: boolean },
): Promise<void> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const { organizationId } = principal;
  const revocation = await change(ctx, 'connection.deleted', async (tx) => {
    // Before any row is held: a pack that is being given this connection would hold the two the other way round.
    await holdSlugs(tx, organizationId);
    const connection = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!connection || !mayUseWorkspace(principal, connection.workspaceId)) throw notFound();
    const uses = await ctx.connectionHooks.findUses(tx, connection);
    if (uses.length > 0 && !options.force) {
      const names = uses.map((use) => `${use.type} “${use.name}”`).join(', ');
      const message = `The connection is in use by ${names}. Remove it there, or add ?force=true to remove the entries.`;
      throw new Fault('conflict', message, { code: 'connection_in_use', details: { used_by: uses } });
    }
    await ctx.connectionHooks.onRemove(tx, connection);
    const { removed, revocation: leaving } = await removeAllAccounts(tx, ctx, connection);
    await deleteConnectionRow(tx, organizationId, connectionId);
    if (connection.sealedSecretId) await ctx.vault.discard(tx, organizationId, [connection.sealedSecretId]);
    return {
      result: leaving,
      target: { type: 'connection', id: connectionId },
      changes: {
        slug: connection.slug,
        credentials_shredded: removed.length,
        // Keys given by hand cannot be revoked by us; the person who made them at the service can. What became of
        // tokens is an audit row of its own for each, written when the service has answered.
        revoked_upstream: leaving === null ? false : 'asked',
        entries_removed_from: uses.map((use) => use.id),
      },
    };
  });
  await ctx.drivers.forget(connectionId);
  await runRevocation(ctx, organizationId, revocation);
}

import type { Ctx } from '../access/index.ts';
import { mayUseWorkspace } from '../access/index.ts';
import { findConnection, updateConnectionRow, type Connection } from '../connections/index.ts';
import { canonicalJson, notFound, type Clock, type Tx } from '../kernel/index.ts';
import { holdUses, readUses, sealedIn, writeUses } from '../packs/index.ts';
import { toolsOfConnections, touchTools, writeMovedTools } from '../tools/index.ts';
import { repointMethod, type Vault } from '../vault/index.ts';
import type { RevisionPlan, RevisionState } from './plan-upgrade.ts';
import { sealSecrets } from './seal-secrets.ts';

/** The connection, if the caller may see it. Fault `not_found`. `lock` holds it until the transaction ends. */
export async function requireConnection(
  tx: Tx,
  { caller: { principal } }: Pick<Ctx, 'caller'>,
  connectionId: string,
  lock = false,
): Promise<Connection> {
  const found = await findConnection(tx, principal.organizationId, { id: connectionId }, lock);
  if (!found || !mayUseWorkspace(principal, found.workspaceId)) throw notFound();
  return found;
}

/** What a change of version may move; with `lock` all of it is held until the transaction ends. */
export async function readState(tx: Tx, connection: Connection, lock: boolean): Promise<RevisionState> {
  const { organizationId, id } = connection;
  const tools = await toolsOfConnections(tx, organizationId, [id], lock);
  const uses = await (lock ? holdUses : readUses)(tx, organizationId, id);
  return { connection, tools, uses };
}

/** Writes a plan: all of it, in the caller's transaction. */
export async function applyPlan(
  tx: Tx,
  ctx: { clock: Clock; vault: Vault },
  plan: RevisionPlan,
): Promise<Connection> {
  const { before, after } = plan.connection;
  const { organizationId, id } = before;
  await writeMovedTools(tx, ctx, plan.tools);
  // Also of those that are as they were: what the connection is at another version, nobody has said yes to.
  await touchTools(tx, organizationId, id, ctx.clock.now());
  const connection = await updateConnectionRow(tx, organizationId, id, {
    connector_version: after.connectorVersion,
    address: after.address,
    auth: JSON.stringify(after.auth),
    action_filter: after.actionFilter && JSON.stringify(after.actionFilter),
    written_rules: JSON.stringify(after.writtenRules),
    updated_at: after.updatedAt,
  });
  await moveAccounts(tx, before, after);
  const kept = new Set(sealedIn(plan.uses.map((use) => use.after)));
  const dropped = sealedIn(plan.uses.map((use) => use.before)).filter((secret) => !kept.has(secret));
  await ctx.vault.discard(tx, organizationId, dropped);
  await writeUses(tx, ctx.clock, { organizationId, connectionId: id }, plan.uses);
  return sealSecrets(tx, ctx, connection);
}

/**
 * Keys that were given by hand are sent as the version says. An account that was signed in to keeps what its tokens
 * were had by.
 */
async function moveAccounts(tx: Tx, before: Connection, after: Connection): Promise<void> {
  const { organizationId, id: connectionId } = before;
  const isByHand = ['api_key', 'bearer', 'basic'].includes(after.auth.type);
  if (!isByHand || canonicalJson(before.auth) === canonicalJson(after.auth)) return;
  await repointMethod(tx, { organizationId, connectionId }, { from: before.auth, to: after.auth });
}

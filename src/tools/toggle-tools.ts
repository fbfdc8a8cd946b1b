import { authorize, change, mayUseWorkspace, type Ctx } from '../access/index.ts';
import { findConnection, updateConnectionRow, type Connection } from '../connections/index.ts';
import { forgetKept } from '../journal/index.ts';
import { notFound, type Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import { deleteToolsOf, setAllEnabled, toolsOfConnections } from './store.ts';
import type { Tool } from './tool.ts';
import { secretsOf } from './seal-rules.ts';

/**
 * Turns all tools of a connection on or off; after off, tools found later start disabled. New ones that are held are
 * not turned on: each of them wants a yes of its own.
 */
export async function toggleTools(
  ctx: Ctx,
  connectionId: string,
  isEnabled: boolean,
): Promise<{ connection: Connection; tools: readonly Tool[] }> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const { organizationId } = principal;
  return change(ctx, 'tools.toggled', async (tx) => {
    const before = await findConnection(tx, organizationId, { id: connectionId }, true);
    if (!before || !mayUseWorkspace(principal, before.workspaceId)) throw notFound();
    const moved = await setAllEnabled(tx, organizationId, connectionId, isEnabled, ctx.clock.now());
    const policyMoves = before.newToolsOff === isEnabled;
    const connection = policyMoves
      ? await updateConnectionRow(tx, organizationId, connectionId, { new_tools_off: !isEnabled })
      : before;
    const tools = await toolsOfConnections(tx, organizationId, [connectionId]);
    return {
      result: { connection, tools },
      target: { type: 'connection', id: connectionId },
      changes: moved > 0 || policyMoves ? { is_enabled: isEnabled, tools: moved } : null,
    };
  });
}

/** The connection goes: its tools and their sealed values go with it. */
export async function removeTools(tx: Tx, vault: Vault, connection: Connection): Promise<void> {
  const { organizationId } = connection;
  const tools = await toolsOfConnections(tx, organizationId, [connection.id]);
  await forgetKept(tx, organizationId, { connectionId: connection.id });
  await deleteToolsOf(tx, organizationId, connection.id);
  await vault.discard(
    tx,
    organizationId,
    tools.flatMap(({ layers }) => [...secretsOf(layers.inputs), ...secretsOf(layers.defaults)]),
  );
}

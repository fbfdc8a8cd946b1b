import { authorize, change, listOtherKeys, read, revokeOtherKeys } from '../../access/index.ts';
import { vaultSecretNames } from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { accountsOf, disableConnection, isRevocable, type Disabled } from './disable-connection.ts';
import { accountOf, serviceOf, type DisabledService, type DisableReport } from './disable-report.ts';
import { clientsWithSecrets } from './disable-store.ts';
import { revokeAll } from './revoke-disabled.ts';
import { findConnectionsById, listConnectionRows } from '../store.ts';

/**
 * Everything that could be used is made void: all keys but the caller's admin key are revoked, webhooks are turned off,
 * every connection of the organization is taken out of service, and the services are asked to revoke what they can. Ours first: from the first
 * commit on nobody is served. Done again it goes on with what is left.
 */
export async function disableEverything(
  ctx: ConnectionsCtx,
  { isDryRun }: { isDryRun: boolean },
): Promise<DisableReport> {
  const { principal } = ctx.caller;
  authorize(principal, 'management:all');
  const { organizationId } = principal;
  const revoked = isDryRun ? await listOtherKeys(ctx) : await revokeOtherKeys(ctx);
  const keys = revoked.map(({ key_id: id, kind, name, hint }) => ({ id, kind, name, hint }));
  const webhooks = await stopWebhooks(ctx, isDryRun);
  const { connections, apps, secrets } = await read(ctx, async (tx) => {
    const { rows } = await listConnectionRows(tx, organizationId, { workspaceIds: null }, null);
    const clients = await clientsWithSecrets(tx, organizationId);
    const ids = clients.flatMap(({ connection_id: id }) => (id === null ? [] : [id]));
    const named = await findConnectionsById(tx, organizationId, ids);
    const kept = await vaultSecretNames(tx, organizationId);
    return {
      connections: rows,
      secrets: kept.map(({ vault_id: id, name }) => ({ id, name })),
      apps: clients.map((client) => ({
        clientId: client.client_id,
        of: client.connector_slug ?? named.get(client.connection_id ?? '')?.slug ?? '',
      })),
    };
  });
  const found = isDryRun ? await plan(ctx, connections) : await disable(ctx, connections);
  return { isDryRun, keys, services: found, webhooks, apps, secrets };
}

/** After the keys, which could turn them on again, and before connections move, of which they would hear. */
async function stopWebhooks(ctx: ConnectionsCtx, isDryRun: boolean): Promise<DisableReport['webhooks']> {
  const { clock, connectionHooks } = ctx;
  const { organizationId } = ctx.caller.principal;
  if (isDryRun) return read(ctx, (tx) => connectionHooks.disableWebhooks(tx, clock, { isDryRun }));
  return change(ctx, 'panic.webhooks_disabled', async (tx) => {
    const disabled = await connectionHooks.disableWebhooks(tx, clock, { isDryRun });
    const changes = disabled.length > 0 ? { webhooks_disabled: disabled.length } : null;
    return { result: disabled, target: { type: 'organization', id: organizationId }, changes };
  });
}

async function plan(
  ctx: ConnectionsCtx,
  connections: readonly Connection[],
): Promise<readonly DisabledService[]> {
  return read(ctx, async (tx) => {
    const services: DisabledService[] = [];
    for (const connection of connections) {
      const accounts = (await accountsOf(tx, connection)).map((leaving) =>
        accountOf(leaving, isRevocable(leaving) ? 'revoked' : 'disabled'),
      );
      services.push(serviceOf(connection, accounts));
    }
    return services;
  });
}

async function disable(
  ctx: ConnectionsCtx,
  connections: readonly Connection[],
): Promise<readonly DisabledService[]> {
  const out: { connection: Connection; disabled: readonly Disabled[] }[] = [];
  for (const connection of connections) {
    const disabled = await disableConnection(ctx, connection.id);
    if (disabled) out.push({ connection, disabled });
  }
  const outcomes = await revokeAll(ctx, out);
  for (const { connection } of out) await ctx.drivers.forget(connection.id);
  return out.map(({ connection, disabled }) =>
    serviceOf(
      connection,
      disabled.map(({ leaving }) => accountOf(leaving, outcomes.get(leaving) ?? 'disabled')),
    ),
  );
}

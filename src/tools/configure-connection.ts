import { authorize, change, mayUseWorkspace, read } from '../access/index.ts';
import {
  afterAccountSettings,
  askServer,
  checkNewConfiguration,
  findConnection,
  type AppliedAccount,
  type CheckedConfiguration,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import { notFound, type Tx } from '../kernel/index.ts';
import { placeOf, type ConnectionPatch } from './configuration.ts';
import { configureWithin } from './configure-within.ts';
import { createGathering } from './gather-problems.ts';

/**
 * Changes what a team says of a connection and of its tools together, in one transaction and one audit row. Every
 * problem at once as Fault `invalid`; a patch that changes nothing leaves `updatedAt` alone. `isRehearsal`: in a
 * transaction that will be undone, so nobody outside is asked or told.
 */
export async function configureConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
  patch: ConnectionPatch,
  { isRehearsal = false }: { isRehearsal?: boolean } = {},
): Promise<Connection> {
  authorize(ctx.caller.principal, 'tools:write');
  const gathering = createGathering(patch.problems);
  const config =
    patch.config === undefined
      ? null
      : await gathering.gather(() => checkConfig(ctx, connectionId, patch.config ?? {}, isRehearsal));
  const { connection, account, isMoved } = await change(ctx, 'connection.configured', async (tx) => {
    const before = await requireHeld(tx, ctx, connectionId);
    const wish = { ...patch, problems: gathering.problems };
    const { changes, ...done } = await configureWithin(tx, ctx, before, wish, config);
    const result = { ...done, isMoved: leadsElsewhere(before, done.connection) };
    return { result, target: { type: 'connection', id: connectionId }, changes };
  });
  if (isRehearsal || (account === null && !isMoved)) return connection;
  const settled = account === null ? connection : await settle(ctx, connection, account);
  if (isMoved) await ctx.drivers.forget(connection.id);
  return askServer(ctx, settled);
}

const leadsElsewhere = (before: Connection, after: Connection): boolean =>
  before.address !== after.address || before.sealedSecretId !== after.sealedSecretId;

async function requireHeld(tx: Tx, ctx: ConnectionsCtx, connectionId: string): Promise<Connection> {
  const { principal } = ctx.caller;
  const found = await findConnection(tx, principal.organizationId, { id: connectionId }, true);
  if (!found || !mayUseWorkspace(principal, found.workspaceId)) throw notFound();
  return found;
}

/** Whether the new configuration leads where we may go is asked before anything is held. */
async function checkConfig(
  ctx: ConnectionsCtx,
  connectionId: string,
  config: Readonly<Record<string, unknown>>,
  isRehearsal: boolean,
): Promise<CheckedConfiguration> {
  const connection = await read(ctx, (tx) => requireHeld(tx, ctx, connectionId));
  return checkNewConfiguration(ctx, connection, config, placeOf.config, { isReachable: !isRehearsal });
}

const settle = (ctx: ConnectionsCtx, connection: Connection, account: AppliedAccount): Promise<Connection> =>
  afterAccountSettings(ctx, { ...account, connection });

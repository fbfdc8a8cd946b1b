import { read, type Ctx } from '../access/index.ts';
import { findCredentials } from '../vault/index.ts';
import { findConnectionsById } from './store.ts';

/** The slugs of the connections each of these users has a credential of their own for, in order. */
export async function authenticatedConnectors(
  ctx: Ctx,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { organizationId } = ctx.caller.principal;
  return read(ctx, async (tx) => {
    const found = new Map<string, readonly string[]>();
    for (const userId of userIds) {
      const credentials = await findCredentials(tx, organizationId, { owner: { type: 'user', id: userId } });
      const connections = await findConnectionsById(
        tx,
        organizationId,
        credentials.map((credential) => credential.connectionId),
      );
      found.set(userId, [...connections.values()].map((connection) => connection.slug).sort());
    }
    return found;
  });
}

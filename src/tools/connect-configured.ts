import { authorize, read } from '../access/index.ts';
import {
  connectCatalog,
  type ConnectCatalogInput,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import { slugOfConnector } from '../connectors/index.ts';
import { bodyProblem, invalid } from '../kernel/index.ts';
import type { ConnectionPatch } from './configuration.ts';
import { configureWithin } from './configure-connection.ts';

/**
 * Connects a connector of the catalog, named by id or slug, with everything that is said of the connection and its
 * tools at once: where any of it is wrong there is no connection.
 */
export async function connectConfigured(
  ctx: ConnectionsCtx,
  input: Omit<ConnectCatalogInput, 'within' | 'nickname'> & { nickname: string },
  patch: Omit<ConnectionPatch, 'nickname'>,
): Promise<Connection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const slug = await read(ctx, (tx) =>
    slugOfConnector(tx, ctx.catalog, principal.organizationId, input.connector),
  );
  if (slug === null) {
    throw invalid(
      bodyProblem('value_error', ['connector'], 'The catalog has no such connector.', {
        input: input.connector,
      }),
      ...(patch.problems ?? []),
    );
  }
  return connectCatalog(ctx, {
    ...input,
    connector: slug,
    within: (tx, connection) => configureWithin(tx, ctx, connection, patch),
  });
}

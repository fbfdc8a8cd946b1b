import { authorize, read } from '../access/index.ts';
import {
  connectCatalog,
  type ConnectCatalogInput,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import { slugOfConnector } from '../connectors/index.ts';
import { bodyProblem, invalid } from '../kernel/index.ts';
import { placeOf, type ConnectionPatch } from './configuration.ts';
import { configureWithin } from './configure-within.ts';
import { createGathering } from './gather-problems.ts';

/**
 * Connects a connector of the catalog, named by id or slug, with everything that is said of the connection and its
 * tools at once: where any of it is wrong there is no connection.
 */
export async function connectConfigured(
  ctx: ConnectionsCtx,
  input: Pick<ConnectCatalogInput, 'connector' | 'workspace'> & { nickname: string },
  { config, problems, ...patch }: Omit<ConnectionPatch, 'nickname'>,
): Promise<Connection> {
  authorize(ctx.caller.principal, 'tools:write');
  const gathering = createGathering();
  // Told beside what is found within, or beside what stops it before.
  let known = problems ?? [];
  const within: ConnectCatalogInput['within'] = (tx, connection) => {
    const wish = { ...patch, problems: known };
    known = [];
    return configureWithin(tx, ctx, connection, wish, null);
  };
  const made = await gathering.gather(async () =>
    connectCatalog(ctx, {
      ...input,
      connector: await slugOf(ctx, input.connector),
      config: config ?? {},
      configPath: placeOf.config,
      credential: null,
      within,
    }),
  );
  if (!made) throw invalid(...known, ...gathering.problems);
  return made;
}

async function slugOf(ctx: ConnectionsCtx, named: string): Promise<string> {
  const { organizationId } = ctx.caller.principal;
  const slug = await read(ctx, (tx) => slugOfConnector(tx, ctx.catalog, organizationId, named));
  if (slug !== null) return slug;
  throw invalid(
    bodyProblem('value_error', ['connector'], 'The catalog has no such connector.', { input: named }),
  );
}

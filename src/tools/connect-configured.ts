import { authorize, read } from '../access/index.ts';
import {
  connectCatalog,
  connectServer,
  deleteConnection,
  type AccountWish,
  type ConnectCatalogInput,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import { findFaces, slugOfConnector } from '../connectors/index.ts';
import { bodyProblem, invalid } from '../kernel/index.ts';
import { placeOf, type ConnectionPatch } from './configuration.ts';
import { configureConnection } from './configure-connection.ts';
import { configureWithin } from './configure-within.ts';
import { createGathering } from './gather-problems.ts';

type Connecting = Pick<ConnectCatalogInput, 'connector' | 'workspace'> & { nickname: string };
type Wish = Omit<ConnectionPatch, 'nickname'>;

/**
 * Connects a connector of the catalog, named by id or slug, with everything that is said of the connection and its
 * tools at once: where any of it is wrong there is no connection.
 */
export async function connectConfigured(
  ctx: ConnectionsCtx,
  input: Connecting,
  wish: Wish,
): Promise<Connection> {
  authorize(ctx.caller.principal, 'tools:write');
  const named = await createsWith(wish.problems, () => kindNamed(ctx, input.connector));
  const at = { ...input, connector: named.slug };
  return named.kind === 'mcp' ? connectListed(ctx, at, wish) : connectWhole(ctx, at, wish);
}

/** Its tools are the connector's, so all of it is one transaction. */
async function connectWhole(
  ctx: ConnectionsCtx,
  input: Connecting,
  { config, problems, ...patch }: Wish,
): Promise<Connection> {
  // Told beside what is found within, or beside what stops it before.
  let known = problems ?? [];
  const within: ConnectCatalogInput['within'] = (tx, connection) => {
    const wish = { ...patch, problems: known };
    known = [];
    return configureWithin(tx, ctx, connection, wish, null);
  };
  const whole = { ...input, config: config ?? {}, configPath: placeOf.config, credential: null, within };
  return createsWith(
    () => known,
    () => connectCatalog(ctx, whole),
  );
}

/**
 * Which tools a server has is known when it has been asked, and no transaction waits for that: what names tools is said
 * of them then, and where it is wrong the connection goes again.
 */
async function connectListed(ctx: ConnectionsCtx, input: Connecting, wish: Wish): Promise<Connection> {
  const { config, problems = [], account, actionFilter, defaults, inputs, descriptions, ...own } = wish;
  const signIn = asIfAbsent(account ?? {});
  let known = problems;
  const within: ConnectCatalogInput['within'] = (tx, connection) => {
    const said = { ...own, account: signIn, problems: known };
    known = [];
    return configureWithin(tx, ctx, connection, said, null);
  };
  const server = { ...input, config: config ?? {}, configPath: placeOf.config, account: signIn, within };
  const made = await createsWith(
    () => known,
    () => connectServer(ctx, server),
  );
  try {
    return await configureConnection(ctx, made.id, { actionFilter, defaults, inputs, descriptions });
  } catch (error) {
    await deleteConnection(ctx, made.id, { force: true });
    throw error;
  }
}

/** Null says of a new connection no more than nothing does. */
const asIfAbsent = ({ authMode, authConfig, ...rest }: AccountWish): AccountWish => ({
  ...rest,
  ...(authMode == null ? {} : { authMode }),
  ...(authConfig == null ? {} : { authConfig }),
});

type Known = ConnectionPatch['problems'];

/** Makes a connection, and tells what was known to be wrong beside what is found. */
async function createsWith<T>(known: Known | (() => Known), work: () => Promise<T>): Promise<T> {
  const gathering = createGathering();
  const made = await gathering.gather(work);
  if (made !== null) return made;
  throw invalid(...((typeof known === 'function' ? known() : known) ?? []), ...gathering.problems);
}

async function kindNamed(
  ctx: ConnectionsCtx,
  named: string,
): Promise<{ slug: string; kind: 'http' | 'mcp' }> {
  const { organizationId } = ctx.caller.principal;
  const found = await read(ctx, async (tx) => {
    const slug = await slugOfConnector(tx, ctx.catalog, organizationId, named);
    return slug === null ? undefined : (await findFaces(tx, ctx.catalog, organizationId, [slug])).get(slug);
  });
  if (found) return { slug: found.file.slug, kind: found.file.kind };
  throw invalid(
    bodyProblem('value_error', ['connector'], 'The catalog has no such connector.', { input: named }),
  );
}

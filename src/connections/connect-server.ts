import { authorize, change, resolveWorkspace } from '../access/index.ts';
import { fillAddress, findConnector, type AuthMethod, type ConnectorFile } from '../connectors/index.ts';
import { bodyProblem, invalid } from '../kernel/index.ts';
import { usualAccountPaths, type AccountWish } from './account/account-wish.ts';
import { chooseMethod } from './account/sign-in-choice.ts';
import { checkReachable, readAddress } from './address.ts';
import type { ConnectCatalogInput } from './connect-catalog.ts';
import type { Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { listAgain } from './consent/finalize-connection.ts';
import { placeConnection, saidOf } from './place-connection.ts';
import { keptValues, pathOfAddress, readConfiguration } from './server-address.ts';
import { credentialFieldNames, isByHand, usualMethod } from './sign-in.ts';

export type ConnectServerInput = Pick<
  ConnectCatalogInput,
  'connector' | 'workspace' | 'config' | 'configPath'
> & {
  nickname: string;
  /** How it is to sign in: said here, so that it is made with its method; placed by `within`. */
  account: AccountWish;
  within: NonNullable<ConnectCatalogInput['within']>;
};

/**
 * Connects a connector whose tools are its server's, with what is said of it, in one transaction; then asks the server
 * for its tools, where nothing is missing to sign in with. One that does not answer leaves a connection whose
 * `toolsStatus` is `error`.
 */
export async function connectServer(ctx: ConnectionsCtx, input: ConnectServerInput): Promise<Connection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const { organizationId } = principal;
  const entry = await ctx.database.transaction({ organizationId }, (tx) =>
    findConnector(tx, ctx.catalog, organizationId, input.connector),
  );
  if (entry?.file.kind !== 'mcp') {
    throw invalid(bodyProblem('value_error', ['connector'], 'No server of this slug can be connected so.'));
  }
  const { file } = entry;
  const path = input.configPath ?? ['config'];
  const { problems, values } = readConfiguration(file, input.config ?? {}, path);
  if (problems.length > 0) throw invalid(...problems);
  const { address, query } = readAddress(fillAddress(file, values, path), pathOfAddress(file, path));
  await checkReachable(ctx.egress, address, null, pathOfAddress(file, path));
  const auth = methodFor(file, input.account);
  const workspace = await resolveWorkspace(ctx, input.workspace ?? null);
  const placed = await change(ctx, 'connection.created', async (tx) => {
    const connection = await placeConnection(tx, ctx, {
      workspaceId: workspace.id,
      kind: 'mcp',
      connectorSlug: file.slug,
      connectorVersion: 1,
      nickname: input.nickname,
      address,
      config: keptValues(file, values),
      auth,
      localOrigin: null,
      query,
      credential: null,
      metadata: { transport: 'streamable_http' },
    });
    const configured = await input.within(tx, connection);
    return {
      result: configured.connection,
      target: { type: 'connection', id: connection.id },
      changes: { ...saidOf(connection), ...configured.changes },
    };
  });
  return askServer(ctx, placed);
}

/** Has a server's tools listed as it is signed in to now; without what it takes nobody is asked. */
export async function askServer(ctx: ConnectionsCtx, connection: Connection): Promise<Connection> {
  if (connection.kind !== 'mcp' || connection.status !== 'connected') return connection;
  return listAgain(ctx, connection);
}

/** As it is wished; where nothing is said, by what is given; with nothing given a server is taken to be open. */
function methodFor(file: ConnectorFile, wish: AccountWish): AuthMethod {
  const { authMode, authConfig, credentialRefs, connectionCredentials } = wish;
  const open = file.auth.find(({ type }) => type === 'none') ?? usualMethod(file.auth);
  if (authMode !== undefined || authConfig !== undefined) {
    return chooseMethod(file.auth, open, wish, usualAccountPaths);
  }
  if (connectionCredentials) return file.auth.find(({ type }) => type === 'mcp_oauth') ?? open;
  const fields = Object.keys(credentialRefs ?? {});
  const fitting = file.auth.filter(
    (method) => isByHand(method) && fields.every((field) => credentialFieldNames(method).includes(field)),
  );
  return (fields.length > 0 ? fitting[0] : undefined) ?? open;
}

import { authorize, change, holdSlugs, resolveWorkspace } from '../access/index.ts';
import {
  checkConfiguration,
  fillAddress,
  findConnector,
  type AuthMethod,
  type CatalogEntry,
  type ConnectorFile,
} from '../connectors/index.ts';
import { bodyProblem, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { checkReachable, readAddress } from './address.ts';
import { connectAsClient } from './clients/connect-as-client.ts';
import type { Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { checkTakesClient, givenAt, keepGivenClient, type GivenClient } from './clients/given-client.ts';
import { placeConnection, saidOf } from './place-connection.ts';
import { checkCredentialFields, usualMethod, type CredentialFields } from './sign-in.ts';
import { methodWithApp } from './consent/sign-in-at.ts';
import { findConnection, updateConnectionRow } from './store.ts';

export type ConnectCatalogInput = {
  connector: string;
  nickname?: string;
  workspace?: string | null;
  config?: Readonly<Record<string, unknown>>;
  /** Where in the request the configuration stands, for error places. */
  configPath?: JsonPath;
  /** One of the connector's sign-in methods by type; the first that a key given by hand can serve, unless said. */
  method?: AuthMethod['type'];
  credential: CredentialFields | null;
  /** What was registered at the service for this connection alone; the organization's app serves where none is given. */
  client?: GivenClient | null;
  /** OAuth with the organization's app, where it has one, before what `usualMethod` says. */
  prefersApp?: boolean;
  /** What else is said of it, in the transaction that makes it: where that fails there is no connection. */
  within?: (tx: Tx, connection: Connection) => Promise<Configured>;
};

/** A connection as it was configured, and what the audit says of that; null: nothing. */
export type Configured = { connection: Connection; changes: Record<string, unknown> | null };

/** Connects a connector of the catalog. Its tools are the file's, so nothing is asked of the service yet. */
export async function connectCatalog(ctx: ConnectionsCtx, input: ConnectCatalogInput): Promise<Connection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const { organizationId } = principal;
  const { entry, offered } = await ctx.database.transaction({ organizationId }, async (tx) => {
    const found = await findConnector(tx, ctx.catalog, organizationId, input.connector);
    const method =
      found && input.prefersApp ? await methodWithApp(tx, organizationId, found.file) : undefined;
    return { entry: found, offered: method };
  });
  if (!entry) {
    throw invalid(
      bodyProblem('value_error', ['connector'], 'No connector of this slug can be connected so.'),
    );
  }
  if (entry.file.kind !== 'http') {
    const message = 'A server is connected by its address: POST /v1/connections with kind mcp.';
    throw invalid(bodyProblem('value_error', ['connector'], message));
  }
  const auth = input.method === undefined && offered ? offered : methodOf(entry, input.method);
  if (input.credential) checkCredentialFields(auth, input.credential, ['credential']);
  if (input.client) checkTakesClient(auth, ['client']);
  const path = input.configPath ?? ['config'];
  const { problems, values: config } = checkConfiguration(entry.file.config, input.config ?? {}, path);
  if (problems.length > 0) throw invalid(...problems);
  const base = readAddress(fillAddress(entry.file, config, path), path);
  await checkReachable(ctx.egress, base.address, null, path);
  const workspace = await resolveWorkspace(ctx, input.workspace ?? null);
  const placed = await change(ctx, 'connection.created', async (tx) => {
    const connection = await placeCatalogConnection(tx, ctx, entry, {
      workspaceId: workspace.id,
      nickname: input.nickname ?? entry.file.name,
      address: base.address,
      config,
      auth,
      credential: input.credential,
      isDefault: false,
    });
    if (input.client) {
      await keepGivenClient(tx, ctx, connection, input.client, givenAt(auth, { file: entry.file, config }));
    }
    const configured = input.within && (await input.within(tx, connection));
    return {
      result: configured?.connection ?? connection,
      target: { type: 'connection', id: connection.id },
      changes: { ...saidOf(connection), ...configured?.changes },
    };
  });
  return placed.status === 'connected' ? placed : (await connectAsClient(ctx, placed)).connection;
}

function methodOf(entry: CatalogEntry, type: AuthMethod['type'] | undefined): AuthMethod {
  if (type === undefined) return usualMethod(entry.file.auth);
  const method = entry.file.auth.find((candidate) => candidate.type === type);
  if (method) return method;
  throw invalid(bodyProblem('value_error', ['method'], 'The connector has no such sign-in method.'));
}

async function placeCatalogConnection(
  tx: Tx,
  ctx: ConnectionsCtx,
  entry: CatalogEntry,
  input: {
    workspaceId: string;
    nickname: string;
    address: string;
    config: Readonly<Record<string, unknown>>;
    auth: AuthMethod;
    credential: CredentialFields | null;
    isDefault: boolean;
  },
): Promise<Connection> {
  const placed = await placeConnection(tx, ctx, {
    workspaceId: input.workspaceId,
    kind: 'catalog',
    connectorSlug: entry.file.slug,
    connectorVersion: entry.file.version,
    nickname: input.nickname,
    address: input.address,
    config: input.config,
    auth: input.auth,
    localOrigin: null,
    credential: input.credential,
    metadata: input.isDefault ? { default: true } : {},
  });
  await ctx.connectionHooks.onListed(tx, ctx.clock, placed, {
    definitions: entry.file.tools,
    first: true,
    enable: true,
  });
  return updateConnectionRow(tx, placed.organizationId, placed.id, {
    tools_status: 'synced',
    tools_synced_at: ctx.clock.now(),
  });
}

/**
 * The connection a pack means by a catalog connector's slug: made on first use, in the workspace `default`,
 * inside the pack's transaction. Null where no connector has that slug, or it cannot be connected without
 * being told more (an address, a server).
 */
export async function defaultConnection(
  tx: Tx,
  ctx: ConnectionsCtx,
  slug: string,
  workspaceId: string,
): Promise<Connection | null> {
  const { organizationId } = ctx.caller.principal;
  // Packs that name it at the same moment take turns: the second finds what the first has made.
  await holdSlugs(tx, organizationId);
  const existing = await findConnection(tx, organizationId, { defaultOf: slug });
  if (existing) return existing;
  const entry = await findConnector(tx, ctx.catalog, organizationId, slug);
  if (!entry || !connectsUntold(entry.file)) return null;
  return placeCatalogConnection(tx, ctx, entry, {
    workspaceId,
    nickname: slug,
    address: readAddress(fillAddress(entry.file, {}), ['slug']).address,
    config: {},
    auth: usualMethod(entry.file.auth),
    credential: null,
    isDefault: true,
  });
}

/** Whether a connector can be connected without being told anything: no server to name, no setting without a default. */
export const connectsUntold = (file: Pick<ConnectorFile, 'kind' | 'config'>): boolean =>
  file.kind === 'http' && !file.config.some((field) => field.required && field.default === undefined);

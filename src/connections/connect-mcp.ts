import { authorize, change, resolveWorkspace } from '../access/index.ts';
import { bodyProblem, invalid } from '../kernel/index.ts';
import type { AuthMethod } from '../connectors/index.ts';
import { admitLocal, checkHeaders, checkReachable, readAddress } from './address.ts';
import type { Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { keepGivenClient, prepareOAuth, type OAuthPaths, type OAuthWish } from './clients/given-client.ts';
import { placeConnection, saidOf } from './place-connection.ts';
import { readListing } from './read-listing.ts';
import { recordListing } from './record-listing.ts';
import { checkCredentialFields, type CredentialFields } from './sign-in.ts';

export type ConnectMcpInput = {
  nickname: string;
  workspace?: string | null;
  /** The server's address, or null for a stdio server. */
  serverUrl: string | null;
  /** Name of a server in the operator's servers.json; only from there are processes started. */
  stdioServer?: string | null;
  auth: AuthMethod;
  credential: CredentialFields | null;
  headers?: Readonly<Record<string, string>>;
  local?: boolean;
  /** For `auth` of type mcp_oauth: what the server does not say itself. */
  oauth?: OAuthWish;
  /** Where in the body the fields stand, for error places. */
  paths?: { serverUrl?: string; credential?: readonly string[]; oauth?: OAuthPaths };
};

/**
 * Connects an MCP server: checks the address, writes the connection, then asks for its tools. A server that
 * does not answer leaves a connection whose `toolsStatus` is `error`; the next sync may mend it. One that signs in
 * with OAuth is `pending` until somebody has followed a link to it (connection-link.ts), and asked for its tools then.
 */
export async function connectMcp(ctx: ConnectionsCtx, input: ConnectMcpInput): Promise<Connection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const place = await placeOf(ctx, input);
  if (input.credential) checkCredentialFields(input.auth, input.credential, input.paths?.credential ?? []);
  checkHeaders(input.headers ?? {}, ['headers']);
  const oauth =
    input.auth.type === 'mcp_oauth' && !input.credential
      ? await prepareOAuth(ctx, place, input.oauth ?? {}, input.paths?.oauth)
      : null;
  const workspace = await resolveWorkspace(ctx, input.workspace ?? null);
  const placed = await change(ctx, 'connection.created', async (tx) => {
    const connection = await placeConnection(tx, ctx, {
      workspaceId: workspace.id,
      kind: place.kind,
      connectorSlug: 'custom_mcp',
      connectorVersion: 1,
      nickname: input.nickname,
      address: place.address,
      auth: oauth?.method ?? input.auth,
      localOrigin: place.localOrigin,
      query: place.query,
      headers: input.headers,
      credential: input.credential,
      metadata: {
        transport: place.kind === 'stdio' ? 'stdio' : 'streamable_http',
        ...(oauth ? { oauth_scopes: oauth.scopes } : {}),
      },
    });
    if (oauth && input.oauth?.client) await keepGivenClient(tx, ctx, connection, input.oauth.client, oauth);
    return {
      result: connection,
      target: { type: 'connection', id: connection.id },
      changes: saidOf(connection),
    };
  });
  if (oauth) return placed;
  return (await recordListing(ctx, placed.id, await readListing(ctx, placed))).connection;
}

/** Where the server is, checked: its address admitted, or its name known. */
export async function placeOf(
  ctx: ConnectionsCtx,
  input: ConnectMcpInput,
): Promise<{
  kind: 'mcp' | 'stdio';
  address: string;
  localOrigin: string | null;
  query: Record<string, string>;
}> {
  if (input.stdioServer) {
    if (!ctx.stdioServers.includes(input.stdioServer)) {
      const message = 'No server of this name is in servers.json of the data directory.';
      throw invalid(bodyProblem('value_error', ['stdio_server'], message));
    }
    refuseBesides(input);
    return { kind: 'stdio', address: input.stdioServer, localOrigin: null, query: {} };
  }
  const path = [input.paths?.serverUrl ?? 'server_url'];
  const { address, origin, query } = readAddress(input.serverUrl ?? '', path);
  const localOrigin = admitLocal(input.local ?? false, origin, {
    principal: ctx.caller.principal,
    isLaptop: ctx.isLaptop,
  });
  await checkReachable(ctx.egress, address, localOrigin, path);
  return { kind: 'mcp', address, localOrigin, query: { ...query } };
}

/** A server over stdio has no address and no header, and its secrets are in the operator's own file. */
function refuseBesides(input: ConnectMcpInput): void {
  const given = {
    [input.paths?.serverUrl ?? 'server_url']: input.serverUrl !== null,
    auth: input.auth.type !== 'none',
    headers: Object.keys(input.headers ?? {}).length > 0,
    local: input.local ?? false,
  };
  const problems = Object.entries(given)
    .filter(([, isGiven]) => isGiven)
    .map(([field]) => bodyProblem('value_error', [field], 'This cannot be given beside stdio_server.'));
  if (problems.length > 0) throw invalid(...problems);
}

import { authorize } from '../../access/index.ts';
import { admitLocal, checkReachable, readAddress } from '../address.ts';
import type { ConnectionsCtx } from '../ctx.ts';

/** What an MCP server says about signing in to it. */
export type McpSignIn = {
  /** Clients may register themselves there (RFC 7591). */
  supportsDcr: boolean;
  /** A client id may be the address of a metadata document. */
  supportsCimd: boolean;
  authorizeUrl: string | null;
  tokenUrl: string | null;
  scopes: readonly string[];
};

/** Asks an MCP server how to sign in to it; nothing is created. Fault `upstream` code `oauth_undiscovered` where it says nothing usable. */
export async function discoverMcp(
  ctx: ConnectionsCtx,
  input: { serverUrl: string; local?: boolean; path?: string },
): Promise<McpSignIn> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const path = [input.path ?? 'server_url'];
  const { address, origin } = readAddress(input.serverUrl, path);
  const localOrigin = admitLocal(input.local ?? false, origin, { principal, isLaptop: ctx.isLaptop });
  await checkReachable(ctx.egress, address, localOrigin, path);
  const { server, takesRegistration, scopes } = await ctx.drivers.oauth.discover(address, { localOrigin });
  return {
    supportsDcr: takesRegistration,
    supportsCimd: server.takesMetadataDocument,
    authorizeUrl: server.authorizationUrl,
    tokenUrl: server.tokenUrl,
    scopes,
  };
}

import { authorize, mayUseWorkspace, read } from '../../access/index.ts';
import { Fault, notFound } from '../../kernel/index.ts';
import { connectCatalog, type ConnectCatalogInput } from '../connect-catalog.ts';
import { connectMcp, type ConnectMcpInput } from '../connect-mcp.ts';
import type { Connection } from '../connection.ts';
import { assertSpeaksForAll } from '../credentials.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { issueLink, type IssuedLink } from './issue-link.ts';
import { findConnection } from '../store.ts';

export type LinkInput = { callbackUrl?: string | null; state?: string | null };

/**
 * A link by which a person connects the organization's own account of a connection, the first or another one. Fault
 * `conflict` code `nothing_to_connect` where there is nothing to sign in with.
 */
export async function connectionLink(
  ctx: ConnectionsCtx,
  connectionId: string,
  input: LinkInput = {},
): Promise<IssuedLink> {
  const { principal } = ctx.caller;
  authorize(principal, 'credentials:write');
  assertSpeaksForAll(principal);
  const connection = await read(ctx, (tx) =>
    findConnection(tx, principal.organizationId, { id: connectionId }),
  );
  if (!connection || !mayUseWorkspace(principal, connection.workspaceId)) throw notFound();
  return linkForAll(ctx, connection, input);
}

/** The same for a connection the caller may change; authorized by the command that asks. */
export function linkForAll(
  ctx: ConnectionsCtx,
  connection: Connection,
  input: LinkInput,
): Promise<IssuedLink> {
  if (connection.kind === 'stdio' || connection.auth.type === 'none') {
    throw new Fault('conflict', 'This connection has nothing to sign in with.', {
      code: 'nothing_to_connect',
    });
  }
  const { principal, requestId } = ctx.caller;
  const wish = {
    connectionId: connection.id,
    owner: { type: 'organization' as const, id: principal.organizationId },
    userId: null,
    packId: null,
    authScope: null,
    callbackUrl: input.callbackUrl ?? null,
    state: input.state ?? null,
  };
  return issueLink(ctx, principal, wish, requestId);
}

/**
 * Makes a connection of a catalog connector and the link that connects it. Where it has an OAuth app of the
 * organization, that is how it signs in unless `method` says otherwise. `link` is null where nothing is to sign in with.
 */
export async function startConnect(
  ctx: ConnectionsCtx,
  input: Omit<ConnectCatalogInput, 'credential'> & LinkInput,
): Promise<{ connection: Connection; link: IssuedLink | null }> {
  authorize(ctx.caller.principal, 'tools:write');
  const { callbackUrl, state, ...wish } = input;
  const connection = await connectCatalog(ctx, { ...wish, credential: null, prefersApp: true });
  const link =
    connection.status === 'connected' ? null : await linkForAll(ctx, connection, { callbackUrl, state });
  return { connection, link };
}

/** The same for an MCP server: `link` is null where it is connected at once, or did not answer. */
export async function startMcp(
  ctx: ConnectionsCtx,
  input: ConnectMcpInput,
): Promise<{ connection: Connection; link: IssuedLink | null }> {
  authorize(ctx.caller.principal, 'tools:write');
  const connection = await connectMcp(ctx, input);
  const link = connection.status === 'pending' ? await linkForAll(ctx, connection, {}) : null;
  return { connection, link };
}

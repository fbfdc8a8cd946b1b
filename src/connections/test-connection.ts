import { authorize, read } from '../access/index.ts';
import { appendAudit } from '../journal/index.ts';
import { Fault } from '../kernel/index.ts';
import type { CredentialRef, Reply } from '../drivers/index.ts';
import type { Identity } from '../vault/index.ts';
import { needsNoCredential, targetOf, type Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { getConnection } from './get-connection.ts';
import { askedBy, askIdentity, readIdentity, type Asking } from './consent/identify-account.ts';
import { credentialFor, readListing } from './read-listing.ts';
import { signInAt } from './consent/sign-in-at.ts';

type Found = { ok: boolean; message: string; account: Identity | null };

/** Whether a connection works now, for a person to read. A service that refuses is an answer, not a failure. */
export type TestedConnection = Found & { latencyMs: number };

const patience = 20_000;

/**
 * Tries a connection as the organization: an MCP server is listed, a service is asked whose account it is. What it
 * signs in with is refreshed and marked as in a call. Nothing else changes; the audit says that it was tried.
 * `instead`: an address and a configuration to try in place of the saved ones.
 */
export async function testConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
  instead: Partial<Pick<Connection, 'address' | 'config'>> = {},
): Promise<TestedConnection> {
  const { principal, requestId } = ctx.caller;
  authorize(principal, 'tools:write');
  const connection = { ...(await getConnection(ctx, connectionId)), ...instead };
  const begun = performance.now();
  const found = await tryOut(ctx, connection);
  const latencyMs = Math.round(performance.now() - begun);
  const { organizationId } = principal;
  await ctx.database.transaction({ organizationId }, (tx) =>
    appendAudit(tx, ctx.clock, organizationId, {
      actor: { type: principal.type, id: principal.id },
      action: 'connection.tested',
      target: { type: 'connection', id: connection.id },
      outcome: found.ok ? 'allowed' : 'failed',
      reason: found.ok ? null : found.message,
      requestId,
      changes: { connection: connection.slug, account: found.account?.label ?? null },
    }),
  );
  return { ...found, latencyMs };
}

async function tryOut(ctx: ConnectionsCtx, connection: Connection): Promise<Found> {
  const owner = { type: 'organization' as const, id: connection.organizationId };
  const credential = await credentialFor(ctx, connection, owner);
  if (!credential && !needsNoCredential(connection) && connection.kind !== 'stdio') {
    return failed(connection.statusReason ?? 'No account of the organization is connected yet.');
  }
  if (connection.kind === 'mcp' || connection.kind === 'stdio') {
    const listing = await readListing(ctx, connection);
    return listing.ok ? worked(listed(listing.definitions.length)) : failed(listing.reason);
  }
  const { file } = await read(ctx, (tx) => signInAt(tx, ctx, connection));
  const asking = askedBy(file);
  try {
    return asking ? await identify(ctx, connection, credential, asking) : await reach(ctx, connection);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'upstream') throw error;
    return failed(error.message);
  }
}

async function identify(
  ctx: ConnectionsCtx,
  connection: Connection,
  credential: CredentialRef | null,
  asking: Asking,
): Promise<Found> {
  const target = targetOf(connection);
  if (!credential) return readAccount(await askIdentity(ctx.drivers, { target, credential }, asking), asking);
  const ready = await ctx.keeper.ready(credential);
  if (!ready.ok) return failed(ready.message);
  const reply = await askIdentity(ctx.drivers, { target, credential: ready.ref }, asking);
  if (!reply.isError || reply.status !== 401) return readAccount(reply, asking);
  const again = await ctx.keeper.refused(ready.ref, reply.refusal?.error ?? null);
  if (!again.ok) return failed(again.message);
  return readAccount(await askIdentity(ctx.drivers, { target, credential: again.ref }, asking), asking);
}

function readAccount(reply: Reply, { identity }: Asking): Found {
  if (reply.isError) return failed(`The service answered ${reply.status ?? 'with an error'}.`);
  const identified = readIdentity(identity, reply);
  if (identified.kind !== 'known') return failed('The service answered, but as nobody in particular.');
  const { account } = identified;
  return { ok: true, message: `The service knows it as ${account.label}.`, account };
}

/** Without a way to ask whose account it is, all that can be tried is whether somebody answers there. */
async function reach(ctx: ConnectionsCtx, connection: Connection): Promise<Found> {
  const { body } = await ctx.egress.request({
    method: 'GET',
    url: connection.address,
    headers: {},
    signal: AbortSignal.timeout(patience),
    localOrigin: connection.localOrigin,
    follow: false,
  });
  body.destroy();
  const isSignedIn = !needsNoCredential(connection);
  const untried =
    'Its connector names no way to ask whose account it is, so what it signs in with was not tried.';
  return worked(isSignedIn ? `The service answers. ${untried}` : 'The service answers.');
}

const listed = (count: number): string => `It lists ${count} ${count === 1 ? 'tool' : 'tools'}.`;
const worked = (message: string): Found => ({ ok: true, message, account: null });
const failed = (message: string): Found => ({ ok: false, message, account: null });

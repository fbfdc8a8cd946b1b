import { read, type Ctx } from '../../access/index.ts';
import { openArguments, viewBytes, viewContext } from '../../gateway/index.ts';
import { Fault } from '../../kernel/index.ts';
import { lastCalls, type LastCall } from '../../journal/index.ts';
import type { Vault } from '../../vault/index.ts';
import type { KeptCall } from './replay.ts';
import type { Touched } from './state.ts';

const days = 7;
/** Calls of one connection, and of all of them together. */
const atMost = 500;
const inAll = 2_000;

/** The last calls of these connections that this caller may know of, with what was kept of them. */
export async function readLastCalls(
  ctx: Ctx & { vault: Vault },
  connectionIds: readonly string[],
  touched: Touched,
): Promise<readonly KeptCall[]> {
  const { organizationId, packIds, userIds, workspaceIds } = ctx.caller.principal;
  const calls = await read(ctx, (tx) =>
    lastCalls(tx, organizationId, connectionIds, {
      since: new Date(ctx.clock.now().getTime() - days * 86_400_000),
      limit: Math.min(atMost, Math.ceil(inAll / Math.max(connectionIds.length, 1))),
      within: { packIds, userIds, workspaceIds },
      // An agent's own pack has its id.
      ...('packId' in touched ? { packId: touched.packId } : {}),
      ...('agentId' in touched ? { packId: touched.agentId } : {}),
    }),
  );
  return Promise.all(calls.map((call) => open(ctx.vault, organizationId, call)));
}

async function open(vault: Vault, organizationId: string, call: LastCall): Promise<KeptCall> {
  const { callId, packId, tool, registeredUserId, outcome, reason } = call;
  const isWhole = call.bytesServed !== null && call.bytesServed <= viewBytes;
  const view =
    call.view && isWhole ? await opened(vault.open(organizationId, viewContext(callId), call.view)) : null;
  return {
    callId,
    packId,
    tool,
    registeredUserId,
    wasLetThrough: outcome === 'ok',
    sent: call.arguments && (await opened(openArguments(vault, organizationId, callId, call.arguments))),
    reply: { outcome, reason, view: view && view.toString('utf8') },
  };
}

/** What cannot be read is not known, as what was not kept; the change itself does not hang on it. */
async function opened<T>(opening: Promise<T>): Promise<T | null> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof Fault && error.code === 'credential_unreadable') return null;
    throw error;
  }
}

import { authorize, change } from '../access/index.ts';
import { updateConnectionRow, type Connection, type ConnectionsCtx } from '../connections/index.ts';
import { bodyProblem, Fault, invalid, type Json, type Tx } from '../kernel/index.ts';
import { acceptHeld, heldChange, toolsOfConnections, type HeldChange, type Tool } from '../tools/index.ts';
import { releaseAccepted } from './release-accepted.ts';
import { requireConnection } from './revision-state.ts';
import { sealSecrets } from './seal-secrets.ts';
import { nextVersion, noteCurrentVersion, recordVersion } from './take-listing.ts';

/** One change that was accepted: the tool as it is now, and what was held of it. */
export type AcceptedChange = { tool: Tool; change: HeldChange };
export type Accepted = {
  connection: Connection;
  version: number;
  accepted: readonly AcceptedChange[];
};

/**
 * Accepts what is held of a connection's tools, all of it or of these tools: a new version of its own. Rules and maps
 * that no longer suit what was accepted stay, and are told. Nothing held: nothing changes. Fault `conflict` for a
 * catalog connection, which moves whole, and where another change is held than those of `digests`; `invalid` at
 * `tool_ids` for a tool it does not have.
 */
export async function acceptChanges(
  ctx: ConnectionsCtx,
  connectionId: string,
  {
    toolIds = null,
    digests = null,
  }: { toolIds?: readonly string[] | null; digests?: readonly string[] | null } = {},
): Promise<Accepted> {
  authorize(ctx.caller.principal, 'tools:write');
  return change(ctx, 'connection.accepted', async (tx) => {
    const before = await requireConnection(tx, ctx, connectionId, true);
    if (before.kind === 'catalog') throw upgradesWhole();
    const tools = await toolsOfConnections(tx, before.organizationId, [connectionId], true);
    const chosen = toolIds === null ? tools : chooseTools(tools, toolIds);
    if (digests) assertLookedAt(chosen, new Set(digests));
    const target = { type: 'connection', id: connectionId };
    const result = await acceptTools(tx, ctx, before, chosen);
    return { result, target, changes: result.accepted.length === 0 ? null : saidOfAccepted(before, result) };
  });
}

/** The same for tools that are held, in the caller's transaction, which holds the connection and its tools. */
export async function acceptTools(
  tx: Tx,
  ctx: ConnectionsCtx,
  before: Connection,
  tools: readonly Tool[],
): Promise<Accepted> {
  const { clock } = ctx;
  const held = tools.flatMap((tool) => {
    const found = heldChange(tool);
    return found ? [{ tool, change: found }] : [];
  });
  if (held.length === 0) return { connection: before, version: before.connectorVersion ?? 1, accepted: [] };
  await noteCurrentVersion(tx, clock, before);
  const after = await acceptHeld(
    tx,
    clock,
    held.map(({ tool }) => tool),
  );
  const accepted = held.map((one, index) => ({ tool: after[index]!, change: one.change }));
  const version = await nextVersion(tx, before);
  const moved = await updateConnectionRow(tx, before.organizationId, before.id, {
    connector_version: version,
    updated_at: clock.now(),
  });
  const connection = await sealSecrets(tx, ctx, moved);
  const changelog = changelogOf(accepted);
  await recordVersion(tx, clock, connection, { version, changelog });
  if (connection.kind === 'openapi') await releaseAccepted(tx, ctx, connection, { version, changelog });
  return { connection, version, accepted };
}

function chooseTools(tools: readonly Tool[], toolIds: readonly string[]): readonly Tool[] {
  const wanted = new Set(toolIds);
  const known = new Set(tools.map(({ id }) => id));
  const problems = toolIds.flatMap((id, index) =>
    known.has(id)
      ? []
      : [bodyProblem('unknown_tool', ['tool_ids', index], 'The connection has no such tool.')],
  );
  if (problems.length > 0) throw invalid(...problems);
  return tools.filter(({ id }) => wanted.has(id));
}

/** A service may say something else between the look and the yes. */
function assertLookedAt(tools: readonly Tool[], digests: ReadonlySet<string>): void {
  const others = tools.filter((tool) => {
    const held = heldChange(tool);
    return held !== null && !digests.has(held.digest);
  });
  if (others.length === 0) return;
  const named = others.slice(0, 10).map(({ slug }) => slug);
  throw new Fault('conflict', `What is held is not what was looked at: ${named.join(', ')}.`, {
    code: 'held_changed',
  });
}

const kinds = ['changed', 'added', 'removed'] as const;

/** One line: how many tools were changed, added and removed by it. */
export function changelogOf(accepted: readonly AcceptedChange[]): string {
  const counts = kinds.flatMap((kind) => {
    const count = accepted.filter(({ change: { kind: one } }) => one === kind).length;
    return count > 0 ? [`${count} ${kind}`] : [];
  });
  return `Accepted: ${counts.join(', ')}.`;
}

/** Audit rows are kept for ever: of a change of a thousand tools they hold the first differences, and of a long value its beginning. */
const differencesAtMost = 200;
const longestValue = 1_000;

function shortened(value: Json | undefined): Json {
  const json = JSON.stringify(value ?? null);
  return json.length > longestValue ? `${json.slice(0, longestValue).toWellFormed()}…` : (value ?? null);
}

export function saidOfAccepted(before: Connection, { version, accepted }: Accepted): Record<string, unknown> {
  let left = differencesAtMost;
  const tools = accepted.map(({ tool, change: { kind, class: of, diff } }) => {
    const shown = diff.slice(0, left).map(({ before: was, after: is, ...one }) => ({
      ...one,
      before: shortened(was),
      after: shortened(is),
    }));
    left -= shown.length;
    return {
      slug: tool.slug,
      kind,
      class: of,
      diff: shown,
      ...(shown.length < diff.length ? { cut: true } : {}),
    };
  });
  return { version: { from: before.connectorVersion, to: version }, tools };
}

const upgradesWhole = (): Fault =>
  new Fault('conflict', 'A connection of the catalog moves whole, from version to version: upgrade it.', {
    code: 'upgrades_whole',
  });

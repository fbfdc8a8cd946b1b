import {
  canonicalJson,
  takingTurns,
  unstorablePath,
  type Clock,
  type Json,
  type Tx,
} from '../kernel/index.ts';
import type { Definition } from '../connectors/index.ts';
import type { Connection, HeldTool, SyncResult } from '../connections/index.ts';
import { forgetUnaccepted } from './forget-unaccepted.ts';
import { heldKind } from './held-change.ts';
import { insertFresh } from './insert-fresh.ts';
import { layListed, layMissing, type Outcome } from './lay-listed.ts';
import { layRows } from './held-store.ts';
import { markSeen, toolsOfConnections } from './store.ts';
import type { Tool } from './tool.ts';

/**
 * Lays what a service lists over what is known. What is said otherwise than was accepted is held, unless the
 * connection's policy accepts it; curation stays. Tools of the first listing are accepted, and enabled if `enable` says
 * so; later ones arrive disabled and held. A tool no longer listed is refused from now on; an empty list removes
 * nothing. What the connection's author added is left alone.
 */
export async function applyListing(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  listing: { definitions: readonly Definition[]; first: boolean; enable: boolean },
): Promise<SyncResult> {
  const { organizationId, driftPolicy } = connection;
  const now = clock.now();
  const before = await toolsOfConnections(tx, organizationId, [connection.id], true);
  const known = new Map(before.map((tool) => [tool.path, tool]));
  const listed = listing.definitions
    .flatMap(storable)
    .filter(({ path }) => known.get(path)?.source !== 'author');
  const paths = new Set(listed.map(({ path }) => path));
  const seen = listed.filter(({ path }) => known.has(path));
  const outcomes = new Map<Tool, Outcome>();
  const turn = takingTurns();
  for (const definition of seen) {
    const tool = known.get(definition.path)!;
    await turn();
    outcomes.set(tool, layListed(tool, { ...definition, name: tool.name }, driftPolicy, now));
  }
  for (const tool of before) {
    await turn();
    // One empty answer is a service that is not itself rather than one that has nothing left.
    if (listed.length === 0 || tool.source === 'author' || paths.has(tool.path)) continue;
    outcomes.set(tool, layMissing(tool, driftPolicy, now));
  }
  await layDown(tx, organizationId, outcomes, now);
  await markSeen(tx, organizationId, connection.id, [...paths], now);

  const fresh = listed.filter(({ path }) => !known.has(path));
  const names = await insertFresh(tx, connection, fresh, { ...listing, before, now });
  const named = (became: Outcome['became']): string[] =>
    [...outcomes].filter(([, outcome]) => outcome.became === became).map(([tool]) => tool.name);
  const changed = named('changed');
  const back = named('added');
  const followed = fresh.length > 0 && (listing.first || driftPolicy === 'follow');
  return {
    added: [...names, ...back],
    changed,
    removed: named('removed'),
    unchanged: seen.length - changed.length - back.length,
    ...(await whatIsHeld(tx, connection, { before, outcomes, turn })),
    moved: followed || [...outcomes.values()].some(({ moved }) => moved),
  };
}

/**
 * Writes what moved. `updated_at` says that what is served moved: what is only held, or gone for now, leaves it alone,
 * and so a yes given for a call stays good.
 */
async function layDown(
  tx: Tx,
  organizationId: string,
  outcomes: ReadonlyMap<Tool, Outcome>,
  now: Date,
): Promise<void> {
  const moved = [...outcomes].filter(([, { laid }]) => Object.keys(laid).length > 0);
  const rows = moved.map(([tool, { laid }]) => ({
    tool_id: tool.id,
    definition: laid.definition ?? null,
    updated_at: laid.definition ? now : null,
    newest: laid.newest === undefined ? tool.newest : laid.newest,
    accepted_at: laid.acceptedAt === undefined ? tool.acceptedAt : laid.acceptedAt,
    held_since: laid.heldSince === undefined ? tool.heldSince : laid.heldSince,
    vanished_at: laid.vanishedAt === undefined ? tool.vanishedAt : laid.vanishedAt,
    is_enabled: laid.isEnabled ?? tool.curation.isEnabled,
  }));
  await layRows(tx, organizationId, rows);
}

/** What waits for a person now, and what of that did not before, or in another form. */
async function whatIsHeld(
  tx: Tx,
  connection: Connection,
  {
    before,
    outcomes,
    turn,
  }: {
    before: readonly Tool[];
    outcomes: ReadonlyMap<Tool, Outcome>;
    turn: () => Promise<void>;
  },
): Promise<Pick<SyncResult, 'held' | 'newlyHeld'>> {
  const known = new Map(before.map((tool) => [tool.id, tool]));
  const held: HeldTool[] = [];
  const newlyHeld: HeldTool[] = [];
  const after = await toolsOfConnections(tx, connection.organizationId, [connection.id]);
  await forgetUnaccepted(tx, connection, after);
  for (const tool of after) {
    await turn();
    const change = heldKind(tool);
    if (!change) continue;
    const one = { toolId: tool.id, slug: tool.slug, ...change };
    held.push(one);
    const was = known.get(tool.id);
    const isAsItWas = was && Object.keys(outcomes.get(was)?.laid ?? {}).length === 0;
    if (isAsItWas) continue;
    const isKnown = was && heldKind(was)?.kind === change.kind && lastSaid(was) === lastSaid(tool);
    if (!isKnown) newlyHeld.push(one);
  }
  return { held, newlyHeld };
}

const lastSaid = (tool: Tool): string => canonicalJson(tool.newest ?? tool.accepted);

/** Bytes of a service's own name for a tool: an index holds no more, and one such would keep back all the others. */
const longestPath = 2_000;

/**
 * A definition as the database can hold it: one with a NUL or half a character in its schemas is put aside
 * alone; one whose very name holds such, or is too long to be held, cannot be called by it, and is left out.
 */
function storable(definition: Definition): Definition[] {
  if (Buffer.byteLength(definition.path) > longestPath) return [];
  if (unstorablePath(definition as unknown as Json) === null) return [definition];
  if (unstorablePath([definition.path, definition.name]) !== null) return [];
  const { path, name, effect, confirm, idempotent } = definition;
  const quarantine = 'It holds characters that cannot be stored.';
  const { binding } = definition;
  return [
    {
      path,
      name,
      title: null,
      description: null,
      inputSchema: { type: 'object' },
      outputSchema: null,
      effect,
      confirm,
      idempotent,
      binding: unstorablePath(binding as unknown as Json) === null ? binding : { kind: 'mcp', tool: path },
      quarantine,
    },
  ];
}

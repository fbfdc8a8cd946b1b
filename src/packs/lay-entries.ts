import type { Workspace } from '../access/index.ts';
import { bodyProblem, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { layOverrides } from './lay-overrides.ts';
import type { EntryWish, PackEntry } from './pack.ts';
import { connectionOfWish, namesOfWish, type PacksCtx } from './resolve-wish.ts';

export type LayOptions = {
  /** `merge` leaves what is not listed (PATCH); `replace` drops it (PUT). */
  how: 'merge' | 'replace';
  workspace: Workspace;
  /** Where the list stands in the body. */
  path: JsonPath;
  /** What the contract calls the list of tool names. */
  namesField?: string;
  /** The body is the one item: places are without an index. */
  isOnlyItem?: boolean;
};

/**
 * The entries a pack has after a request, as a value: nothing is written. Any bad item is a Fault `invalid`
 * that names its index, and then nothing of the request happens.
 */
export async function layEntries(
  tx: Tx,
  ctx: PacksCtx,
  before: readonly PackEntry[],
  wishes: readonly EntryWish[],
  options: LayOptions,
): Promise<readonly PackEntry[]> {
  const held = new Map(before.map((entry) => [entry.connection.id, entry]));
  const result = new Map(options.how === 'merge' ? held : []);
  const named = new Set<string>();
  for (const [index, wish] of wishes.entries()) {
    const at = options.isOnlyItem ? options.path : [...options.path, index];
    const make = wish.tools.kind !== 'remove';
    const connection = await connectionOfWish(tx, ctx, wish, at, { make, workspace: options.workspace });
    const identity = connection?.id ?? `unconnected:${wish.slug ?? wish.connectorId}`;
    if (named.has(identity)) {
      throw invalid(bodyProblem('duplicate', at, 'The same connector is listed twice.'));
    }
    named.add(identity);
    if (!connection) continue; // removing what was never connected
    const old = held.get(connection.id);
    if (wish.tools.kind === 'remove') {
      result.delete(connection.id);
      continue;
    }
    result.set(connection.id, {
      connection,
      // PUT depends on its body alone: what it leaves out is the default, not what was.
      authScope: wish.authScope ?? (options.how === 'merge' ? old?.authScope : undefined) ?? 'INDIVIDUAL',
      selection: await selectionOf(tx, wish, old, connection, [...at, options.namesField ?? 'tool_names']),
      overrides: wish.overrides
        ? await layOverrides(tx, ctx, connection, wish.overrides, [...at, 'overrides'])
        : (old?.overrides ?? {}),
    });
  }
  return [...result.values()];
}

async function selectionOf(
  tx: Tx,
  wish: EntryWish,
  old: PackEntry | undefined,
  connection: PackEntry['connection'],
  at: JsonPath,
): Promise<PackEntry['selection']> {
  switch (wish.tools.kind) {
    case 'untouched':
      return old?.selection ?? { kind: 'all' };
    case 'exactly':
      return { kind: 'exactly', names: await namesOfWish(tx, connection, wish.tools.names, old, at) };
    case 'all':
    case 'remove':
      return { kind: 'all' };
  }
}

import { canonicalJson, type Clock, type Tx } from '../kernel/index.ts';
import { carryByName, carryNames, carryRules, type Carry, type PackCuration } from '../tools/index.ts';
import { writeUse } from './carry-store.ts';
import type { Pack } from './pack.ts';

/** What one pack says of one connection's tools. */
export type PackUse = Pick<Pack, 'slug' | 'name' | 'names' | 'favourites'> & {
  packId: string;
  /** Whose own pack it is; null: a pack of its own. */
  agentId: string | null;
  /** Null: all. */
  tools: readonly string[] | null;
  overrides: Readonly<Record<string, PackCuration>>;
};

/** What a pack says of a connection's tools after their names, fields and values moved, as a value. */
export function carryUse(use: PackUse, connectionSlug: string, carry: Carry): PackUse {
  return {
    ...use,
    tools: use.tools && carryNames(use.tools, carry),
    overrides: carryByName(use.overrides, carry, ({ inputs, ...rest }, steps) =>
      inputs === undefined ? rest : { ...rest, inputs: carryRules(inputs, steps) ?? {} },
    ),
    favourites: use.favourites.map((name) => carryServedName(name, use.names, connectionSlug, carry)),
  };
}

/** Favourites are named as agents see them. */
function carryServedName(name: string, names: Pack['names'], connectionSlug: string, carry: Carry): string {
  const prefix = names === 'plain' ? '' : `${connectionSlug}__`;
  if (!name.startsWith(prefix)) return name;
  const moved = carry.get(name.slice(prefix.length));
  return moved ? `${prefix}${moved.name}` : name;
}

/** Writes the uses that moved, and answers them. */
export async function writeUses(
  tx: Tx,
  clock: Clock,
  { organizationId, connectionId }: { organizationId: string; connectionId: string },
  moves: readonly { before: PackUse; after: PackUse }[],
): Promise<readonly PackUse[]> {
  const moved = moves.filter(({ before, after }) => canonicalJson(before) !== canonicalJson(after));
  for (const { after } of moved) await writeUse(tx, organizationId, connectionId, after, clock.now());
  return moved.map(({ after }) => after);
}

import type { Kysely } from 'kysely';
import type { Tx } from '../kernel/index.ts';
import type { PackCuration } from '../tools/index.ts';
import type { PackUse } from './carry-uses.ts';
import type { PackTables } from './store.ts';

const of = (tx: Tx): Kysely<PackTables> => tx.kysely as Kysely<PackTables>;

/**
 * What packs, agents' own among them, say of a connection's tools; these entries are held until the transaction ends.
 * In the order of the packs' ids: whoever holds several takes them in the same order.
 */
export async function holdUses(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly PackUse[]> {
  const rows = await usesQuery(tx, organizationId, connectionId).forUpdate('e').execute();
  return rows.map(useOf);
}

/** The same, only looked at. */
export async function readUses(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly PackUse[]> {
  return (await usesQuery(tx, organizationId, connectionId).execute()).map(useOf);
}

const usesQuery = (tx: Tx, organizationId: string, connectionId: string) =>
  of(tx)
    .selectFrom('pack_entries as e')
    .innerJoin('packs as p', (join) =>
      join.onRef('p.organization_id', '=', 'e.organization_id').onRef('p.pack_id', '=', 'e.pack_id'),
    )
    .select(['p.pack_id', 'p.agent_id', 'p.slug', 'p.name', 'p.names', 'p.favourites'])
    .select(['e.tools', 'e.overrides'])
    .where('e.organization_id', '=', organizationId)
    .where('e.connection_id', '=', connectionId)
    .orderBy('p.pack_id');

type UseRow = Awaited<ReturnType<ReturnType<typeof usesQuery>['execute']>>[number];

const useOf = (row: UseRow): PackUse => ({
  packId: row.pack_id,
  agentId: row.agent_id,
  slug: row.slug,
  name: row.name,
  names: row.names,
  favourites: row.favourites as string[],
  tools: row.tools as string[] | null,
  overrides: row.overrides as Record<string, PackCuration>,
});

/** Writes what a pack says of a connection's tools now. */
export async function writeUse(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  use: PackUse,
  updatedAt: Date,
): Promise<void> {
  await of(tx)
    .updateTable('pack_entries')
    .set({
      tools: use.tools === null ? null : JSON.stringify(use.tools),
      overrides: JSON.stringify(use.overrides),
    })
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where('pack_id', '=', use.packId)
    .execute();
  await of(tx)
    .updateTable('packs')
    .set({ favourites: JSON.stringify(use.favourites), updated_at: updatedAt })
    .where('organization_id', '=', organizationId)
    .where('pack_id', '=', use.packId)
    .execute();
}

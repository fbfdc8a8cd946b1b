import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Tx } from '../kernel/index.ts';

export type ShippedTables = {
  shipped_connectors: {
    slug: string;
    version: number;
    file: unknown;
    hash: string;
    released_at: Date;
  };
};
export type ShippedRow = Selectable<ShippedTables['shipped_connectors']>;

const of = (tx: Tx): Kysely<ShippedTables> => tx.kysely as Kysely<ShippedTables>;

/** Writes down files under versions nothing was written down under before. */
export async function insertShipped(
  tx: Tx,
  rows: readonly Insertable<ShippedTables['shipped_connectors']>[],
): Promise<void> {
  if (rows.length === 0) return;
  await of(tx)
    .insertInto('shipped_connectors')
    .values([...rows])
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Every version of these connectors that was ever shipped, newest first. */
export async function shippedVersions(tx: Tx, slugs: readonly string[]): Promise<readonly ShippedRow[]> {
  if (slugs.length === 0) return [];
  return of(tx)
    .selectFrom('shipped_connectors')
    .selectAll()
    .where('slug', 'in', [...slugs])
    .orderBy('slug')
    .orderBy('version', 'desc')
    .execute();
}

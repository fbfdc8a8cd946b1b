import { sql, type Insertable, type Kysely, type Selectable, type Updateable } from 'kysely';
import { countAll, paged, type Listed, type ListPage, type Tx } from '../kernel/index.ts';
import { findConnectionsById, type Connection } from '../connections/index.ts';
import type { PackCuration } from '../tools/index.ts';
import type { AuthScope, Pack, PackEntry } from './pack.ts';

export type PackTables = {
  packs: {
    organization_id: string;
    pack_id: string;
    slug: string;
    name: string;
    description: string;
    names: 'prefixed' | 'plain';
    approve_by: 'client' | 'member';
    mode: 'list' | 'search';
    favourites: unknown;
    is_sample: boolean;
    agent_id: string | null;
    created_at: Date;
    updated_at: Date;
  };
  pack_entries: {
    organization_id: string;
    pack_id: string;
    connection_id: string;
    position: number;
    auth_scope: AuthScope;
    tools: unknown;
    overrides: unknown;
  };
};

type PackRow = Selectable<PackTables['packs']>;

const of = (tx: Tx): Kysely<PackTables> => tx.kysely as Kysely<PackTables>;

/** Packs with their entries, two queries however many there are. */
async function withEntries(
  tx: Tx,
  organizationId: string,
  rows: readonly PackRow[],
): Promise<readonly Pack[]> {
  if (rows.length === 0) return [];
  const entryRows = await of(tx)
    .selectFrom('pack_entries')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where(
      'pack_id',
      'in',
      rows.map((row) => row.pack_id),
    )
    .orderBy('position')
    .execute();
  const connections = await findConnectionsById(tx, organizationId, [
    ...new Set(entryRows.map((row) => row.connection_id)),
  ]);
  return rows.map((row) => ({
    id: row.pack_id,
    organizationId: row.organization_id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    names: row.names,
    approveBy: row.approve_by,
    mode: row.mode,
    favourites: row.favourites as string[],
    isSample: row.is_sample,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    entries: entryRows
      .filter((entry) => entry.pack_id === row.pack_id)
      .flatMap((entry) => {
        // Absent where the connection went between the two queries.
        const connection = connections.get(entry.connection_id);
        return connection ? [entryOf(entry, connection)] : [];
      }),
  }));
}

function entryOf(row: Selectable<PackTables['pack_entries']>, connection: Connection): PackEntry {
  return {
    connection,
    authScope: row.auth_scope,
    selection: row.tools === null ? { kind: 'all' } : { kind: 'exactly', names: row.tools as string[] },
    overrides: row.overrides as Record<string, PackCuration>,
  };
}

/** The organization's packs but those of its agents, which nothing that speaks of packs may find. */
const packs = (tx: Tx, organizationId: string) =>
  of(tx).selectFrom('packs').where('organization_id', '=', organizationId).where('agent_id', 'is', null);

/** An agent's own pack, which has its agent's id. */
export async function findAgentPack(tx: Tx, organizationId: string, agentId: string): Promise<Pack | null> {
  const rows = await of(tx)
    .selectFrom('packs')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('agent_id', '=', agentId)
    .execute();
  const [pack] = await withEntries(tx, organizationId, rows);
  return pack ?? null;
}

export async function findPack(
  tx: Tx,
  organizationId: string,
  by: { id: string } | { slug: string },
  lock = false,
): Promise<Pack | null> {
  let query = packs(tx, organizationId).selectAll();
  query = 'id' in by ? query.where('pack_id', '=', by.id) : query.where('slug', '=', by.slug);
  if (lock) query = query.forUpdate();
  const [pack] = await withEntries(tx, organizationId, await query.execute());
  return pack ?? null;
}

export async function listPackRows(
  tx: Tx,
  organizationId: string,
  filter: { ids: readonly string[] | null; name?: string },
  page: ListPage,
): Promise<Listed<Pack>> {
  let base = packs(tx, organizationId);
  if (filter.ids) base = base.where(sql<boolean>`pack_id = any(${[...filter.ids]}::uuid[])`);
  if (filter.name !== undefined) base = base.where('name', '=', filter.name);
  let query = base
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('pack_id', 'desc')
    .limit(page.limit + 1);
  if ('offset' in page) query = query.offset(page.offset);
  else if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, pack_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const total = 'offset' in page ? (await base.select(countAll).executeTakeFirstOrThrow()).total : null;
  const cut = paged(
    await query.execute(),
    page.limit,
    (row) => ({ at: row.created_at, id: row.pack_id }),
    total,
  );
  return { ...cut, rows: await withEntries(tx, organizationId, cut.rows) };
}

/** Slugs that begin with this one. */
export async function takenPackSlugs(
  tx: Tx,
  organizationId: string,
  stem: string,
): Promise<ReadonlySet<string>> {
  const rows = await of(tx)
    .selectFrom('packs')
    .select('slug')
    .where('organization_id', '=', organizationId)
    .where('slug', 'like', `${stem}%`)
    .execute();
  return new Set(rows.map((row) => row.slug));
}

export async function knownPackCount(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<number> {
  const rows = await packs(tx, organizationId)
    .select('pack_id')
    .where(sql<boolean>`pack_id = any(${[...ids]}::uuid[])`)
    .execute();
  return rows.length;
}

export async function insertPack(tx: Tx, row: Insertable<PackTables['packs']>): Promise<void> {
  await of(tx).insertInto('packs').values(row).execute();
}

export async function updatePackRow(
  tx: Tx,
  organizationId: string,
  packId: string,
  set: Updateable<PackTables['packs']>,
): Promise<void> {
  await of(tx)
    .updateTable('packs')
    .set(set)
    .where('organization_id', '=', organizationId)
    .where('pack_id', '=', packId)
    .execute();
}

export async function deletePackRow(tx: Tx, organizationId: string, packId: string): Promise<void> {
  await of(tx)
    .deleteFrom('packs')
    .where('organization_id', '=', organizationId)
    .where('pack_id', '=', packId)
    .execute();
}

/** Replaces all entries of a pack with these, in this order. */
export async function writeEntries(tx: Tx, pack: Pack, entries: readonly PackEntry[]): Promise<void> {
  await of(tx)
    .deleteFrom('pack_entries')
    .where('organization_id', '=', pack.organizationId)
    .where('pack_id', '=', pack.id)
    .execute();
  if (entries.length === 0) return;
  await of(tx)
    .insertInto('pack_entries')
    .values(
      entries.map((entry, position) => ({
        organization_id: pack.organizationId,
        pack_id: pack.id,
        connection_id: entry.connection.id,
        position,
        auth_scope: entry.authScope,
        tools: entry.selection.kind === 'all' ? null : JSON.stringify(entry.selection.names),
        overrides: JSON.stringify(entry.overrides),
      })),
    )
    .execute();
}

/** Takes a connection out of the packs of all agents. */
export async function deleteAgentEntries(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<void> {
  await of(tx)
    .deleteFrom('pack_entries')
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where(
      sql<boolean>`pack_id in (select p.pack_id from packs p
        where p.organization_id = ${organizationId} and p.agent_id is not null)`,
    )
    .execute();
}

/** By id: the packs that hold any of these connections, or the packs that agents have of their own. */
export async function packsHolding(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
  whose: 'packs' | 'agents',
): Promise<ReadonlyMap<string, Pack>> {
  const rows = await of(tx)
    .selectFrom('packs')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('agent_id', whose === 'packs' ? 'is' : 'is not', null)
    .where(
      sql<boolean>`pack_id in (select pack_id from pack_entries
        where organization_id = ${organizationId} and connection_id = any(${[...connectionIds]}::uuid[]))`,
    )
    .orderBy('slug')
    .execute();
  return new Map((await withEntries(tx, organizationId, rows)).map((pack) => [pack.id, pack]));
}

/** The packs that hold a connection; agents' own are not among them. */
export async function packsUsing(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly { id: string; name: string }[]> {
  const rows = await of(tx)
    .selectFrom('pack_entries as e')
    .innerJoin('packs as p', (join) =>
      join.onRef('p.organization_id', '=', 'e.organization_id').onRef('p.pack_id', '=', 'e.pack_id'),
    )
    .select(['p.pack_id', 'p.name'])
    .where('e.organization_id', '=', organizationId)
    .where('e.connection_id', '=', connectionId)
    .where('p.agent_id', 'is', null)
    .orderBy('p.name')
    .execute();
  return rows.map((row) => ({ id: row.pack_id, name: row.name }));
}

/** The auth scopes packs give a connection, each once; agents' own packs aside. */
export async function scopesOfConnection(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly AuthScope[]> {
  const rows = await of(tx)
    .selectFrom('pack_entries as e')
    .innerJoin('packs as p', (join) =>
      join.onRef('p.organization_id', '=', 'e.organization_id').onRef('p.pack_id', '=', 'e.pack_id'),
    )
    .select('e.auth_scope')
    .distinct()
    .where('e.organization_id', '=', organizationId)
    .where('e.connection_id', '=', connectionId)
    .where('p.agent_id', 'is', null)
    .execute();
  return rows.map((row) => row.auth_scope);
}

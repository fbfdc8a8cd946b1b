import type { Insertable, Kysely, Selectable } from 'kysely';
import type { Definition } from '../connectors/index.ts';
import type { Tx } from '../kernel/index.ts';

export type RevisionTables = {
  connection_versions: {
    organization_id: string;
    connection_id: string;
    version: number;
    definitions: unknown;
    changelog: string;
    created_at: Date;
  };
};

/** A version that a connection is on or has been on. */
export type ConnectionVersion = {
  version: number;
  /** Null: they are the connector's own of that version. */
  definitions: readonly Definition[] | null;
  changelog: string;
  createdAt: Date;
};

const of = (tx: Tx): Kysely<RevisionTables> => tx.kysely as Kysely<RevisionTables>;

const versionOf = (row: Selectable<RevisionTables['connection_versions']>): ConnectionVersion => ({
  version: row.version,
  definitions: row.definitions as Definition[] | null,
  changelog: row.changelog,
  createdAt: row.created_at,
});

/** Notes that the connection is on this version from now on; one it has been on before is written anew. */
export async function putVersion(
  tx: Tx,
  row: Insertable<RevisionTables['connection_versions']>,
): Promise<void> {
  await of(tx)
    .insertInto('connection_versions')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'connection_id', 'version']).doUpdateSet({
        definitions: row.definitions,
        changelog: row.changelog,
        created_at: row.created_at,
      }),
    )
    .execute();
}

/** Every version a connection has been on, newest first, without what its tools were: that can be much. */
export async function versionsOf(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<readonly Omit<ConnectionVersion, 'definitions'>[]> {
  const rows = await of(tx)
    .selectFrom('connection_versions')
    .select(['version', 'changelog', 'created_at'])
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .orderBy('version', 'desc')
    .execute();
  return rows.map((row) => ({ version: row.version, changelog: row.changelog, createdAt: row.created_at }));
}

/** One version a connection has been on, with what its tools were then. */
export async function findVersion(
  tx: Tx,
  organizationId: string,
  connectionId: string,
  version: number,
): Promise<ConnectionVersion | null> {
  const row = await of(tx)
    .selectFrom('connection_versions')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', connectionId)
    .where('version', '=', version)
    .executeTakeFirst();
  return row ? versionOf(row) : null;
}

/** Forgets versions below a number that were made with this changelog. */
export async function dropOldVersions(
  tx: Tx,
  { organizationId, id }: { organizationId: string; id: string },
  { below, changelog }: { below: number; changelog: string },
): Promise<void> {
  await of(tx)
    .deleteFrom('connection_versions')
    .where('organization_id', '=', organizationId)
    .where('connection_id', '=', id)
    .where('version', '<=', below)
    .where('changelog', '=', changelog)
    .execute();
}

/** The highest version each of these connections has been on, by connection. */
export async function highestVersions(
  tx: Tx,
  organizationId: string,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (connectionIds.length === 0) return new Map();
  const rows = await of(tx)
    .selectFrom('connection_versions')
    .select((row) => ['connection_id', row.fn.max('version').as('highest')])
    .where('organization_id', '=', organizationId)
    .where('connection_id', 'in', [...connectionIds])
    .groupBy('connection_id')
    .execute();
  return new Map(rows.map((row) => [row.connection_id, Number(row.highest)]));
}

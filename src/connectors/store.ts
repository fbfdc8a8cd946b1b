import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import type { Tx } from '../kernel/index.ts';

export type ConnectorTables = {
  connectors: {
    organization_id: string;
    slug: string;
    version: number;
    connector_id: string;
    file: unknown;
    hash: string;
    created_at: Date;
  };
};
export type ConnectorRow = Selectable<ConnectorTables['connectors']>;

const of = (tx: Tx): Kysely<ConnectorTables> => tx.kysely;

export async function insertConnector(tx: Tx, row: Insertable<ConnectorTables['connectors']>): Promise<void> {
  await of(tx).insertInto('connectors').values(row).execute();
}

/** All versions of one of the organization's own connectors, newest first. */
export async function connectorVersions(
  tx: Tx,
  organizationId: string,
  slug: string,
): Promise<readonly ConnectorRow[]> {
  return of(tx)
    .selectFrom('connectors')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('slug', '=', slug)
    .orderBy('version', 'desc')
    .execute();
}

/** The newest version of each of the organization's own connectors, by slug. */
export async function newestConnectors(tx: Tx, organizationId: string): Promise<readonly ConnectorRow[]> {
  return of(tx)
    .selectFrom('connectors')
    .selectAll()
    .distinctOn('slug')
    .where('organization_id', '=', organizationId)
    .orderBy('slug')
    .orderBy('version', 'desc')
    .execute();
}

/**
 * As `newestConnectors`, without the tools: imported documents may have a thousand of them. All, or those of these
 * slugs.
 */
export async function newestFaces(
  tx: Tx,
  organizationId: string,
  slugs: readonly string[] | null = null,
): Promise<readonly { slug: string; face: unknown }[]> {
  let query = of(tx)
    .selectFrom('connectors')
    .select(['slug', sql<unknown>`file::jsonb - 'tools'`.as('face')])
    .distinctOn('slug')
    .where('organization_id', '=', organizationId);
  if (slugs) query = query.where(sql<boolean>`slug = any(${[...slugs]}::text[])`);
  return query.orderBy('slug').orderBy('version', 'desc').execute();
}

/** The slugs of the organization's own connectors. */
export async function ownSlugs(tx: Tx, organizationId: string): Promise<readonly string[]> {
  const rows = await of(tx)
    .selectFrom('connectors')
    .select('slug')
    .distinct()
    .where('organization_id', '=', organizationId)
    .execute();
  return rows.map((row) => row.slug);
}

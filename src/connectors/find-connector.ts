import { createHash } from 'node:crypto';
import type { Tx } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import { connectorVersions, newestConnectors } from './store.ts';

/** The connectors every organization has: the files shipped under `connectors/`, by slug. */
export type Catalog = ReadonlyMap<string, ConnectorFile>;

/** An entry of an organization's catalog. Its id follows from its slug, so no look-up turns one into the other. */
export type CatalogEntry = { id: string; file: ConnectorFile; versions: readonly number[]; isOwn: boolean };

/** The id of a connector: in the same form as every id, derived from organization (or the shipped set) and slug. */
export function connectorId(organizationId: string | null, slug: string): string {
  const hex = createHash('sha256')
    .update(`connector:${organizationId ?? ''}:${slug}`)
    .digest('hex')
    .slice(0, 24);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18, 24)}${hex.slice(0, 6)}`;
}

/** One connector by slug, at a version or its newest: the organization's own before the shipped one. */
export async function findConnector(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  slug: string,
  version?: number,
): Promise<CatalogEntry | null> {
  const rows = await connectorVersions(tx, organizationId, slug);
  const row = version === undefined ? rows[0] : rows.find((candidate) => candidate.version === version);
  if (row) {
    return {
      id: connectorId(organizationId, slug),
      file: row.file as ConnectorFile,
      versions: rows.map((candidate) => candidate.version),
      isOwn: true,
    };
  }
  const shipped = catalog.get(slug);
  if (!shipped || (version !== undefined && version !== shipped.version)) return null;
  return { id: connectorId(null, slug), file: shipped, versions: [shipped.version], isOwn: false };
}

/** Every connector of an organization's catalog, by slug. */
export async function listConnectors(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
): Promise<readonly CatalogEntry[]> {
  const own = await newestConnectors(tx, organizationId);
  const entries = new Map<string, CatalogEntry>();
  for (const file of catalog.values()) {
    entries.set(file.slug, {
      id: connectorId(null, file.slug),
      file,
      versions: [file.version],
      isOwn: false,
    });
  }
  for (const row of own) {
    const id = connectorId(organizationId, row.slug);
    entries.set(row.slug, { id, file: row.file as ConnectorFile, versions: [row.version], isOwn: true });
  }
  return [...entries.values()].sort((a, b) => (a.file.slug < b.file.slug ? -1 : 1));
}

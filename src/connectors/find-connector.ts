import { createHash } from 'node:crypto';
import type { Tx } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import { shippedVersions } from './shipped-store.ts';
import { connectorVersions, newestConnectors } from './store.ts';

/** The connectors every organization has: the files shipped under `connectors/`, by slug. */
export type Catalog = ReadonlyMap<string, ConnectorFile>;

/** One version of a connector, as it is told of. */
export type Release = { version: number; changelog: string };

/** An entry of an organization's catalog. Its id follows from its slug, so no look-up turns one into the other. */
export type CatalogEntry = {
  id: string;
  file: ConnectorFile;
  /** Newest first; of a list of connectors only the newest. */
  versions: readonly number[];
  releases: readonly Release[];
  isOwn: boolean;
};

/** The id of a connector: in the same form as every id, derived from organization (or the shipped set) and slug. */
export function connectorId(organizationId: string | null, slug: string): string {
  const hex = createHash('sha256')
    .update(`connector:${organizationId ?? ''}:${slug}`)
    .digest('hex')
    .slice(0, 24);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18, 24)}${hex.slice(0, 6)}`;
}

/**
 * One connector by slug, at a version or its newest: the organization's own before the shipped one. Where it has
 * versions of its own, the shipped ones below its newest are still there for connections made at them.
 */
export async function findConnector(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  slug: string,
  version?: number,
): Promise<CatalogEntry | null> {
  const files = await connectorFiles(tx, catalog, organizationId, slug);
  const found = version === undefined ? files[0] : files.find(({ file }) => file.version === version);
  if (!found) return null;
  const { file, isOwn } = found;
  const releases = files.map((one) => releaseOf(one.file));
  const versions = releases.map((release) => release.version);
  return { id: connectorId(isOwn ? organizationId : null, slug), file, versions, releases, isOwn };
}

const releaseOf = ({ version, changelog }: ConnectorFile): Release => ({ version, changelog });

/** Every version of a connector an organization can have, newest first: its own, and those shipped below them. */
async function connectorFiles(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  slug: string,
): Promise<readonly { file: ConnectorFile; isOwn: boolean }[]> {
  const rows = await connectorVersions(tx, organizationId, slug);
  const own = rows.map((row) => ({ file: row.file as ConnectorFile, isOwn: true }));
  const shipped = catalog.get(slug);
  if (!shipped) return own;
  const recorded = await shippedVersions(tx, [slug]);
  const older = recorded
    .map((row) => row.file as ConnectorFile)
    .filter((file) => file.version < shipped.version);
  const newest = own[0]?.file.version ?? Infinity;
  const taken = new Set(own.map(({ file }) => file.version));
  const beneath = [shipped, ...older].filter(({ version: at }) => at < newest && !taken.has(at));
  return [...own, ...beneath.map((file) => ({ file, isOwn: false }))].sort(
    (left, right) => right.file.version - left.file.version,
  );
}

/** Every version of a connector that an organization can have, newest first; empty where it has no such connector. */
export async function connectorReleases(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  slug: string,
): Promise<readonly ConnectorFile[]> {
  return (await connectorFiles(tx, catalog, organizationId, slug)).map(({ file }) => file);
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
      releases: [releaseOf(file)],
      isOwn: false,
    });
  }
  for (const row of own) {
    const id = connectorId(organizationId, row.slug);
    const file = row.file as ConnectorFile;
    entries.set(row.slug, { id, file, versions: [row.version], releases: [releaseOf(file)], isOwn: true });
  }
  return [...entries.values()].sort((a, b) => (a.file.slug < b.file.slug ? -1 : 1));
}

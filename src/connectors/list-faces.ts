import { parseId, type Tx } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import { connectorId, type Catalog } from './find-connector.ts';
import { newestFaces, ownSlugs } from './store.ts';

/** A connector's newest version without its tools: enough to show it, however many tools it has. */
export type ConnectorFace = { id: string; file: Omit<ConnectorFile, 'tools'>; isOwn: boolean };

/** The faces of an organization's catalog by slug, in the order of their slugs. */
export async function listFaces(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
): Promise<ReadonlyMap<string, ConnectorFace>> {
  const faces = new Map<string, ConnectorFace>();
  for (const file of catalog.values()) {
    faces.set(file.slug, { id: connectorId(null, file.slug), file, isOwn: false });
  }
  for (const { slug, face } of await newestFaces(tx, organizationId)) {
    const file = face as ConnectorFace['file'];
    faces.set(slug, { id: connectorId(organizationId, slug), file, isOwn: true });
  }
  return new Map([...faces].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The faces of these connectors alone, by slug. */
export async function findFaces(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  slugs: readonly string[],
): Promise<ReadonlyMap<string, ConnectorFace>> {
  const faces = new Map<string, ConnectorFace>();
  for (const slug of slugs) {
    const file = catalog.get(slug);
    if (file) faces.set(slug, { id: connectorId(null, slug), file, isOwn: false });
  }
  for (const { slug, face } of await newestFaces(tx, organizationId, slugs)) {
    const file = face as ConnectorFace['file'];
    faces.set(slug, { id: connectorId(organizationId, slug), file, isOwn: true });
  }
  return faces;
}

/** The slug of the connector that a text names by slug or id; null: none of the organization's catalog. */
export async function slugOfConnector(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  named: string,
): Promise<string | null> {
  const own = await ownSlugs(tx, organizationId);
  if (catalog.has(named) || own.includes(named)) return named;
  const id = parseId(named);
  if (id === null) return null;
  const ofOwn = own.find((slug) => connectorId(organizationId, slug) === id);
  return ofOwn ?? [...catalog.keys()].find((slug) => connectorId(null, slug) === id) ?? null;
}

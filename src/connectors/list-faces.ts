import type { Tx } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import { connectorId, type Catalog } from './find-connector.ts';
import { newestFaces } from './store.ts';

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

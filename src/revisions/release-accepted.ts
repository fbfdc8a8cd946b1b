import type { Connection } from '../connections/index.ts';
import {
  connectorId,
  findConnector,
  hashConnectorFile,
  insertConnector,
  type Catalog,
  type ConnectorFile,
} from '../connectors/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import { findVersion } from './store.ts';

/** An imported document is a connector of its own: what was accepted of it is its next version. */
export async function releaseAccepted(
  tx: Tx,
  { catalog, clock }: { catalog: Catalog; clock: Clock },
  { organizationId, id, connectorSlug }: Connection,
  { version, changelog }: { version: number; changelog: string },
): Promise<void> {
  const newest = await findConnector(tx, catalog, organizationId, connectorSlug);
  const now = await findVersion(tx, organizationId, id, version);
  if (!newest || !now?.definitions) return;
  const file: ConnectorFile = { ...newest.file, version, changelog, tools: now.definitions };
  await insertConnector(tx, {
    organization_id: organizationId,
    slug: connectorSlug,
    version,
    connector_id: connectorId(organizationId, connectorSlug),
    file: JSON.stringify(file),
    hash: hashConnectorFile(file),
    created_at: clock.now(),
  });
}

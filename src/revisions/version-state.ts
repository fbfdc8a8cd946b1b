import { read, type Ctx } from '../access/index.ts';
import type { Connection } from '../connections/index.ts';
import { findFaces, type Catalog } from '../connectors/index.ts';
import type { Tx } from '../kernel/index.ts';
import { connectionsHolding } from '../tools/index.ts';
import { highestVersions } from './store.ts';

/** How a connection's version stands to the newest there is. */
export type VersionState = {
  schemaVersion: number;
  latestSchemaVersion: number;
  upgradeAvailable: boolean;
  /** Below what its connector still looks after. It is served all the same; whoever reads it says so. */
  schemaDeprecated: boolean;
};

/** How these connections, which the caller has been shown already, stand; three queries however many there are. */
export async function versionStates(
  ctx: Ctx & { catalog: Catalog },
  connections: readonly Connection[],
): Promise<ReadonlyMap<string, VersionState>> {
  return read(ctx, (tx) => statesOf(tx, ctx.catalog, ctx.caller.principal.organizationId, connections));
}

export async function statesOf(
  tx: Tx,
  catalog: Catalog,
  organizationId: string,
  connections: readonly Connection[],
): Promise<ReadonlyMap<string, VersionState>> {
  const ofCatalog = connections.filter(({ kind }) => kind === 'catalog');
  const slugs = [...new Set(ofCatalog.map(({ connectorSlug }) => connectorSlug))];
  const faces = slugs.length === 0 ? new Map() : await findFaces(tx, catalog, organizationId, slugs);
  const ids = connections.filter(({ kind }) => kind !== 'catalog').map(({ id }) => id);
  const holding = await connectionsHolding(tx, organizationId, ids);
  const highest = await highestVersions(tx, organizationId, [...holding]);
  return new Map(
    connections.map((connection): [string, VersionState] => {
      const { id, kind, connectorSlug, connectorVersion } = connection;
      const version = connectorVersion ?? 1;
      if (kind !== 'catalog') {
        const latest = holding.has(id) ? Math.max(highest.get(id) ?? 1, version) + 1 : version;
        return [id, stateOf(version, latest, 1)];
      }
      const file = faces.get(connectorSlug)?.file;
      return [id, stateOf(version, Math.max(file?.version ?? version, version), file?.minimum_version ?? 1)];
    }),
  );
}

const stateOf = (version: number, latest: number, minimum: number): VersionState => ({
  schemaVersion: version,
  latestSchemaVersion: latest,
  upgradeAvailable: latest > version,
  schemaDeprecated: version < minimum,
});

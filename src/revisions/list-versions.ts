import { authorizeAny, read } from '../access/index.ts';
import type { Connection } from '../connections/index.ts';
import { connectorReleases, type CatalogCtx } from '../connectors/index.ts';
import type { Tx } from '../kernel/index.ts';
import { requireConnection } from './revision-state.ts';
import { versionsOf } from './store.ts';
import { statesOf, type VersionState } from './version-state.ts';

/** One version of a connection: of its connector, or of its own. */
export type ListedVersion = {
  version: number;
  changelog: string;
  /** When the connection came to be on it last; null: it never was. */
  usedAt: Date | null;
  isCurrent: boolean;
};

/** How a connection's version stands, and all it may be on, newest first. Fault `not_found`. */
export async function listVersions(
  ctx: CatalogCtx,
  connectionId: string,
): Promise<{ state: VersionState; versions: readonly ListedVersion[] }> {
  const { principal } = ctx.caller;
  authorizeAny(principal, ['connectors:read', 'tools:read', 'tools:write']);
  return read(ctx, async (tx) => {
    const connection = await requireConnection(tx, ctx, connectionId);
    const states = await statesOf(tx, ctx.catalog, principal.organizationId, [connection]);
    return { state: states.get(connectionId)!, versions: await versionsFor(tx, ctx, connection) };
  });
}

async function versionsFor(
  tx: Tx,
  { catalog }: CatalogCtx,
  connection: Connection,
): Promise<readonly ListedVersion[]> {
  const { organizationId, id, kind, connectorSlug, createdAt } = connection;
  const current = connection.connectorVersion ?? 1;
  const been = new Map((await versionsOf(tx, organizationId, id)).map((one) => [one.version, one]));
  const releases =
    kind === 'catalog' ? await connectorReleases(tx, catalog, organizationId, connectorSlug) : [];
  const changelogs = new Map(releases.map(({ version, changelog }) => [version, changelog]));
  const all = new Set([...changelogs.keys(), ...been.keys(), current]);
  return [...all]
    .sort((a, b) => b - a)
    .map((version) => ({
      version,
      changelog: changelogs.get(version) ?? been.get(version)?.changelog ?? '',
      // A connection from before versions were written down has been on its own ever since.
      usedAt: been.get(version)?.createdAt ?? (version === current ? createdAt : null),
      isCurrent: version === current,
    }));
}

import type { Connection, ConnectionsCtx } from '../connections/index.ts';
import { connectorReleases, type ConnectorFile } from '../connectors/index.ts';
import { bodyProblem, Fault, invalid, newId, type Tx } from '../kernel/index.ts';
import { heldChange } from '../tools/index.ts';
import { planRollback } from './plan-rollback.ts';
import { planUpgrade, type RevisionPlan, type RevisionState } from './plan-upgrade.ts';
import { findVersion, versionsOf } from './store.ts';
import { nextVersion } from './take-listing.ts';

/** Where a connection goes, and how: by a plan, by accepting all that is held, or nowhere. */
export type VersionChange = { from: number; version: number; changelog: string } & (
  { how: 'plan'; plan: RevisionPlan } | { how: 'accept' } | { how: 'stay' }
);

/** What an upgrade to this version, or to the newest, comes to. Fault `invalid` at `target_version`. */
export function planVersion(
  tx: Tx,
  ctx: Pick<ConnectionsCtx, 'catalog' | 'clock'>,
  state: RevisionState,
  wished: number | null,
): Promise<VersionChange> {
  return state.connection.kind === 'catalog'
    ? planCatalog(tx, ctx, state, wished)
    : planOwn(tx, ctx, state, wished);
}

/** A catalog connection goes up through its connector's versions, and down to those it has been on. */
async function planCatalog(
  tx: Tx,
  { catalog, clock }: Pick<ConnectionsCtx, 'catalog' | 'clock'>,
  state: RevisionState,
  wished: number | null,
): Promise<VersionChange> {
  const { organizationId, id, connectorSlug, connectorVersion } = state.connection;
  const all = await connectorReleases(tx, catalog, organizationId, connectorSlug);
  const latest = all[0]?.version ?? 1;
  const from = connectorVersion ?? latest;
  // A newer version than this program has: it is not taken away unasked.
  const version = wished ?? Math.max(latest, from);
  const current = all.find((file) => file.version === from) ?? null;
  if (version === from) return { from, version, changelog: current?.changelog ?? '', how: 'stay' };
  const target = all.find((file) => file.version === version);
  if (!target) throw noVersion(latest);
  if (version < from) await assertUsed(tx, { organizationId, id }, version);
  const plan = planUpgrade(state, { all, from: current, target }, { now: clock.now(), newId });
  return { from, version, changelog: linesBetween(all, from, version), how: 'plan', plan };
}

/** What is new in each version on the way up; on the way down where it went back to. */
function linesBetween(files: readonly ConnectorFile[], from: number, to: number): string {
  if (to < from) return `Back to version ${to}.`;
  return files
    .filter(({ version }) => version > from && version <= to)
    .toSorted((a, b) => a.version - b.version)
    .map(({ version, changelog }) => `${version}: ${changelog}`)
    .join('\n');
}

/** A connection with versions of its own goes up by what is held, and to any it has been on. */
async function planOwn(
  tx: Tx,
  { clock }: Pick<ConnectionsCtx, 'clock'>,
  state: RevisionState,
  wished: number | null,
): Promise<VersionChange> {
  const { connection } = state;
  const from = connection.connectorVersion ?? 1;
  const isHeld = state.tools.some((tool) => heldChange(tool) !== null);
  const next = await nextVersion(tx, connection);
  const been = await versionsOf(tx, connection.organizationId, connection.id);
  const changelogAt = (version: number): string =>
    been.find((one) => one.version === version)?.changelog ?? '';
  const version = wished ?? (isHeld ? next : from);
  if (version === from) return { from, version, changelog: changelogAt(from), how: 'stay' };
  if (version === next && isHeld) return { from, version, changelog: '', how: 'accept' };
  if (version >= next) throw noVersion(isHeld ? next : next - 1);
  const target = await findVersion(tx, connection.organizationId, connection.id, version);
  if (!target?.definitions) throw neverUsed();
  const plan = planRollback(state, { version, definitions: target.definitions }, clock.now());
  const changelog = version < from ? `Back to version ${version}.` : `To version ${version} again.`;
  return { from, version, changelog, how: 'plan', plan };
}

async function assertUsed(
  tx: Tx,
  { organizationId, id }: Pick<Connection, 'organizationId' | 'id'>,
  version: number,
): Promise<void> {
  const been = await versionsOf(tx, organizationId, id);
  if (!been.some((one) => one.version === version)) throw neverUsed();
}

const noVersion = (latest: number): Fault =>
  invalid(
    bodyProblem('value_error', ['target_version'], `There is no such version; the newest is ${latest}.`),
  );

const neverUsed = (): Fault => {
  const message = 'The connection has never been on this version: it goes back only to one it has been on.';
  return invalid(bodyProblem('value_error', ['target_version'], message));
};

import { authorize, change, holdSlugs } from '../access/index.ts';
import type { Connection, ConnectionsCtx } from '../connections/index.ts';
import { canonicalJson, Fault, tryLock, unreachable, type Tx } from '../kernel/index.ts';
import type { Tool } from '../tools/index.ts';
import { acceptTools, changelogOf, saidOfAccepted } from './accept-changes.ts';
import type { RevisionPlan, RevisionState } from './plan-upgrade.ts';
import { planVersion, type VersionChange } from './plan-version.ts';
import { applyPlan, readState, requireConnection } from './revision-state.ts';
import { noteCurrentVersion, recordVersion } from './take-listing.ts';

/** What an upgrade did. `changelog`: a line for each version it went through, or the current one's where it did nothing. */
export type Upgraded = {
  connection: Connection;
  previousVersion: number;
  newVersion: number;
  migrationApplied: boolean;
  changelog: string;
};

/**
 * Takes a connection to its newest version, or back to one it has been on, whole: every step in order, in one
 * transaction. For one with versions of its own the newest is all that is held, accepted. Where there is nothing to do
 * nothing changes. Fault `invalid` at `target_version`; `conflict` while another upgrade of it runs
 * (`upgrade_running`), and where a step cannot be taken.
 */
export async function upgradeConnection(
  ctx: ConnectionsCtx,
  connectionId: string,
  { targetVersion = null }: { targetVersion?: number | null } = {},
): Promise<Upgraded> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  return change(ctx, 'connection.upgraded', async (tx) => {
    await requireConnection(tx, ctx, connectionId);
    if (!(await tryLock(tx, `upgrade:${connectionId}`))) throw running();
    // Names move: nobody chooses one or changes what a pack holds meanwhile.
    await holdSlugs(tx, principal.organizationId);
    const before = await requireConnection(tx, ctx, connectionId, true);
    const state = await readState(tx, before, true);
    const planned = await planVersion(tx, ctx, state, targetVersion);
    const { result, changes } = await carryOut(tx, ctx, state, planned);
    return { result, target: { type: 'connection', id: connectionId }, changes };
  });
}

async function carryOut(
  tx: Tx,
  ctx: ConnectionsCtx,
  state: RevisionState,
  planned: VersionChange,
): Promise<{ result: Upgraded; changes: Record<string, unknown> | null }> {
  const { connection: before } = state;
  const { from, version, changelog } = planned;
  const result = { previousVersion: from, newVersion: version, changelog };
  switch (planned.how) {
    case 'stay':
      return { result: { ...result, connection: before, migrationApplied: false }, changes: null };
    case 'accept': {
      const done = await acceptTools(tx, ctx, before, state.tools);
      const { connection, accepted } = done;
      return {
        result: { ...result, connection, changelog: changelogOf(accepted), migrationApplied: true },
        changes: saidOfAccepted(before, done),
      };
    }
    case 'plan': {
      await noteCurrentVersion(tx, ctx.clock, before);
      const connection = await applyPlan(tx, ctx, planned.plan);
      // What a version of its own was is written down already, and stays as it was.
      if (before.kind === 'catalog') await recordVersion(tx, ctx.clock, connection, { version, changelog });
      return {
        result: { ...result, connection, migrationApplied: true },
        changes: { version: { from, to: version }, ...saidOf(planned.plan) },
      };
    }
    default:
      return unreachable(planned);
  }
}

/** What the audit says of a plan: names, before and after. */
function saidOf({ tools, uses }: RevisionPlan): Record<string, unknown> {
  const renamed = tools.flatMap(({ before, after }) =>
    before && before.name !== after.name ? [{ from: before.name, to: after.name }] : [],
  );
  const added = tools.filter(({ before }) => before === null).map(({ after }) => after.name);
  const removed = tools
    .filter(({ before, after }) => before?.vanishedAt === null && after.vanishedAt !== null)
    .map(({ after }) => after.name);
  const packs = uses.filter(isMovedUse).map(({ after }) => after.packId);
  // Their conditions could not be said in the new names and values.
  const asksAlways = tools
    .filter(({ before, after }) => after.curation.requiresConfirmation === true && hasConditions(before))
    .map(({ after }) => after.name);
  return { renamed, added, removed, packs, ...(asksAlways.length > 0 ? { asks_always: asksAlways } : {}) };
}

const hasConditions = (tool: Tool | null): boolean =>
  typeof (tool?.curation.requiresConfirmation ?? true) === 'object';

const isMovedUse = ({ before, after }: RevisionPlan['uses'][number]): boolean =>
  canonicalJson(before) !== canonicalJson(after);

const running = (): Fault =>
  new Fault('conflict', 'Another upgrade of this connection is under way. Look again when it has ended.', {
    code: 'upgrade_running',
  });

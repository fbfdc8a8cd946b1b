import {
  applyAccountSettings,
  applyConfiguration,
  checkOriginKept,
  updateConnectionRow,
  type AppliedAccount,
  type CheckedConfiguration,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import type { Tx } from '../kernel/index.ts';
import type { ConnectionPatch } from './configuration.ts';
import { applyCustomActions } from './custom-actions.ts';
import { createGathering, type Gathering } from './gather-problems.ts';
import { isMoved, keptWords, planCuration, unknownNames } from './plan-curation.ts';
import { toolsOfConnections } from './store.ts';
import type { Tool } from './tool.ts';
import { differences, writePlan } from './write-plan.ts';

export type ConfiguredWithin = {
  connection: Connection;
  /** For the audit; null: nothing changed. */
  changes: Record<string, unknown> | null;
  /** To be settled after the commit; null: how it signs in has not changed. */
  account: AppliedAccount | null;
};

/**
 * Writes a patch within a transaction that holds the connection. `config`: the patch's configuration, checked. Where it
 * leads and how it signs in come first, then the tools of the author's own, since what is said of tools may name them.
 */
export async function configureWithin(
  tx: Tx,
  ctx: ConnectionsCtx,
  before: Connection,
  patch: ConnectionPatch,
  config: CheckedConfiguration | null,
): Promise<ConfiguredWithin> {
  const gathering = createGathering(patch.problems);
  const moved = config && (await gathering.gather(() => moveConfig(tx, ctx, before, patch, config)));
  const placed = moved?.connection ?? before;
  const wish = patch.account;
  const account =
    wish || moved ? await gathering.gather(() => applyAccountSettings(tx, ctx, placed, wish ?? {})) : null;
  const signed = account?.connection ?? placed;
  const { actions } = patch;
  const acted = actions
    ? await gathering.gather(() => applyCustomActions(tx, ctx, signed, actions))
    : { connection: signed, changes: null };
  // Which tools there will be is not known where actions are wrong: what names tools is then not looked at.
  const said = acted && (await sayOf(tx, ctx, acted.connection, patch, gathering));
  gathering.assertNone();
  const changes = { ...moved?.changes, ...account?.changes, ...acted?.changes, ...said?.changes };
  return {
    connection: said?.connection ?? before,
    changes: Object.keys(changes).length > 0 ? changes : null,
    account: account?.changes ? account : null,
  };
}

async function moveConfig(
  tx: Tx,
  ctx: ConnectionsCtx,
  before: Connection,
  { account }: ConnectionPatch,
  config: CheckedConfiguration,
): ReturnType<typeof applyConfiguration> {
  // A query that is given anew takes the place of what is sealed.
  const bound = config.query === null ? before : { ...before, sealedSecretId: null };
  await checkOriginKept(tx, bound, config.address, account ?? {}, config.path);
  return applyConfiguration(tx, ctx, before, config, { hasNewCredentials: true });
}

/** The connection's own words and what is said of its tools. */
async function sayOf(
  tx: Tx,
  ctx: ConnectionsCtx,
  before: Connection,
  patch: ConnectionPatch,
  gathering: Gathering,
): Promise<Omit<ConfiguredWithin, 'account'>> {
  const { organizationId } = before;
  const tools = await toolsOfConnections(tx, organizationId, [before.id], true);
  const { plans, problems } = planCuration(tools, patch);
  gathering.add([...unknownNames(tools, patch.actionFilter ?? [], before.actionFilter), ...problems]);
  gathering.assertNone();
  const was = wordsOf(before);
  const next = { ...was, ...wishedWords(before, tools, patch) };
  const curated: Record<string, unknown> = {};
  for (const plan of plans.filter(isMoved)) curated[plan.tool.slug] = await writePlan(tx, ctx, plan);
  const changes = {
    ...differences(was, next),
    ...(Object.keys(curated).length > 0 ? { tools: curated } : {}),
  };
  if (Object.keys(changes).length === 0) return { connection: before, changes: null };
  const { description, written_rules, action_filter, ...columns } = next;
  const connection = await updateConnectionRow(tx, organizationId, before.id, {
    ...columns,
    action_filter: action_filter && JSON.stringify(action_filter),
    written_rules: JSON.stringify(written_rules),
    metadata: JSON.stringify({ ...before.metadata, description: description ?? undefined }),
    updated_at: ctx.clock.now(),
  });
  return { connection, changes };
}

/** What a patch can say of the connection itself, by column; the description for people is in its metadata. */
const wordsOf = (connection: Connection) => ({
  nickname: connection.nickname,
  description: connection.metadata.description ?? null,
  namespace_id: connection.namespaceId,
  is_active: connection.isActive,
  requires_confirmation: connection.requiresConfirmation,
  max_calls_per_turn: connection.maxCallsPerTurn,
  description_override: connection.descriptionOverride,
  action_filter: connection.actionFilter,
  written_rules: connection.writtenRules,
});
type Words = ReturnType<typeof wordsOf>;

function wishedWords(before: Connection, tools: readonly Tool[], patch: ConnectionPatch): Partial<Words> {
  const { nickname, namespaceId, isActive, inputs } = patch;
  const wished: { [Word in keyof Words]: Words[Word] | undefined } = {
    nickname,
    description: patch.description,
    namespace_id: namespaceId === null ? 'default' : namespaceId,
    is_active: isActive === null ? true : isActive,
    requires_confirmation: patch.requiresConfirmation,
    max_calls_per_turn: patch.maxCallsPerTurn,
    description_override: patch.descriptionOverride,
    action_filter: patch.actionFilter,
    written_rules: inputs === undefined ? before.writtenRules : keptWords(tools, inputs?.written ?? {}),
  };
  return Object.fromEntries(Object.entries(wished).filter(([, value]) => value !== undefined));
}

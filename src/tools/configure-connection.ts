import { authorize, change, mayUseWorkspace, type Ctx } from '../access/index.ts';
import { findConnection, updateConnectionRow, type Connection } from '../connections/index.ts';
import { canonicalJson, invalid, notFound, type Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { ConnectionPatch } from './configuration.ts';
import { isMoved, keptWords, planCuration, unknownNames, type CurationPlan } from './plan-curation.ts';
import { droppedSecrets, sealRules, type RuleLayers } from './seal-rules.ts';
import { toolsOfConnections, updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

type ConfigureCtx = Ctx & { vault: Vault };

/**
 * Changes what a team says of a connection and of its tools together, in one transaction and one audit row. Every
 * problem at once as Fault `invalid`; a patch that changes nothing leaves `updatedAt` alone.
 */
export async function configureConnection(
  ctx: ConfigureCtx,
  connectionId: string,
  patch: ConnectionPatch,
): Promise<Connection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  return change(ctx, 'connection.configured', async (tx) => {
    const before = await findConnection(tx, principal.organizationId, { id: connectionId }, true);
    if (!before || !mayUseWorkspace(principal, before.workspaceId)) throw notFound();
    const { connection, changes } = await configureWithin(tx, ctx, before, patch);
    return { result: connection, target: { type: 'connection', id: connectionId }, changes };
  });
}

/** The same within a transaction that holds the connection; `changes` is null where nothing changes. */
export async function configureWithin(
  tx: Tx,
  ctx: ConfigureCtx,
  before: Connection,
  patch: ConnectionPatch,
): Promise<{ connection: Connection; changes: Record<string, unknown> | null }> {
  const { organizationId } = before;
  const tools = await toolsOfConnections(tx, organizationId, [before.id], true);
  const { plans, problems } = planCuration(tools, patch);
  const unknown = unknownNames(tools, patch.actionFilter ?? [], before.actionFilter);
  const found = [...(patch.problems ?? []), ...unknown, ...problems];
  if (found.length > 0) throw invalid(...found);

  const was = wordsOf(before);
  const next = { ...was, ...wishedWords(before, tools, patch) };
  const moved = differences(was, next);
  const curated: Record<string, unknown> = {};
  for (const plan of plans.filter(isMoved)) curated[plan.tool.slug] = await writePlan(tx, ctx, plan);
  const changes = { ...moved, ...(Object.keys(curated).length > 0 ? { tools: curated } : {}) };
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

/** What a patch can change of the connection itself, by column; the description for people is in its metadata. */
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

function wishedWords(
  before: Connection,
  tools: readonly Tool[],
  patch: ConnectionPatch,
): Partial<ReturnType<typeof wordsOf>> {
  const { nickname, namespaceId, isActive, inputs } = patch;
  const wished: { [Word in keyof ReturnType<typeof wordsOf>]: ReturnType<typeof wordsOf>[Word] | undefined } =
    {
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

/** Writes what becomes of one tool; answers what moved, where sealed values are the ids of their secrets. */
async function writePlan(
  tx: Tx,
  ctx: ConfigureCtx,
  { tool, layers, description }: CurationPlan,
): Promise<Record<string, unknown>> {
  const { organizationId } = tool;
  const seal = async (part: keyof RuleLayers) => {
    const rules = layers[part];
    if (canonicalJson(rules) === canonicalJson(tool.layers[part])) return tool.layers[part];
    return rules && sealRules(tx, ctx.vault, organizationId, tool.definition.inputSchema, rules);
  };
  const sealed = { inputs: await seal('inputs'), defaults: await seal('defaults') };
  await updateToolRow(tx, organizationId, tool.id, {
    inputs: sealed.inputs && JSON.stringify(sealed.inputs),
    default_inputs: sealed.defaults && JSON.stringify(sealed.defaults),
    description,
    updated_at: ctx.clock.now(),
  });
  await ctx.vault.discard(tx, organizationId, droppedSecrets(tool.layers, sealed));
  const { inputs, defaults } = tool.layers;
  return differences(
    { description: tool.curation.description, inputs, default_inputs: defaults },
    { description, inputs: sealed.inputs, default_inputs: sealed.defaults },
  );
}

function differences(
  was: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const moved = Object.keys(next).filter((key) => canonicalJson(was[key]) !== canonicalJson(next[key]));
  return Object.fromEntries(moved.map((key) => [key, { from: was[key], to: next[key] }]));
}

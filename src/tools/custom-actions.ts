import { updateConnectionRow, type Connection } from '../connections/index.ts';
import { canonicalJson, invalid, newId, type Clock, type Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { CustomAction } from './custom-action.ts';
import { customPath, definitionOfAction } from './custom-action.ts';
import { planActions, type ActionsPatch, type ActionsPaths, type ActionsPlan } from './plan-actions.ts';
import { secretsOf } from './seal-rules.ts';
import { deleteToolRows, insertTools, toolsOfConnections, updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

type ActionsCtx = { clock: Clock; vault: Pick<Vault, 'discard'> };

/**
 * Makes a connection's custom actions tools, and gives its tools further parameters, in the caller's transaction, which
 * holds the connection. An action whose name stays keeps its tool and what was said of it; one that is gone goes with
 * its sealed values. Every problem at once as Fault `invalid`; `changes` is null where nothing changes.
 */
export async function applyCustomActions(
  tx: Tx,
  ctx: ActionsCtx,
  connection: Connection,
  patch: ActionsPatch,
  paths: ActionsPaths = {
    customActions: ['custom_actions'],
    customActionParameters: ['custom_action_parameters'],
  },
): Promise<{ connection: Connection; changes: Record<string, unknown> | null }> {
  const { organizationId } = connection;
  const tools = await toolsOfConnections(tx, organizationId, [connection.id]);
  const plan = planActions(connection, tools, patch, paths);
  if (plan.problems.length > 0) throw invalid(...plan.problems);
  const changes: Record<string, unknown> = {};
  let after = connection;
  if (plan.actions) {
    const written = patch.customActions ?? [];
    if (canonicalJson(written) !== canonicalJson(connection.customActions)) {
      after = await updateConnectionRow(tx, organizationId, connection.id, {
        custom_actions: JSON.stringify(written),
        updated_at: ctx.clock.now(),
      });
      changes['custom_actions'] = { from: connection.customActions, to: written };
    }
    await writeActions(tx, ctx, connection, tools, plan.actions, plan.headers);
  }
  if (plan.parameters) {
    const now = plan.actions ? await toolsOfConnections(tx, organizationId, [connection.id]) : tools;
    const moved = await writeParameters(tx, ctx.clock, now, plan.parameters);
    if (moved.length > 0) changes['custom_action_parameters'] = Object.fromEntries(moved);
  }
  return { connection: after, changes: Object.keys(changes).length > 0 ? changes : null };
}

async function writeActions(
  tx: Tx,
  ctx: ActionsCtx,
  connection: Connection,
  tools: readonly Tool[],
  actions: readonly CustomAction[],
  headers: ActionsPlan['headers'],
): Promise<void> {
  const { organizationId } = connection;
  const own = new Map(tools.filter(({ source }) => source === 'author').map((tool) => [tool.name, tool]));
  const names = new Set(actions.map(({ name }) => name));
  const gone = [...own.values()].filter(({ name }) => !names.has(name));
  await deleteToolRows(
    tx,
    organizationId,
    gone.map(({ id }) => id),
  );
  await ctx.vault.discard(
    tx,
    organizationId,
    gone.flatMap(({ layers }) => [...secretsOf(layers.inputs), ...secretsOf(layers.defaults)]),
  );
  for (const action of actions) {
    const tool = own.get(action.name);
    const definition = definitionOfAction(action, headers);
    if (!tool || canonicalJson(definition) === canonicalJson(tool.accepted)) continue;
    await updateToolRow(tx, organizationId, tool.id, {
      definition: JSON.stringify(definition),
      learned_schema: null,
      updated_at: ctx.clock.now(),
    });
  }
  const last = tools.reduce((highest, { position }) => Math.max(highest, position), -1);
  const added = actions.filter(({ name }) => !own.has(name));
  await insertTools(
    tx,
    added.map((action, index) => rowOf(ctx.clock, connection, action, headers, last + 1 + index)),
  );
}

function rowOf(
  clock: Clock,
  connection: Connection,
  action: CustomAction,
  headers: ActionsPlan['headers'],
  position: number,
): Parameters<typeof insertTools>[1][number] {
  const now = clock.now();
  return {
    organization_id: connection.organizationId,
    tool_id: newId(),
    connection_id: connection.id,
    tool_path: customPath(action.name),
    name: action.name,
    slug: `${connection.slug}__${action.name}`,
    definition: JSON.stringify(definitionOfAction(action, headers)),
    learned_schema: null,
    is_enabled: true,
    title: null,
    description: null,
    inputs: null,
    response_map: null,
    requires_confirmation: null,
    max_calls_per_turn: null,
    source: 'author',
    newest: null,
    accepted_at: now,
    held_since: null,
    default_inputs: null,
    extra_parameters: '[]',
    keeps_arguments: true,
    last_seen_at: now,
    vanished_at: null,
    created_at: now,
    updated_at: now,
    position,
  };
}

async function writeParameters(
  tx: Tx,
  clock: Clock,
  tools: readonly Tool[],
  parameters: NonNullable<ActionsPlan['parameters']>,
): Promise<[string, { from: unknown; to: unknown }][]> {
  const moved: [string, { from: unknown; to: unknown }][] = [];
  for (const tool of tools) {
    const next = parameters.get(tool.name) ?? [];
    if (canonicalJson(next) === canonicalJson(tool.extraParameters)) continue;
    await updateToolRow(tx, tool.organizationId, tool.id, {
      extra_parameters: JSON.stringify(next),
      updated_at: clock.now(),
    });
    moved.push([tool.slug, { from: tool.extraParameters, to: next }]);
  }
  return moved;
}

/** Further parameters by name of the tool, as they were given. */
export const extraParametersOf = (
  tools: readonly Tool[],
): Readonly<Record<string, Tool['extraParameters']>> =>
  Object.fromEntries(
    tools
      .filter(({ extraParameters }) => extraParameters.length > 0)
      .map(({ name, extraParameters }) => [name, extraParameters]),
  );

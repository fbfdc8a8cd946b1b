import { authorize, change, type Ctx } from '../access/index.ts';
import { forgetKept } from '../journal/index.ts';
import { canonicalJson, invalid, type JsonPath, type Problem, type Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Confirmation, InputRule, InputRules, ResponseMap } from './curation.ts';
import { requireTool, type ToolOfConnection } from './get-tool.ts';
import { checkInputRules } from './input-rules.ts';
import { checkConfirmation } from './parse-confirmation.ts';
import { getOwn, setOwn } from './own-property.ts';
import { droppedSecrets, sealRules, type RuleLayers } from './seal-rules.ts';
import { updateToolRow } from './store.ts';
import { newestDefinition } from './tool.ts';

/**
 * How the input rules change.
 * - `fields`: rule by rule; null clears a field's rule, fields not named stay.
 * - `defaults`: all defaults and pins at once (seed 002's `input_defaults`); other parts of rules stay.
 */
export type InputsPatch =
  | { kind: 'clear' }
  | { kind: 'fields'; rules: InputRules; cleared: readonly string[] }
  | { kind: 'defaults'; rules: InputRules };

/** Absent leaves, null clears. */
export type ToolPatch = {
  isEnabled?: boolean | null;
  title?: string | null;
  description?: string | null;
  inputs?: InputsPatch;
  responseMap?: ResponseMap | null;
  requiresConfirmation?: Confirmation | null;
  maxCallsPerTurn?: number | null;
  /** Null: as a tool begins, true. What was kept is forgotten with false. */
  keepsArguments?: boolean | null;
  /** Where in the request body the rules stand, for error places. */
  inputsPath?: JsonPath;
  /** What was wrong with the patch before it got here: told together with what is found here. */
  problems?: readonly Problem[];
};

/**
 * Changes what the author says about one tool. All problems at once as Fault `invalid`; a patch that
 * changes nothing leaves `updatedAt` alone. The row is locked, so patches at the same moment add up.
 */
export async function updateTool(
  ctx: Ctx & { vault: Vault },
  which: { toolId: string; connectionId?: string },
  patch: ToolPatch,
): Promise<ToolOfConnection> {
  authorize(ctx.caller.principal, 'tools:write');
  return change(ctx, 'tool.curated', async (tx) => {
    const { tool, connection } = await requireTool(tx, ctx, which, true);
    const before = tool.curation;
    const problems = [...(patch.problems ?? []), ...problemsOf(patch, tool)];
    if (problems.length > 0) throw invalid(...problems);
    const layers = patch.inputs === undefined ? tool.layers : await newLayers(tx, ctx, tool, patch.inputs);
    const next = {
      is_enabled: patch.isEnabled === undefined ? before.isEnabled : (patch.isEnabled ?? true),
      title: patch.title === undefined ? before.title : patch.title,
      description: patch.description === undefined ? before.description : patch.description,
      inputs: layers.inputs,
      default_inputs: layers.defaults,
      response_map: patch.responseMap === undefined ? before.responseMap : patch.responseMap,
      requires_confirmation:
        patch.requiresConfirmation === undefined ? before.requiresConfirmation : patch.requiresConfirmation,
      max_calls_per_turn:
        patch.maxCallsPerTurn === undefined ? before.maxCallsPerTurn : patch.maxCallsPerTurn,
      keeps_arguments:
        patch.keepsArguments === undefined ? tool.keepsArguments : (patch.keepsArguments ?? true),
    };
    const was = {
      is_enabled: before.isEnabled,
      title: before.title,
      description: before.description,
      inputs: tool.layers.inputs,
      default_inputs: tool.layers.defaults,
      response_map: before.responseMap,
      requires_confirmation: before.requiresConfirmation,
      max_calls_per_turn: before.maxCallsPerTurn,
      keeps_arguments: tool.keepsArguments,
    };
    // Who turns a new tool on has said yes to it.
    const accepts = patch.isEnabled === true && tool.acceptedAt === null && tool.vanishedAt === null;
    const changes = {
      ...differences(was, next),
      ...(accepts ? { accepted: { from: false, to: true } } : {}),
    };
    const target = { type: 'tool', id: tool.id };
    if (Object.keys(changes).length === 0) return { result: { tool, connection }, target, changes: null };
    const after = await updateToolRow(tx, tool.organizationId, tool.id, {
      ...next,
      inputs: next.inputs && JSON.stringify(next.inputs),
      default_inputs: next.default_inputs && JSON.stringify(next.default_inputs),
      response_map: next.response_map && JSON.stringify(next.response_map),
      requires_confirmation:
        next.requires_confirmation === null ? null : JSON.stringify(next.requires_confirmation),
      ...(accepts ? { accepted_at: ctx.clock.now(), held_since: null } : {}),
      updated_at: ctx.clock.now(),
    });
    if (!after.keepsArguments) await forgetKept(tx, tool.organizationId, { toolId: tool.id });
    await ctx.vault.discard(tx, tool.organizationId, droppedSecrets(tool.layers, layers));
    return { result: { tool: after, connection }, target, changes: { slug: tool.slug, ...changes } };
  });
}

/** What moved, before and after; sealed values appear as the ids of their secrets only. */
function differences(
  was: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const moved = Object.keys(next).filter((key) => canonicalJson(was[key]) !== canonicalJson(next[key]));
  return Object.fromEntries(moved.map((key) => [key, { from: was[key], to: next[key] }]));
}

function problemsOf(patch: ToolPatch, tool: ToolOfConnection['tool']): readonly Problem[] {
  const { inputSchema } = tool.definition;
  const confirmation = patch.requiresConfirmation ?? null;
  const problems = checkConfirmation(confirmation, inputSchema, ['requires_confirmation']);
  if (!patch.inputs || patch.inputs.kind === 'clear') return problems;
  const path = patch.inputsPath ?? ['inputs'];
  const newestSchema = newestDefinition(tool).inputSchema;
  return [...checkInputRules(patch.inputs.rules, inputSchema, { path, newestSchema }), ...problems];
}

async function newLayers(
  tx: Tx,
  ctx: Ctx & { vault: Vault },
  tool: ToolOfConnection['tool'],
  patch: InputsPatch,
): Promise<RuleLayers> {
  if (patch.kind === 'clear') return { inputs: null, defaults: null };
  const schema = tool.definition.inputSchema;
  const before = tool.layers.inputs ?? {};
  const rules: Record<string, InputRule> = {};
  for (const [field, rule] of Object.entries(before)) {
    if (patch.kind === 'fields') {
      if (!patch.cleared.includes(field)) setOwn(rules, field, rule);
      continue;
    }
    const rest = withoutDefault(rule);
    if (Object.keys(rest).length > 0) setOwn(rules, field, rest);
  }
  const sealed = await sealRules(tx, ctx.vault, tool.organizationId, schema, patch.rules);
  for (const [field, rule] of Object.entries(sealed)) {
    const base = patch.kind === 'defaults' ? getOwn(rules, field) : undefined;
    setOwn(rules, field, { ...base, ...rule });
  }
  return { inputs: Object.keys(rules).length > 0 ? rules : null, defaults: defaultsLeft(tool, patch) };
}

/** All defaults at once replace those beneath the rules too; a field that is cleared has none left. */
function defaultsLeft(
  { layers }: ToolOfConnection['tool'],
  patch: Exclude<InputsPatch, { kind: 'clear' }>,
): InputRules | null {
  if (patch.kind === 'defaults' || !layers.defaults) return null;
  const left = Object.entries(layers.defaults).filter(([field]) => !patch.cleared.includes(field));
  return left.length > 0 ? Object.fromEntries(left) : null;
}

/** What is left of a rule when its default or pin is taken away; a hidden field stays hidden. */
function withoutDefault(rule: InputRule): InputRule {
  if (rule.mode === 'hidden') return rule;
  const { mode: _mode, value: _value, secret: _secret, ...rest } = rule;
  return rest;
}

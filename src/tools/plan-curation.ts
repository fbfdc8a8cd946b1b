import { bodyProblem, canonicalJson, type JsonPath, type Problem } from '../kernel/index.ts';
import {
  placeOf,
  type ByField,
  type ByTool,
  type ConnectionPatch,
  type WishedRule,
} from './configuration.ts';
import type { InputRule, InputRules } from './curation.ts';
import { checkInputRules, isSecretField } from './input-rules.ts';
import { getOwn, setOwn } from './own-property.ts';
import { sameJson } from './same-json.ts';
import type { RuleLayers } from './seal-rules.ts';
import { newestDefinition, type Tool } from './tool.ts';

/** What becomes of one tool: values of fields the service calls secret are still to be sealed. */
export type CurationPlan = { tool: Tool; layers: RuleLayers; description: string | null };

/** What a patch makes of a connection's tools, and everything that is wrong with it. Changes nothing. */
export function planCuration(
  tools: readonly Tool[],
  patch: ConnectionPatch,
): { plans: readonly CurationPlan[]; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const names = new Set(tools.map(({ name }) => name));
  for (const part of ['defaults', 'descriptions'] as const) {
    problems.push(...unknownTools(patch[part] ?? {}, names, placeOf[part]));
  }
  problems.push(...unknownTools(patch.inputs?.rules ?? {}, names, placeOf.inputs));
  const plans = tools.map((tool): CurationPlan => {
    const defaults = patch.defaults === undefined ? tool.layers.defaults : wishedDefaults(tool, patch);
    const inputs =
      patch.inputs === undefined ? tool.layers.inputs : wishedInputs(tool, patch.inputs?.rules, problems);
    problems.push(...problemsOf(tool, { inputs, defaults }, patch));
    const description =
      patch.descriptions === undefined
        ? tool.curation.description
        : (getOwn(patch.descriptions ?? {}, tool.name) ?? null);
    return { tool, layers: { inputs, defaults }, description };
  });
  return { plans, problems };
}

/** The names of a selection that no tool has. One that was selected before stays, though its tool be gone. */
export function unknownNames(
  tools: readonly Tool[],
  selected: readonly string[],
  before: readonly string[] | null,
): readonly Problem[] {
  const known = new Set([...tools.map(({ name }) => name), ...(before ?? [])]);
  return selected.flatMap((name, index) =>
    known.has(name) ? [] : [unknownTool([...placeOf.actionFilter, index], name)],
  );
}

const unknownTools = (map: ByTool<unknown>, known: ReadonlySet<string>, path: JsonPath): Problem[] =>
  Object.keys(map)
    .filter((name) => !known.has(name))
    .map((name) => unknownTool([...path, name]));

const unknownTool = (path: JsonPath, input?: string): Problem =>
  bodyProblem(
    'unknown_tool',
    path,
    'The connection has no tool of this name.',
    input === undefined ? {} : { input },
  );

/** Null where the service calls the field secret keeps the sealed value: it is what the field reads as. */
function wishedDefaults(tool: Tool, patch: ConnectionPatch): InputRules | null {
  const rules: Record<string, InputRule> = {};
  for (const [field, value] of Object.entries(getOwn(patch.defaults ?? {}, tool.name) ?? {})) {
    const before = getOwn(tool.layers.defaults ?? {}, field);
    const keeps = value === null && before?.secret !== undefined;
    setOwn(rules, field, keeps ? before : { mode: 'default', value });
  }
  return orNull(rules);
}

function wishedInputs(
  tool: Tool,
  wished: ByTool<ByField<WishedRule>> | undefined,
  problems: Problem[],
): InputRules | null {
  const rules: Record<string, InputRule> = {};
  for (const [field, wish] of Object.entries(getOwn(wished ?? {}, tool.name) ?? {})) {
    const { keepsValue = false, ...rule } = wish;
    const secret = keepsValue ? getOwn(tool.layers.inputs ?? {}, field)?.secret : undefined;
    if (keepsValue && secret === undefined) {
      const path = [...placeOf.inputs, tool.name, field, 'value'];
      problems.push(bodyProblem('value_error', path, 'There is no sealed value here to keep.'));
    }
    setOwn(rules, field, secret === undefined ? rule : { ...rule, secret });
  }
  return orNull(rules);
}

const orNull = (rules: Record<string, InputRule>): InputRules | null =>
  Object.keys(rules).length > 0 ? rules : null;

/** Only what moves is checked: a rule that its service has left behind may stay, stale, where it was. */
function problemsOf(
  tool: Tool,
  { inputs, defaults }: RuleLayers,
  patch: ConnectionPatch,
): readonly Problem[] {
  const schema = tool.definition.inputSchema;
  const check = (rules: InputRules | null, before: InputRules | null, path: JsonPath): readonly Problem[] =>
    checkInputRules(movedRules(rules, before), schema, {
      path: [...path, tool.name],
      newestSchema: newestDefinition(tool).inputSchema,
    });
  return [
    ...check(defaults, tool.layers.defaults, placeOf.defaults),
    ...check(inputs, tool.layers.inputs, placeOf.inputs),
    ...defaultsLeftOut(tool, inputs, defaults, patch),
  ];
}

function movedRules(rules: InputRules | null, before: InputRules | null): InputRules {
  const moved: Record<string, InputRule> = {};
  for (const [field, rule] of Object.entries(rules ?? {})) {
    if (canonicalJson(rule) !== canonicalJson(getOwn(before ?? {}, field) ?? null))
      setOwn(moved, field, rule);
  }
  return moved;
}

/** Defaults that the narrowed enum over them leaves out: told where the patch says the newer of the two. */
function defaultsLeftOut(
  tool: Tool,
  inputs: InputRules | null,
  defaults: InputRules | null,
  patch: ConnectionPatch,
): readonly Problem[] {
  return Object.entries(inputs ?? {}).flatMap(([field, rule]) => {
    const beneath = getOwn(defaults ?? {}, field);
    if (rule.mode !== undefined || !rule.enum || beneath?.value === undefined) return [];
    if (rule.enum.some((allowed) => sameJson(allowed, beneath.value))) return [];
    const path = patch.defaults
      ? [...placeOf.defaults, tool.name, field, 'value']
      : [...placeOf.inputs, tool.name, field, 'enum'];
    return [bodyProblem('wrong_type', path, `The default of "${field}" is not one of its own enum.`)];
  });
}

/**
 * Rules in the words they were written in, without those of secret fields: of these only the rule itself is kept,
 * sealed.
 */
export function keptWords(
  tools: readonly Tool[],
  written: ByTool<ByField<unknown>>,
): Readonly<Record<string, Record<string, unknown>>> {
  const kept: Record<string, Record<string, unknown>> = {};
  for (const tool of tools) {
    const words: Record<string, unknown> = {};
    for (const [field, entry] of Object.entries(getOwn(written, tool.name) ?? {})) {
      if (!isSecretField(tool.definition.inputSchema, field)) setOwn(words, field, entry);
    }
    if (Object.keys(words).length > 0) setOwn(kept, tool.name, words);
  }
  return kept;
}

/** Whether a plan differs from what is in force. A value still to be sealed always does. */
export const isMoved = ({ tool, layers, description }: CurationPlan): boolean =>
  description !== tool.curation.description || canonicalJson(layers) !== canonicalJson(tool.layers);

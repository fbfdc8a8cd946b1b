import {
  bodyProblem,
  canonicalJson,
  isObject,
  type Json,
  type JsonPath,
  type Problem,
} from '../../../../../kernel/index.ts';
import {
  getOwn,
  parseInputRules,
  setOwn,
  type ByField,
  type ConnectionPatch,
  type InputRule,
  type Tool,
  type WishedRule,
} from '../../../../../tools/index.ts';

const overridesPath = ['mcp_parameter_overrides'] as const;
type Entry = { readonly [member: string]: unknown };

/** `{action: {parameter: entry}}` as input rules, and the entries as they were written. */
export function readOverrides(
  given: Entry | null | undefined,
  problems: Problem[],
): ConnectionPatch['inputs'] {
  if (given === undefined || given === null) return given;
  const rules: Record<string, ByField<WishedRule>> = {};
  const written: Record<string, ByField<unknown>> = {};
  for (const [action, fields] of entriesOf(given, overridesPath, problems)) {
    const wished: Record<string, WishedRule> = {};
    const words: Record<string, unknown> = {};
    for (const [field, entry] of entriesOf(fields, [...overridesPath, action], problems)) {
      setOwn(wished, field, readEntry(field, entry, [...overridesPath, action], problems));
      setOwn(words, field, entry);
    }
    setOwn(rules, action, wished);
    setOwn(written, action, words);
  }
  return { rules, written };
}

/** Members that are dictionaries; null stands for none. What is neither is a problem at its place. */
export function entriesOf(given: Entry, path: JsonPath, problems: Problem[]): [string, Entry][] {
  return Object.entries(given).flatMap(([name, value]): [string, Entry][] => {
    if (value === null) return [];
    if (isObject(value)) return [[name, value]];
    // What stands here may be a value that its service calls secret: it is not said again.
    problems.push(bodyProblem('dict_type', [...path, name], 'Input should be a valid dictionary'));
    return [];
  });
}

/** One entry as a rule: `default: x` is a default of x, `hidden: true` is hidden, a sealed value is told by `has_value`. */
function readEntry(field: string, entry: Entry, path: JsonPath, problems: Problem[]): WishedRule {
  const { rule, conflicts } = plainForm(entry);
  const at = [...path, field];
  for (const [member, message] of conflicts)
    problems.push(bodyProblem('value_error', [...at, member], message));
  if (conflicts.length > 0) return {};
  const keepsValue = entry['has_value'] === true && (rule['value'] ?? null) === null;
  // A sealed value that is kept is not sent: the rule is read as if one were, which null always is.
  const read = parseInputRules({ [field]: keepsValue ? { ...rule, value: null } : rule }, path);
  problems.push(...read.problems.map((problem) => ({ ...problem, path: spelled(problem.path, entry) })));
  const { value, ...parsed } = getOwn(read.rules, field) ?? {};
  if (keepsValue) return { ...parsed, keepsValue };
  return value === undefined ? parsed : { ...parsed, value };
}

type Conflict = readonly [member: string, message: string];

/** The entry in the words of an input rule, and where it contradicts itself. */
function plainForm(entry: Entry): { rule: Record<string, Json>; conflicts: readonly Conflict[] } {
  const { default: byDefault, hidden, has_value: hasValue, ...rest } = entry;
  const rule = rest as Record<string, Json>;
  const conflicts: Conflict[] = [];
  const mode = rule['mode'] ?? undefined;
  if (hasValue !== undefined && typeof hasValue !== 'boolean') {
    conflicts.push(['has_value', 'Input should be a valid boolean']);
  }
  if (hidden !== undefined && hidden !== null && typeof hidden !== 'boolean') {
    conflicts.push(['hidden', 'Input should be a valid boolean']);
  }
  if (hidden === true && mode !== undefined && mode !== 'hidden') {
    conflicts.push(['hidden', `A parameter that is hidden cannot have the mode ${JSON.stringify(mode)}.`]);
  }
  if (hidden === false && mode === 'hidden') {
    conflicts.push(['hidden', 'The mode says that the parameter is hidden.']);
  }
  if (byDefault !== undefined) {
    if (hidden === true || (mode !== undefined && mode !== 'default')) {
      conflicts.push([
        'default',
        'A default is a value of the mode "default": give the value in `value` instead.',
      ]);
    }
    if (rule['value'] !== undefined && canonicalJson(rule['value']) !== canonicalJson(byDefault)) {
      conflicts.push(['default', 'The default and the value differ.']);
    }
    rule['mode'] = 'default';
    rule['value'] = byDefault as Json;
  }
  if (hidden === true) rule['mode'] = 'hidden';
  return { rule, conflicts };
}

/** A place in a rule as the entry has it: what was written as `default` is not called `value`. */
function spelled(path: JsonPath, entry: Entry): JsonPath {
  const last = path.at(-1);
  if (last === 'value' && entry['default'] !== undefined && entry['value'] === undefined) {
    return [...path.slice(0, -1), 'default'];
  }
  return last === 'mode' && entry['mode'] === undefined ? [...path.slice(0, -1), 'hidden'] : path;
}

/** The domain's places in this contract's words: a default has no members, an override those that were written. */
export function respelled(problem: Problem, body: { mcp_parameter_overrides?: Entry | null }): Problem {
  const [part, action, field, ...rest] = problem.path;
  if (part === 'default_inputs' && rest[0] === 'value') return { ...problem, path: problem.path.slice(0, 3) };
  if (part !== 'inputs') return problem;
  const fields = getOwn(body.mcp_parameter_overrides ?? {}, String(action));
  const entry = isObject(fields) ? getOwn(fields as Entry, String(field)) : undefined;
  return isObject(entry) ? { ...problem, path: spelled(problem.path, entry) } : problem;
}

/** A tool's rules as overrides: as and in the order they were written while that still says what is in force, else part by part. */
export function writeOverrides(tool: Tool, written: ByField<unknown> | undefined): Record<string, Entry> {
  const shown: Record<string, Entry> = {};
  const rules = tool.layers.inputs ?? {};
  for (const field of new Set([...Object.keys(written ?? {}), ...Object.keys(rules)])) {
    const rule = getOwn(rules, field);
    if (rule === undefined) continue;
    const words = getOwn(written ?? {}, field);
    setOwn(shown, field, isObject(words) && says(words, field, rule) ? words : writeRule(rule));
  }
  return shown;
}

function says(words: Entry, field: string, rule: InputRule): boolean {
  const problems: Problem[] = [];
  const read = readEntry(field, words, [], problems);
  return problems.length === 0 && canonicalJson(read) === canonicalJson(rule);
}

/** A sealed value is only said to be there. */
export const writeRule = ({ secret, ...rule }: InputRule): Entry =>
  secret === undefined ? { ...rule } : { ...rule, value: null, has_value: true };

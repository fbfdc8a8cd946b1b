import { Fault, isObject, type Json } from '../kernel/index.ts';
import type { InputRule, InputRules } from './curation.ts';
import type { ExtraParameter } from './extend-definition.ts';
import { getOwn, setOwn } from './own-property.ts';

/** Old values, as text, to new ones. */
export type ValueMap = ReadonlyMap<string, Json>;

/** Values as text, by the field's name after the step. */
export type ValueSets = ReadonlyMap<string, ReadonlySet<string>>;

/** What one step does to the input fields of one tool: fields are renamed, then values of renamed fields mapped. */
export type FieldStep = {
  renames: ReadonlyMap<string, string>;
  values: ReadonlyMap<string, ValueMap>;
  /** New values that several old ones have become, or may have. */
  joined?: ValueSets;
  /** Old values that become several: which, nobody can tell. */
  parted?: ValueSets;
};

/** What became of one tool: its bare name now, and what happened to its fields, in order. */
export type ToolCarry = { name: string; steps: readonly FieldStep[] };

/** What became of a connection's tools, by the bare names they had. */
export type Carry = ReadonlyMap<string, ToolCarry>;

/** A value as the text by which maps name it: what it says, or the JSON of a number or a boolean. */
export const textOfValue = (value: Json): string | null =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? JSON.stringify(value)
      : null;

export function carryValue(value: Json, values: ValueMap | undefined): Json {
  if (!values || values.size === 0) return value;
  if (Array.isArray(value)) return value.map((one: Json) => carryValue(one, values));
  const text = textOfValue(value);
  return text === null ? value : (values.get(text) ?? value);
}

/**
 * Renames the keys of what is said by field, and carries each of them. Fault `conflict` where two would become one:
 * something would be lost, and nobody has said which.
 */
function carryFields<Value>(
  fields: Readonly<Record<string, Value>>,
  { renames, values }: FieldStep,
  carryOne: (value: Value, values: ValueMap | undefined) => Value,
): Readonly<Record<string, Value>> {
  const carried: Record<string, Value> = {};
  for (const [field, value] of Object.entries(fields)) {
    const name = renames.get(field) ?? field;
    if (getOwn(carried, name) !== undefined) throw collision('fields', name);
    setOwn(carried, name, carryOne(value, values.get(name)));
  }
  return carried;
}

export const collision = (what: 'tools' | 'fields', name: string): Fault =>
  new Fault(
    'conflict',
    `The migration makes one of two ${what}, “${name}”, and what was said of them would run together. Nothing was changed.`,
    { code: 'migration_collision' },
  );

function carryRule(rule: InputRule, values: ValueMap | undefined): InputRule {
  if (!values) return rule;
  return {
    ...rule,
    ...(rule.value === undefined ? {} : { value: carryValue(rule.value, values) }),
    ...(rule.enum === undefined ? {} : { enum: distinct(rule.enum.map((one) => carryValue(one, values))) }),
  };
}

const distinct = (list: readonly Json[]): readonly Json[] => [
  ...new Map(list.map((one) => [JSON.stringify(one), one])).values(),
];

/** Rules as they are for the fields' new names and values; sealed values stay as they are. */
export function carryRules(rules: InputRules | null, steps: readonly FieldStep[]): InputRules | null {
  return rules && steps.reduce((carried, step) => carryFields(carried, step, carryRule), rules);
}

/** Rules in the words some contract wrote them in: the same members, and `default` beside `value`. */
export function carryWrittenRules(
  rules: Readonly<Record<string, unknown>>,
  steps: readonly FieldStep[],
): Readonly<Record<string, unknown>> {
  return steps.reduce((carried, step) => carryFields(carried, step, carryWritten), rules);
}

function carryWritten(rule: unknown, values: ValueMap | undefined): unknown {
  if (!isObject(rule) || !values) return rule;
  const carried: Record<string, Json> = { ...rule };
  for (const key of ['value', 'default', 'enum']) {
    const value = getOwn(rule, key);
    if (value !== undefined) carried[key] = carryValue(value, values);
  }
  return carried;
}

/** An author's further parameters move with a field they stand behind, or they would come out from behind it. */
export function carryParameters(
  parameters: readonly ExtraParameter[],
  steps: readonly FieldStep[],
): readonly ExtraParameter[] {
  return steps.reduce<readonly ExtraParameter[]>(
    (carried, { renames }) =>
      carried.map((parameter) => ({ ...parameter, name: renames.get(parameter.name) ?? parameter.name })),
    parameters,
  );
}

/**
 * A list of bare names after the tools' names moved. A name that no tool had, and one has now, is left out: nothing
 * widens by itself.
 */
export function carryNames(names: readonly string[], carry: Carry): readonly string[] {
  const taken = new Set([...carry.values()].map(({ name }) => name));
  return names.flatMap((name) => {
    const moved = carry.get(name);
    if (moved) return [moved.name];
    return taken.has(name) ? [] : [name];
  });
}

/** What is said by bare name, after the tools' names moved; what nobody's name any more would fall to another is left out. */
export function carryByName<Value>(
  said: Readonly<Record<string, Value>>,
  carry: Carry,
  carryOne: (value: Value, steps: readonly FieldStep[]) => Value,
): Readonly<Record<string, Value>> {
  const carried: Record<string, Value> = {};
  for (const [name, value] of Object.entries(said)) {
    const [moved] = carryNames([name], carry);
    if (moved !== undefined) setOwn(carried, moved, carryOne(value, carry.get(name)?.steps ?? []));
  }
  return carried;
}

import {
  bodyProblem,
  isObject,
  type Json,
  type JsonPath,
  type JsonSchema,
  type Problem,
} from '../kernel/index.ts';
import type { InputRule, InputRules } from './curation.ts';
import { declaredFields, fieldSchema, requiresField } from './field-schema.ts';
import { getOwn, setOwn } from './own-property.ts';
import { sameJson } from './same-json.ts';
import { compileSchema, fitsDepth } from './schema-validator.ts';
import { resolveRef, visitSchemas } from './schema-walk.ts';

const maxRules = 500;
const maxEnum = 1_000;
const maxText = { title: 200, description: 4_000 } as const;
const known = new Set(['mode', 'value', 'enum', 'title', 'description']);
const modes = ['default', 'pinned', 'hidden'];

/**
 * Reads input rules as they come in a request: `{field: InputRule or null}`. `cleared` names the fields sent
 * as null. Every problem is listed, each with its place below `path`.
 */
export function parseInputRules(
  value: unknown,
  path: JsonPath,
): { rules: InputRules; cleared: readonly string[]; problems: readonly Problem[] } {
  const rules: Record<string, InputRule> = {};
  const cleared: string[] = [];
  if (!isObject(value)) {
    return {
      rules,
      cleared,
      problems: [bodyProblem('dict_type', path, 'Input should be a valid dictionary')],
    };
  }
  if (Object.keys(value).length > maxRules) {
    return {
      rules,
      cleared,
      problems: [bodyProblem('too_long', path, `There may be at most ${maxRules} rules.`)],
    };
  }
  const problems: Problem[] = [];
  for (const [field, rule] of Object.entries(value)) {
    if (rule === null) cleared.push(field);
    else if (isObject(rule)) setOwn(rules, field, parseRule(rule, [...path, field], problems));
    else problems.push(bodyProblem('dict_type', [...path, field], 'Input should be a valid dictionary'));
  }
  return { rules, cleared, problems };
}

function parseRule(value: { readonly [key: string]: Json }, path: JsonPath, problems: Problem[]): InputRule {
  const rule: InputRule = {};
  const report = (type: string, key: string, message: string, ctx?: Record<string, unknown>): void => {
    problems.push(bodyProblem(type, [...path, key], message, ctx ? { ctx } : {}));
  };
  for (const key of Object.keys(value)) {
    if (!known.has(key)) report('extra_forbidden', key, 'Extra inputs are not permitted');
  }
  const own = (key: string): Json | undefined => getOwn(value, key);
  const mode = own('mode') ?? undefined;
  if (mode !== undefined) {
    if (modes.includes(mode as string)) rule.mode = mode as NonNullable<InputRule['mode']>;
    else {
      const expected = "'default', 'pinned' or 'hidden'";
      report('literal_error', 'mode', `Input should be ${expected}`, { expected });
    }
  }
  const given = own('value');
  if (given !== undefined) {
    if (!fitsDepth(given, 64)) report('value_error', 'value', 'The value is nested deeper than 64 levels.');
    else rule.value = given;
    if (mode === undefined)
      report('value_error', 'value', 'A value needs a mode: default, pinned or hidden.');
  } else if (rule.mode === 'default' || rule.mode === 'pinned') report('missing', 'value', 'Field required');
  const narrowed = own('enum') ?? undefined;
  if (narrowed !== undefined) {
    if (!Array.isArray(narrowed)) report('list_type', 'enum', 'Input should be a valid list');
    else if (narrowed.length === 0) report('too_short', 'enum', 'At least one value has to stay.');
    else if (narrowed.length > maxEnum) report('too_long', 'enum', `There may be at most ${maxEnum} values.`);
    else if (!fitsDepth(narrowed, 64))
      report('value_error', 'enum', 'A value is nested deeper than 64 levels.');
    else rule.enum = narrowed as readonly Json[];
  }
  for (const key of ['title', 'description'] as const) {
    const text = own(key) ?? undefined;
    if (text === undefined) continue;
    if (typeof text !== 'string') report('string_type', key, 'Input should be a valid string');
    else if (text.length > maxText[key]) {
      const ctx = { max_length: maxText[key] };
      report('string_too_long', key, `String should have at most ${maxText[key]} characters`, ctx);
    } else rule[key] = text;
  }
  return rule;
}

export type CheckOptions = {
  /** Where the rules stand in the request body. */
  path?: JsonPath;
  /** The newest definition seen: pins have to fit it too. */
  newestSchema?: JsonSchema | null;
  /** Rules of the connection that a pack's rules lie on. */
  beneath?: InputRules | null;
};

/**
 * Checks rules against what the service says about each field: every offending field is listed. Sealed
 * values were checked before they were sealed.
 */
export function checkInputRules(
  rules: InputRules,
  schema: JsonSchema,
  options: CheckOptions = {},
): readonly Problem[] {
  const { path = [], newestSchema = null, beneath = null } = options;
  const problems: Problem[] = [];
  for (const [field, rule] of Object.entries(rules)) {
    const at = [...path, field];
    const found = checkRule(rule, field, schema, at);
    const pins = rule.mode === 'pinned' || (rule.mode === 'hidden' && hasValue(rule));
    if (found.length === 0 && pins && newestSchema && newestSchema !== schema) {
      found.push(...checkRule(rule, field, newestSchema, at));
    }
    const sent = hasValue(rule) || hasValue((beneath && getOwn(beneath, field)) ?? {});
    if (found.length === 0 && rule.mode === 'hidden' && !sent && requiresField(schema, field)) {
      found.push(
        bodyProblem('value_error', at, `"${field}" is required by the service: hide it with a value.`),
      );
    }
    problems.push(...found);
  }
  return problems;
}

export const hasValue = (rule: InputRule): boolean => rule.value !== undefined || rule.secret !== undefined;

function checkRule(rule: InputRule, field: string, schema: JsonSchema, at: JsonPath): Problem[] {
  if (!declaredFields(schema).has(field)) {
    return [bodyProblem('unknown_field', at, `The tool has no field "${field}".`)];
  }
  const compiled = compileSchema(fieldSchema(schema, field) ?? {});
  if (!compiled.ok) return [bodyProblem('wrong_type', [...at, 'value'], compiled.reason)];
  const problems: Problem[] = [];
  if (rule.value !== undefined) {
    const [wrong] = compiled.validate(rule.value);
    const input = isSecretField(schema, field) ? {} : { input: rule.value };
    if (wrong) {
      problems.push(
        bodyProblem(
          'wrong_type',
          [...at, 'value'],
          `The value for "${field}" does not fit: ${wrong.message}`,
          input,
        ),
      );
    } else if (rule.enum && !rule.enum.some((allowed) => sameJson(allowed, rule.value))) {
      problems.push(
        bodyProblem(
          'wrong_type',
          [...at, 'value'],
          `The value for "${field}" is not one of its own enum.`,
          input,
        ),
      );
    }
  }
  const wider = rule.enum?.filter((allowed) => compiled.validate(allowed).length > 0) ?? [];
  if (wider.length > 0) {
    const message = `The enum of "${field}" may only be narrower than the service's: ${JSON.stringify(wider[0])} is not allowed there.`;
    problems.push(bodyProblem('wrong_type', [...at, 'enum'], message));
  }
  return problems;
}

/** Whether the service calls a field a secret: `format: password` or `writeOnly`, anywhere in what describes it. */
export function isSecretField(schema: JsonSchema, field: string): boolean {
  const own = fieldSchema(schema, field);
  if (!own) return false;
  const { $defs, ...wrapper } = own;
  return says({ ...wrapper, $defs: $defs! }, wrapper, new Set());
}

function says(root: JsonSchema, schema: Json, seen: Set<string>): boolean {
  let secret = false;
  visitSchemas(schema, (node) => {
    if (node.format === 'password' || node.writeOnly === true) secret = true;
    if (typeof node.$ref === 'string' && !seen.has(node.$ref)) {
      seen.add(node.$ref);
      const target = resolveRef(root, node.$ref);
      if (target !== undefined && says(root, target, seen)) secret = true;
    }
  });
  return secret;
}

/** How many fields have a default, and how many are always sent as the operator set them. */
export function countRules(rules: InputRules | null): { defaultCount: number; pinnedCount: number } {
  const all = Object.values(rules ?? {});
  return {
    defaultCount: all.filter((rule) => rule.mode === 'default').length,
    pinnedCount: all.filter((rule) => rule.mode === 'pinned' || (rule.mode === 'hidden' && hasValue(rule)))
      .length,
  };
}

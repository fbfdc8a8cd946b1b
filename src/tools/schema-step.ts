import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import type { Step } from './response-path.ts';
import { resolveRef } from './schema-walk.ts';

/** What a schema says about one step further in: a schema (true: anything), false: cannot be there. */
export type Beyond = Json;
const undeclared = Symbol('undeclared');
type Answer = Beyond | typeof undeclared;
const maxHops = 32;
const maxForms = 64;

/**
 * The schema of what one step leads to, through references, `allOf` and unions.
 * `strict`: a member that an object with declared members does not declare counts as not there, unless
 * `additionalProperties` says otherwise in so many words. Without it, JSON Schema's own meaning: anything.
 */
export function stepInto(root: JsonSchema, schema: Json, step: Step, strict: boolean): Beyond {
  const answer = answerTo(root, schema, step, strict, 0);
  return answer === undeclared ? !strict : answer;
}

function answerTo(root: JsonSchema, schema: Json, step: Step, strict: boolean, hops: number): Answer {
  if (schema === false) return false;
  if (!isObject(schema) || hops > maxHops) return true;
  const parts: Answer[] = [own(schema, step)];
  if (typeof schema.$ref === 'string') {
    const target = resolveRef(root, schema.$ref);
    parts.push(target === undefined ? true : answerTo(root, target, step, strict, hops + 1));
  }
  if (Array.isArray(schema.allOf)) {
    for (const branch of schema.allOf as Json[]) parts.push(answerTo(root, branch, step, strict, hops + 1));
  }
  for (const keyword of ['anyOf', 'oneOf']) {
    const branches = schema[keyword];
    if (!Array.isArray(branches)) continue;
    if (branches.length > maxForms) parts.push(true);
    else
      parts.push(
        either(
          branches.map((branch: Json) => answerTo(root, branch, step, strict, hops + 1)),
          strict,
        ),
      );
  }
  return both(parts);
}

function both(parts: readonly Answer[]): Answer {
  if (parts.includes(false)) return false;
  const said = parts.filter((part) => part !== true && part !== undeclared);
  if (said.length > 1) return { allOf: said as Json[] };
  if (said.length === 1) return said[0]!;
  return parts.includes(undeclared) ? undeclared : true;
}

function either(forms: readonly Answer[], strict: boolean): Answer {
  const possible = forms.filter((form) => form !== false && !(strict && form === undeclared));
  if (possible.length === 0) return forms.includes(undeclared) ? undeclared : false;
  if (possible.includes(true) || possible.includes(undeclared)) return true;
  return possible.length === 1 ? possible[0]! : { anyOf: possible as Json[] };
}

function own(schema: JsonSchema, step: Step): Answer {
  const kind = typeof step === 'string' ? 'object' : 'array';
  if (schema.type !== undefined && ![schema.type].flat().includes(kind)) return false;
  if (Array.isArray(schema.enum) || schema.const !== undefined) return true;
  return kind === 'object' ? member(schema, step as string) : element(schema, step as number | null);
}

function member(schema: JsonSchema, name: string): Answer {
  const { properties, additionalProperties: others } = schema;
  if (isObject(properties) && Object.hasOwn(properties, name)) {
    // A pattern may say more about it: less is said here, which is never wrong.
    return properties[name]!;
  }
  if (isObject(schema.patternProperties) && Object.keys(schema.patternProperties).length > 0) return true;
  if (others === false) return false;
  if (others === true || isObject(others)) return others;
  return isObject(properties) && Object.keys(properties).length > 0 ? undeclared : true;
}

function element(schema: JsonSchema, index: number | null): Answer {
  const first = Array.isArray(schema.prefixItems) ? (schema.prefixItems as Json[]) : [];
  const rest = schema.items === undefined || Array.isArray(schema.items) ? true : schema.items;
  if (index !== null) return index < first.length ? first[index]! : rest;
  if (first.length === 0) return rest;
  return either([...first, rest], false);
}

/** Whether every value of the schema is of that type. */
export function surely(root: JsonSchema, schema: Json, type: 'object' | 'array', hops = 0): boolean {
  if (!isObject(schema) || hops > maxHops) return false;
  if (schema.type === type) return true;
  if (typeof schema.$ref === 'string') {
    const target = resolveRef(root, schema.$ref);
    if (target !== undefined && surely(root, target, type, hops + 1)) return true;
  }
  if (Array.isArray(schema.allOf) && schema.allOf.some((part: Json) => surely(root, part, type, hops + 1)))
    return true;
  return ['anyOf', 'oneOf'].some((keyword) => {
    const forms = schema[keyword];
    return (
      Array.isArray(forms) &&
      forms.length > 0 &&
      forms.every((form: Json) => surely(root, form, type, hops + 1))
    );
  });
}

/** Whether every object of the schema has that member. */
export function surelyHas(root: JsonSchema, schema: Json, name: string, hops = 0): boolean {
  if (!isObject(schema) || hops > maxHops) return false;
  if (Array.isArray(schema.required) && (schema.required as Json[]).includes(name)) return true;
  if (typeof schema.$ref === 'string') {
    const target = resolveRef(root, schema.$ref);
    if (target !== undefined && surelyHas(root, target, name, hops + 1)) return true;
  }
  return (
    Array.isArray(schema.allOf) && schema.allOf.some((part: Json) => surelyHas(root, part, name, hops + 1))
  );
}

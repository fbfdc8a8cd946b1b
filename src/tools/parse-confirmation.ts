import {
  bodyProblem,
  isObject,
  safePattern,
  type Json,
  type JsonPath,
  type JsonSchema,
  type Problem,
} from '../kernel/index.ts';
import type { Condition, Confirmation } from './curation.ts';
import { isUndeclared, partsOf } from './confirmation.ts';
import { getOwn } from './own-property.ts';
import { parseResponsePath } from './response-path.ts';

const operators = ['eq', 'ne', 'gt', 'lt', 'in', 'matches', 'present'] as const;
const mostConditions = 50;
const longestPattern = 1_000;
const longestList = 1_000;

/** What is wrong with a condition's value. */
type Wrong = { type: string; message: string };
type Fail = (type: string, at: JsonPath, message: string) => null;

/** Reads when a tool asks, as it comes in a request; every problem is listed, and nothing is read if there is any. */
export function parseConfirmation(
  value: unknown,
  path: JsonPath,
): { confirmation: Confirmation | null; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const fail: Fail = (type, at, message) => {
    problems.push(bodyProblem(type, at, message));
    return null;
  };
  if (typeof value === 'boolean' || value === null) return { confirmation: value, problems };
  const written = value as Json;
  if (!isObject(written)) {
    fail('value_error', path, 'Input should be true, false, null or an object of conditions');
    return { confirmation: null, problems };
  }
  const given = Object.keys(written);
  const [kind, ...others] = given.filter((key) => key === 'any' || key === 'all');
  for (const key of given) {
    if (key !== 'any' && key !== 'all') {
      fail('extra_forbidden', [...path, key], 'Extra inputs are not permitted');
    }
  }
  if (kind === undefined || others.length > 0) {
    fail('value_error', path, 'Conditions are one list: any or all');
    return { confirmation: null, problems };
  }
  const conditions = readConditions(getOwn(written, kind), [...path, kind], fail);
  if (problems.length > 0) return { confirmation: null, problems };
  return { confirmation: kind === 'any' ? { any: conditions } : { all: conditions }, problems };
}

/** Conditions about fields that the tool does not have: they would never be met. */
export function checkConfirmation(
  confirmation: Confirmation | null,
  schema: JsonSchema,
  path: JsonPath,
): readonly Problem[] {
  if (confirmation === null || typeof confirmation === 'boolean') return [];
  const { conditions, every } = partsOf(confirmation);
  return conditions.flatMap((condition, index) =>
    isUndeclared(condition.path, schema)
      ? [
          bodyProblem(
            'unknown_field',
            [...path, every ? 'all' : 'any', index, 'path'],
            `The tool has no field that "${condition.path.slice(0, 100)}" begins with.`,
          ),
        ]
      : [],
  );
}

function readConditions(list: unknown, at: JsonPath, fail: Fail): readonly Condition[] {
  if (!Array.isArray(list)) fail('list_type', at, 'Input should be a valid list');
  else if (list.length === 0) fail('too_short', at, 'There is at least one condition.');
  else if (list.length > mostConditions)
    fail('too_long', at, `There are at most ${mostConditions} conditions.`);
  else return list.flatMap((item: unknown, index) => readCondition(item, [...at, index], fail) ?? []);
  return [];
}

function readCondition(item: unknown, at: JsonPath, fail: Fail): Condition | null {
  if (!isObject(item as Json)) return fail('dict_type', at, 'Input should be a valid dictionary');
  const written = item as { readonly [key: string]: Json };
  for (const key of Object.keys(written)) {
    if (!['path', 'op', 'value'].includes(key)) {
      fail('extra_forbidden', [...at, key], 'Extra inputs are not permitted');
    }
  }
  const path = getOwn(written, 'path');
  const op = operators.find((one) => one === getOwn(written, 'op'));
  const value = getOwn(written, 'value');
  if (path === undefined) fail('missing', [...at, 'path'], 'Field required');
  else if (typeof path !== 'string') fail('string_type', [...at, 'path'], 'Input should be a valid string');
  else {
    const parsed = parseResponsePath(path);
    if (!parsed.ok) fail('value_error', [...at, 'path'], parsed.reason);
  }
  if (op === undefined) {
    const wrong = getOwn(written, 'op') === undefined ? 'missing' : 'literal_error';
    const message = wrong === 'missing' ? 'Field required' : `Input should be one of ${operators.join(', ')}`;
    return fail(wrong, [...at, 'op'], message);
  }
  const problem = valueProblem(op, value);
  if (problem) return fail(problem.type, [...at, 'value'], problem.message);
  return { path: path as string, op, ...(value === undefined ? {} : { value }) };
}

function valueProblem(op: Condition['op'], value: Json | undefined): Wrong | null {
  if (op === 'present') {
    const fits = value === undefined || typeof value === 'boolean';
    return fits ? null : { type: 'bool_type', message: 'Input should be a valid boolean' };
  }
  if (value === undefined) return { type: 'missing', message: 'Field required' };
  if (op === 'gt' || op === 'lt') {
    return typeof value === 'number'
      ? null
      : { type: 'float_type', message: 'Input should be a valid number' };
  }
  if (op === 'in') {
    if (!Array.isArray(value)) return { type: 'list_type', message: 'Input should be a valid list' };
    return value.length <= longestList
      ? null
      : { type: 'too_long', message: `A list has at most ${longestList} values.` };
  }
  if (op === 'matches') return patternProblem(value);
  return null;
}

function patternProblem(value: Json): Wrong | null {
  if (typeof value !== 'string') return { type: 'string_type', message: 'Input should be a valid string' };
  if (value.length > longestPattern) {
    return { type: 'string_too_long', message: `A pattern has at most ${longestPattern} characters.` };
  }
  try {
    safePattern(value, 'u');
    return null;
  } catch {
    return { type: 'value_error', message: 'This is no regular expression.' };
  }
}

import { bodyProblem, isObject, type Json, type JsonPath, type Problem } from '../kernel/index.ts';
import type { ExtraParameter } from './extend-definition.ts';
import { getOwn } from './own-property.ts';
import { compileSchema, fitsDepth } from './schema-validator.ts';
import { readMembers, type Members } from './read-members.ts';

const places = ['path', 'query', 'header', 'body'] as const;
const types = ['string', 'number', 'integer', 'boolean', 'array', 'object'] as const;
export const mostParameters = 50;
const mostValues = 200;

/** Parameters in the places where they were written; null: not readable. */
export type ReadParameters = readonly (ExtraParameter | null)[];

/** Parameters as a request writes them. Every problem is listed, each with its place below `path`. */
export function parseParameters(
  value: unknown,
  path: JsonPath,
): { parameters: ReadParameters; problems: readonly Problem[] } {
  const listed = listOf(value, mostParameters, path);
  if ('problem' in listed) return { parameters: [], problems: [listed.problem] };
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const parameters = listed.items.map((item, index) => {
    const parameter = parseParameter(item, [...path, index], problems);
    if (!parameter) return null;
    // Names of headers are the same in any case, and fields of one input are better told apart by more than that.
    const name = parameter.name.toLowerCase();
    if (seen.has(name)) {
      problems.push(bodyProblem('value_error', [...path, index, 'name'], 'Another parameter has this name.'));
    }
    seen.add(name);
    return parameter;
  });
  return { parameters, problems };
}

/** The members of a list that may not be longer than `most`. */
export function listOf(
  value: unknown,
  most: number,
  path: JsonPath,
): { items: readonly unknown[] } | { problem: Problem } {
  if (!Array.isArray(value))
    return { problem: bodyProblem('list_type', path, 'Input should be a valid list') };
  if (value.length <= most) return { items: value };
  const message = `List should have at most ${most} items after validation, not ${value.length}`;
  const ctx = { field_type: 'List', max_length: most, actual_length: value.length };
  return { problem: bodyProblem('too_long', path, message, { ctx }) };
}

function parseParameter(value: unknown, path: JsonPath, problems: Problem[]): ExtraParameter | null {
  const read = readMembers(value, path, ['name', 'in', 'type', 'required', 'description', 'enum']);
  const name = read.text('name', { max: 64, pattern: '^[a-zA-Z0-9_.-]+$' });
  const place = read.oneOf('in', places);
  const type = read.oneOf('type', types);
  const required = read.flag('required');
  const description = read.optionalText('description', 4_000);
  const values = type === null ? null : readEnum(read, type);
  if (name === '__proto__') read.report('value_error', 'name', 'This name is not allowed.');
  if (place === 'path' && required === false) {
    read.report('value_error', 'required', 'A part of the path is always required.');
  }
  if (place === 'path' && (type === 'array' || type === 'object')) {
    read.report('value_error', 'type', 'A part of the path is text, a number or a boolean.');
  }
  problems.push(...read.problems);
  if (read.problems.length > 0 || name === null || place === null || type === null) return null;
  return {
    name,
    in: place,
    type,
    ...(required === null ? {} : { required }),
    ...(description === null ? {} : { description }),
    ...(values === null ? {} : { enum: values }),
  };
}

function readEnum(read: Members, type: ExtraParameter['type']): readonly Json[] | null {
  const value = read.own('enum');
  if (value === undefined) return null;
  if (!Array.isArray(value)) return read.report('list_type', 'enum', 'Input should be a valid list');
  const values = value as readonly Json[];
  if (values.length === 0) return read.report('too_short', 'enum', 'There is no value to choose from.');
  if (values.length > mostValues) {
    return read.report('too_long', 'enum', `There may be at most ${mostValues} values.`);
  }
  if (!fitsDepth(values, 16)) {
    return read.report('value_error', 'enum', 'A value is nested deeper than 16 levels.');
  }
  const fits = compileSchema({ type });
  values.forEach((one, index) => {
    if (fits.ok && fits.validate(one).length > 0) {
      read.problems.push(
        bodyProblem('wrong_type', [...read.path, 'enum', index], `This is no ${type}.`, { input: one }),
      );
    }
  });
  return values;
}

/** Parameters by the name of the tool they are for, as a request writes them. */
export function parseParametersByTool(
  value: unknown,
  path: JsonPath,
): { byTool: ReadonlyMap<string, ReadParameters>; problems: readonly Problem[] } {
  const byTool = new Map<string, ReadParameters>();
  if (value === null) return { byTool, problems: [] };
  if (!isObject(value)) {
    return { byTool, problems: [bodyProblem('dict_type', path, 'Input should be a valid dictionary')] };
  }
  const problems: Problem[] = [];
  for (const tool of Object.keys(value)) {
    const { parameters, problems: found } = parseParameters(getOwn(value, tool), [...path, tool]);
    problems.push(...found);
    byTool.set(tool, parameters);
  }
  return { byTool, problems };
}

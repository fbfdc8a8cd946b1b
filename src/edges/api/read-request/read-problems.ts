import type { z } from '@hono/zod-openapi';
import type { Problem, ProblemPlace } from '../../../kernel/index.ts';
import type { IssueParams } from './fields.ts';
import { mayShow, ownProperty, schemaAt } from './schema-places.ts';

type Said = { type: string; message: string; ctx?: Record<string, unknown> };

/** What zod found, as the domain's problems, in the order of the schema's fields. */
export function readProblems(
  issues: readonly z.core.$ZodIssue[],
  place: ProblemPlace,
  schema: z.core.$ZodType,
  value: unknown,
): Problem[] {
  return issues.flatMap((issue) => problemsOf(issue, place, schema, value));
}

function problemsOf(
  issue: z.core.$ZodIssue,
  place: ProblemPlace,
  schema: z.core.$ZodType,
  value: unknown,
): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      type: 'extra_forbidden',
      place,
      path: [...path, key],
      message: 'Extra inputs are not permitted',
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const nearest = nearestBranch(issue.errors);
    return nearest.flatMap((inner) =>
      problemsOf({ ...inner, path: [...issue.path, ...inner.path] }, place, schema, value),
    );
  }
  const parent = path.length === 0 ? undefined : valueAt(value, path.slice(0, -1));
  const input = valueAt(value, path);
  if (input === undefined && issue.code !== 'custom') {
    const shown = place === 'body' ? parent : null;
    const showable = place !== 'body' || mayShow(schema, path.slice(0, -1), parent);
    return [
      {
        type: 'missing',
        place,
        path,
        message: 'Field required',
        ...(showable ? { input: shown ?? null } : {}),
      },
    ];
  }
  const said = sayIssue(issue, input, schemaAt(schema, path));
  const problem: Problem = { type: said.type, place, path, message: said.message };
  if (input !== undefined && mayShow(schema, path, input)) problem.input = input;
  if (said.ctx) problem.ctx = said.ctx;
  return [problem];
}

/** The branch the sender most likely meant: the one that got furthest in. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(0, ...issues.map((issue) => issue.path.length));
  return branches.reduce((best, branch) => (depth(branch) > depth(best) ? branch : best));
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const part of path) at = ownProperty(at, part);
  return at;
}

function sayIssue(issue: z.core.$ZodIssue, input: unknown, schema: z.core.$ZodType | null): Said {
  switch (issue.code) {
    case 'invalid_type':
      return sayType(issue.expected, input, schema);
    case 'invalid_value': {
      const expected = alternatives(issue.values.map((each) => `'${String(each)}'`));
      return { type: 'literal_error', message: `Input should be ${expected}`, ctx: { expected } };
    }
    case 'too_small':
      return sayTooSmall(issue, input);
    case 'too_big':
      return sayTooBig(issue, input);
    case 'invalid_format': {
      const pattern = issue.pattern?.replace(/^\/|\/[a-z]*$/g, '');
      if (pattern === undefined || issue.format !== 'regex') {
        return { type: 'value_error', message: `Input should be a valid ${issue.format}` };
      }
      const message = `String should match pattern '${pattern}'`;
      return { type: 'string_pattern_mismatch', message, ctx: { pattern } };
    }
    case 'custom': {
      const params = issue.params as IssueParams | undefined;
      return {
        type: params?.type ?? 'value_error',
        message: issue.message,
        ...(params?.ctx ? { ctx: params.ctx } : {}),
      };
    }
    case 'not_multiple_of': {
      const ctx = { multiple_of: Number(issue.divisor) };
      return { type: 'multiple_of', message: `Input should be a multiple of ${ctx.multiple_of}`, ctx };
    }
    case 'invalid_union': {
      if (!('options' in issue) || !issue.options) {
        return { type: 'value_error', message: 'Input is not valid' };
      }
      const expected = alternatives(issue.options.map((each) => `'${String(each)}'`));
      return { type: 'literal_error', message: `Input should be ${expected}`, ctx: { expected } };
    }
    case 'invalid_key':
    case 'invalid_element':
    case 'unrecognized_keys':
      return { type: 'value_error', message: 'Input is not valid' };
  }
}

function alternatives(texts: readonly string[]): string {
  return texts.length < 2 ? (texts[0] ?? '') : `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`;
}

function sayType(expected: string, input: unknown, schema: z.core.$ZodType | null): Said {
  if (expected === 'int' || (expected === 'number' && isIntegerSchema(schema))) {
    return typeof input === 'number'
      ? {
          type: 'int_from_float',
          message: 'Input should be a valid integer, got a number with a fractional part',
        }
      : { type: 'int_type', message: 'Input should be a valid integer' };
  }
  const said: Record<string, Said> = {
    string: { type: 'string_type', message: 'Input should be a valid string' },
    number: { type: 'float_type', message: 'Input should be a valid number' },
    boolean: { type: 'bool_type', message: 'Input should be a valid boolean' },
    array: { type: 'list_type', message: 'Input should be a valid list' },
    record: { type: 'dict_type', message: 'Input should be a valid dictionary' },
    object: {
      type: 'model_attributes_type',
      message: 'Input should be a valid dictionary or object to extract fields from',
    },
  };
  return said[expected] ?? { type: 'value_error', message: `Input should be a valid ${expected}` };
}

function isIntegerSchema(schema: z.core.$ZodType | null): boolean {
  return (schema as { format?: string } | null)?.format?.includes('int') ?? false;
}

function sayTooSmall(issue: z.core.$ZodIssueTooSmall, input: unknown): Said {
  const bound = Number(issue.minimum);
  if (issue.origin === 'string') {
    const message = `String should have at least ${bound} ${bound === 1 ? 'character' : 'characters'}`;
    return { type: 'string_too_short', message, ctx: { min_length: bound } };
  }
  if (issue.origin === 'array') {
    const actual = Array.isArray(input) ? input.length : 0;
    const message = `List should have at least ${bound} ${bound === 1 ? 'item' : 'items'} after validation, not ${actual}`;
    return {
      type: 'too_short',
      message,
      ctx: { field_type: 'List', min_length: bound, actual_length: actual },
    };
  }
  return issue.inclusive === false
    ? { type: 'greater_than', message: `Input should be greater than ${bound}`, ctx: { gt: bound } }
    : {
        type: 'greater_than_equal',
        message: `Input should be greater than or equal to ${bound}`,
        ctx: { ge: bound },
      };
}

function sayTooBig(issue: z.core.$ZodIssueTooBig, input: unknown): Said {
  const bound = Number(issue.maximum);
  if (issue.origin === 'string') {
    const message = `String should have at most ${bound} ${bound === 1 ? 'character' : 'characters'}`;
    return { type: 'string_too_long', message, ctx: { max_length: bound } };
  }
  if (issue.origin === 'array') {
    const actual = Array.isArray(input) ? input.length : 0;
    const message = `List should have at most ${bound} ${bound === 1 ? 'item' : 'items'} after validation, not ${actual}`;
    return {
      type: 'too_long',
      message,
      ctx: { field_type: 'List', max_length: bound, actual_length: actual },
    };
  }
  return issue.inclusive === false
    ? { type: 'less_than', message: `Input should be less than ${bound}`, ctx: { lt: bound } }
    : {
        type: 'less_than_equal',
        message: `Input should be less than or equal to ${bound}`,
        ctx: { le: bound },
      };
}

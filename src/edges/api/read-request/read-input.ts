import type { z } from '@hono/zod-openapi';
import {
  Fault,
  parseStrictJson,
  unstorablePath,
  type Json,
  type Problem,
  type ProblemPlace,
} from '../../../kernel/index.ts';
import { assertJson, decodeUtf8 } from './read-body.ts';
import { readProblems } from './read-problems.ts';
import { prototypeKeys } from './schema-places.ts';

export type Sent = {
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  contentType: string | undefined;
  /** Null where the route takes no body. */
  body: Buffer | null;
};

export type Expected = {
  params?: z.ZodType;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** An empty body stands for `{}`. */
  bodyOptional?: boolean;
  /** What is asked for is done: a dry run that the route does not know is refused, and not left out. */
  changes?: boolean;
};

export type Input = { params: unknown; query: unknown; body: unknown };

const unstorable = 'Text must be well-formed Unicode without NUL characters';

/**
 * Path, query and body against what the route expects. One Fault `invalid` with every problem at once, the
 * path's before the query's before the body's.
 */
export function readInput(sent: Sent, expected: Expected): Input {
  const problems: Problem[] = [];
  const check = (place: ProblemPlace, schema: z.ZodType | undefined, value: unknown): unknown => {
    if (!schema) return undefined;
    const bad = unstorablePath(value as Json);
    if (bad) {
      problems.push({ type: 'value_error', place, path: bad, message: unstorable });
      return undefined;
    }
    const result = schema.safeParse(value);
    const found = result.success ? [] : readProblems(result.error.issues, place, schema, value);
    for (const path of prototypeKeys(schema, value)) {
      if (found.some((problem) => problem.path.join('\n') === path.join('\n'))) continue;
      found.push({ type: 'extra_forbidden', place, path, message: 'Extra inputs are not permitted' });
    }
    problems.push(...found);
    return result.data;
  };
  if (expected.changes && sent.query.has('dry_run') && !expected.query?.shape['dry_run']) {
    const message = 'This has no dry run, and nothing was done';
    problems.push({ type: 'extra_forbidden', place: 'query', path: ['dry_run'], message });
  }
  const params = check('path', expected.params, sent.params);
  const query = check('query', expected.query, queryFields(sent.query, expected.query));
  const body = expected.body ? check('body', expected.body, parseBody(sent, expected)) : undefined;
  if (problems.length > 0) {
    throw new Fault('invalid', problems[0]!.message, { problems: problems.slice(0, 100) });
  }
  return { params, query, body };
}

function parseBody(sent: Sent, expected: Expected): Json | undefined {
  if (!sent.body || sent.body.length === 0) return expected.bodyOptional ? {} : undefined;
  assertJson(sent.contentType);
  return parseStrictJson(decodeUtf8(sent.body));
}

/** The fields a route knows; the last one counts where one is repeated. Others are nobody's and are left. */
function queryFields(query: URLSearchParams, schema: z.ZodObject | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of Object.keys(schema?.shape ?? {})) {
    const value = query.getAll(name).at(-1);
    if (value !== undefined) fields[name] = value;
  }
  return fields;
}

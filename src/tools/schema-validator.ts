import { createHash } from 'node:crypto';
import addFormatsModule from 'ajv-formats';
import { Ajv2020, type AnySchemaObject, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import {
  canonicalJson,
  isObject,
  resetPatternWork,
  safePattern,
  type Json,
  type JsonSchema,
} from '../kernel/index.ts';
import { normalizeSchema } from './normalize-schema.ts';
import { schemaProblem, type SchemaProblem } from './schema-problem.ts';

export type { SchemaProblem } from './schema-problem.ts';

/** `validate` answers what is wrong with a value, nothing when it fits; it never throws. */
export type CompiledSchema =
  { ok: true; validate: (value: unknown) => readonly SchemaProblem[] } | { ok: false; reason: string };

/** Bytes of JSON, levels of JSON. */
export type SchemaLimits = { maxBytes?: number; maxDepth?: number };

const defaultLimits = { maxBytes: 256 * 1024, maxDepth: 128 };
const maxProblems = 20;
/** Above this many values only the first problem is looked for. */
const maxValuesForAll = 2_000;
/** References followed in one validation: a schema that refers to itself can ask for exponentially many. */
const maxSteps = 200_000;
let steps = 0;

class TooMuchWork extends Error {}

const none: readonly SchemaProblem[] = [];
// The package's own type of its CommonJS default export is one level off under nodenext.
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => Ajv2020;

function makeAjv(allErrors: boolean): Ajv2020 {
  const ajv = new Ajv2020({
    strict: false,
    allErrors,
    ownProperties: true,
    inlineRefs: 20,
    logger: false,
    code: { regExp: Object.assign(safePattern, { code: 'safePattern' }) as never },
  });
  addFormats(ajv);
  ajv.addKeyword({
    keyword: 'toolcribStep',
    schema: false,
    validate: () => {
      if (++steps > maxSteps) throw new TooMuchWork();
      return true;
    },
  });
  // The library compares every item with every other one.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: readonly unknown[]) =>
      !wanted || new Set(items.map(canonicalJson)).size === items.length,
  });
  return ajv;
}

const quick = makeAjv(false);
let thorough: Ajv2020 | null = null;

function compileWith(ajv: Ajv2020, schema: AnySchemaObject): ValidateFunction {
  try {
    return ajv.compile(schema);
  } finally {
    ajv.removeSchema(schema);
  }
}

/**
 * Compiles a service's JSON Schema 2020-12 once per content. A schema that is too large, too deep, invalid or
 * refers outside itself is answered as not ok, with the reason in a sentence.
 */
export function compileSchema(schema: JsonSchema | boolean, limits: SchemaLimits = {}): CompiledSchema {
  const { maxBytes, maxDepth } = { ...defaultLimits, ...limits };
  if (!fitsDepth(schema, maxDepth)) {
    return { ok: false, reason: `The schema is nested deeper than ${maxDepth} levels.` };
  }
  const text = canonicalJson(schema);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes)
    return { ok: false, reason: `The schema has ${bytes} bytes; the limit is ${maxBytes}.` };
  const key = createHash('sha256').update(text).digest('base64');
  const known = compiled.get(key);
  if (known) {
    compiled.delete(key);
    compiled.set(key, known);
    return known.result;
  }
  const result = compileNew(schema);
  remember(key, { result, bytes });
  return result;
}

function compileNew(schema: JsonSchema | boolean): CompiledSchema {
  const normal = normalizeSchema(schema);
  let first: ValidateFunction;
  try {
    first = compileWith(quick, normal);
  } catch (error) {
    return { ok: false, reason: `The schema cannot be used: ${(error as Error).message.slice(0, 300)}.` };
  }
  let all: ValidateFunction | null = null;
  const validate = (value: unknown): readonly SchemaProblem[] => {
    steps = 0;
    resetPatternWork();
    try {
      if (first(value)) return none;
      if (countValues(value) > maxValuesForAll) return problemsOf(first.errors);
      all ??= compileWith((thorough ??= makeAjv(true)), normal);
      steps = 0;
      all(value);
      return problemsOf(all.errors);
    } catch {
      return [{ path: [], keyword: 'work', message: 'The value is too involved to be checked.' }];
    } finally {
      first.errors = null;
      if (all) all.errors = null;
    }
  };
  return { ok: true, validate };
}

function problemsOf(errors: readonly ErrorObject[] | null | undefined): readonly SchemaProblem[] {
  const problems = new Map<string, SchemaProblem>();
  for (const error of errors ?? []) {
    if (problems.size >= maxProblems) break;
    const problem = schemaProblem(error);
    if (problem && !problems.has(problem.message)) problems.set(problem.message, problem);
  }
  return problems.size > 0
    ? [...problems.values()]
    : [{ path: [], keyword: 'schema', message: 'The value does not fit the schema.' }];
}

function countValues(value: unknown, limit = maxValuesForAll): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 1;
  for (const part of Object.values(value)) {
    count += countValues(part, limit - count);
    if (count > limit) break;
  }
  return count;
}

/** Whether JSON is nested at most `levels` deep. */
export function fitsDepth(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels <= 0) return false;
  if (Array.isArray(value)) return value.every((item: Json) => fitsDepth(item, levels - 1));
  return !isObject(value) || Object.values(value).every((item) => fitsDepth(item, levels - 1));
}

/** Least recently used first: a Map keeps the order of insertion. */
const compiled = new Map<string, { result: CompiledSchema; bytes: number }>();
const maxKept = 20_000;
const maxKeptBytes = 64 * 1024 * 1024;
let keptBytes = 0;

function remember(key: string, entry: { result: CompiledSchema; bytes: number }): void {
  compiled.set(key, entry);
  keptBytes += entry.bytes;
  for (const [oldest, { bytes }] of compiled) {
    if (compiled.size <= maxKept && keptBytes <= maxKeptBytes) break;
    compiled.delete(oldest);
    keptBytes -= bytes;
  }
}

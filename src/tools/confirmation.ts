import type { Connection } from '../connections/index.ts';
import type { Definition } from '../connectors/index.ts';
import { SealedValue, type Arguments } from '../drivers/index.ts';
import {
  canonicalJson,
  isObject,
  resetPatternWork,
  safePattern,
  type Json,
  type JsonSchema,
} from '../kernel/index.ts';
import type { Condition, Conditions, Confirmation } from './curation.ts';
import { declaredFields } from './field-schema.ts';
import { looksLike, looseName } from './look-alike.ts';
import { parseResponsePath, type Step } from './response-path.ts';
import { sameJson } from './same-json.ts';
import type { Tool } from './tool.ts';

/** Whether a call with these final arguments asks a person first. */
export type Asks = (args: Arguments) => boolean;

/**
 * When calls of a tool ask: as the tool says, else as its connection says (whose `true` is about everything that
 * writes), else as the connector's author says.
 */
export function confirmationOf(
  { curation, definition }: Pick<Tool, 'curation' | 'definition'>,
  connection: Pick<Connection, 'requiresConfirmation'>,
): Confirmation {
  if (curation.requiresConfirmation !== null) return curation.requiresConfirmation;
  if (connection.requiresConfirmation === null) return definition.confirm;
  return connection.requiresConfirmation && (definition.effect !== 'read' || definition.confirm);
}

/**
 * Compiles a setting; null: never asks. What cannot be told asks: a field the service no longer has, a sealed value, a
 * number that is none, something else where a path goes on, a pattern too costly to run, a key that could be taken for
 * a field of a condition.
 */
export function compileConfirmation(
  confirmation: Confirmation,
  definition: Pick<Definition, 'inputSchema'>,
): Asks | null {
  if (confirmation === false) return null;
  if (confirmation === true) return () => true;
  const { conditions, every } = partsOf(confirmation);
  const declared = declaredFields(definition.inputSchema);
  const checks = conditions.map((condition) => compileCondition(condition, declared));
  const watched = new Map(
    conditions.flatMap(({ path }) => {
      const field = topField(path);
      return field === null ? [] : [[looseName(field), field] as const];
    }),
  );
  return (args) => {
    resetPatternWork();
    const odd = Object.keys(args).some((key) => !declared.has(key) && looksLike(key, watched) !== null);
    if (odd) return true;
    return every ? checks.every((holds) => holds(args)) : checks.some((holds) => holds(args));
  };
}

export function partsOf(conditions: Conditions): { conditions: readonly Condition[]; every: boolean } {
  return 'all' in conditions
    ? { conditions: conditions.all, every: true }
    : { conditions: conditions.any, every: false };
}

/** The input field a condition's path begins with; null for a path that begins with none. */
export function topField(path: string): string | null {
  const parsed = parseResponsePath(path);
  const [first] = parsed.ok ? parsed.steps : [];
  return typeof first === 'string' ? first : null;
}

/** The tool's schema has no such field: no call could ever meet the condition. */
export const isUndeclared = (path: string, schema: JsonSchema): boolean => {
  const field = topField(path);
  return field === null || !declaredFields(schema).has(field);
};

function compileCondition(condition: Condition, declared: ReadonlySet<string>): Asks {
  const parsed = parseResponsePath(condition.path);
  const field = topField(condition.path);
  if (!parsed.ok || field === null || !declared.has(field)) return () => true;
  const holds = compileOperator(condition);
  return (args) => {
    const top = Object.hasOwn(args, field) ? args[field]! : undefined;
    if (top instanceof SealedValue) return condition.op !== 'present' || holds(['***']);
    const found = valuesAt(args as { [field: string]: Json }, parsed.steps);
    const told = found.filter((one) => one !== astray);
    return (told.length < found.length && condition.op !== 'present') || holds(told);
  };
}

/** A condition over what stands at its path: it holds where it holds for one of the values. */
function compileOperator({ op, value = null }: Condition): (found: readonly Json[]) => boolean {
  switch (op) {
    case 'present':
      return (found) => found.length > 0 === (value ?? true);
    case 'eq':
      return (found) => found.some((one) => sameJson(one, value));
    case 'ne':
      return (found) => found.length === 0 || found.some((one) => !sameJson(one, value));
    case 'in': {
      const list = new Set((value as readonly Json[]).map((one) => canonicalJson(one)));
      return (found) => found.some((one) => list.has(canonicalJson(one)));
    }
    case 'gt':
      return (found) => found.some((one) => !(numberOf(one) <= (value as number)));
    case 'lt':
      return (found) => found.some((one) => !(numberOf(one) >= (value as number)));
    case 'matches': {
      const pattern = safePattern(value as string, 'u');
      return (found) => found.some((one) => typeof one !== 'string' || pattern.test(one));
    }
  }
}

/** NaN for what is no number: it compares with nothing, and so asks. */
function numberOf(value: Json): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/** Stands for what a path meets where it cannot go on: a text where it goes through a list, say. */
const astray = Symbol('astray');

function valuesAt(value: Json | undefined, steps: readonly Step[]): readonly (Json | typeof astray)[] {
  if (value === undefined) return [];
  const [step, ...rest] = steps;
  if (step === undefined) return [value];
  if (value === null) return [];
  if (typeof step === 'string') {
    if (!isObject(value)) return [astray];
    return Object.hasOwn(value, step) ? valuesAt(value[step], rest) : [];
  }
  if (!Array.isArray(value)) return [astray];
  const list = value as readonly Json[];
  return step === null ? list.flatMap((one) => valuesAt(one, rest)) : valuesAt(list[step], rest);
}

import type { Definition } from '../connectors/index.ts';
import { SealedValue, type Arguments } from '../drivers/index.ts';
import { isObject, type Json, type JsonObject, type JsonSchema } from '../kernel/index.ts';
import type { InputRule, InputRules } from './curation.ts';
import { declaredFields } from './field-schema.ts';
import { hasValue } from './input-rules.ts';
import { usableDefaults, validatorsOf, type FieldValue, type RuledField } from './input-validators.ts';
import { looksLike, looseName, nearestName } from './look-alike.ts';
import { setOwn } from './own-property.ts';
import { sameJson } from './same-json.ts';
import type { SchemaProblem } from './schema-validator.ts';

export type ShapeRefusal =
  | 'pinned' // the agent sent a field the operator fixed
  | 'hidden' // or one it does not see
  | 'forbidden_key' // or a key that could be taken for one, or `__proto__`
  | 'narrowed' // a value outside the operator's enum
  | 'invalid' // the service's own schema refuses the arguments
  | 'unknown_field' // the service has no such field and would drop it
  | 'pin_vanished' // the service no longer has a pinned field
  | 'pin_invalid'; // the operator's own value no longer fits

export type Shaped =
  | {
      ok: true;
      arguments: Arguments;
      /** The same as plain JSON, sealed values as `***`: for `sent`, approvals and logs. */
      validated: JsonObject;
      /** Defaults that no longer fit the service and were not sent. */
      staleDefaults: readonly string[];
    }
  | {
      ok: false;
      reason: ShapeRefusal;
      field: string | null;
      message: string;
      problems?: readonly SchemaProblem[];
    };

export type Shape = (args: unknown) => Shaped;

export type ShapeOptions = {
  /** Refuse top-level fields the schema does not declare. By default so for HTTP, where they would be dropped. */
  closed?: boolean;
  /** The newest definition seen, if newer than the accepted one: a pin it lacks blocks the call, a stale default is dropped. */
  newestSchema?: JsonSchema | null;
};

type UsableDefaults = {
  defaults: readonly RuledField[];
  /** Those that fit what was accepted and not what the service says now. */
  unsent: readonly RuledField[];
  stale: readonly string[];
};

const maxDepth = 128;

/**
 * Prepares `{...defaults, ...agent's, ...pins}` for one tool. Compile once per change of definition or rules;
 * validators are compiled at the first call. The function never throws and keeps nothing.
 */
export function compileInput(
  definition: Pick<Definition, 'inputSchema' | 'binding'>,
  rules: InputRules | null,
  options: ShapeOptions = {},
): Shape {
  const schema = definition.inputSchema;
  const closed = options.closed ?? definition.binding.kind === 'http';
  const declared = declaredFields(schema);
  const newest = options.newestSchema ? declaredFields(options.newestSchema) : declared;
  const all: RuledField[] = Object.entries(rules ?? {}).map(([field, rule]) => ({
    field,
    rule,
    value: valueOf(rule),
  }));
  const fixed = new Map(all.filter(isFixed).map((entry) => [entry.field, entry]));
  const pins = [...fixed.values()].filter((entry) => entry.value !== undefined);
  const defaults = all.filter(({ rule, value }) => rule.mode === 'default' && value !== undefined);
  const narrowed = new Map(
    all.flatMap(({ field, rule }) => (rule.enum && !fixed.has(field) ? [[field, rule.enum]] : [])),
  );
  const guarded = new Map([...fixed.keys(), ...narrowed.keys()].map((field) => [looseName(field), field]));
  const visible = [...declared].filter((field) => !fixed.has(field));
  const vanished = pins.find(({ field }) => !declared.has(field) || !newest.has(field));
  const validators = validatorsOf(schema);
  let usable: UsableDefaults | null = null;

  function splitDefaults(): UsableDefaults {
    const now = usableDefaults(schema, defaults, declared);
    if (!options.newestSchema) return { ...now, unsent: [] };
    const { defaults: kept, stale } = usableDefaults(options.newestSchema, now.defaults, newest);
    const unsent = now.defaults.filter((entry) => !kept.includes(entry));
    return { defaults: kept, unsent, stale: [...now.stale, ...stale] };
  }

  function shape(args: unknown): Shaped {
    if (vanished) {
      return refuse('pin_vanished', vanished.field, `pinned field ${vanished.field} no longer exists`);
    }
    if (args !== undefined && !isObject(args)) {
      return refuse('invalid', null, 'The arguments must be an object.');
    }
    const sent = args ?? {};
    const trap = forbidden(sent, maxDepth);
    if (trap)
      return refuse(
        trap === 'deep' ? 'invalid' : 'forbidden_key',
        trap === 'deep' ? null : '__proto__',
        traps[trap],
      );
    const keys = Object.keys(sent);
    for (const key of keys) {
      const refusal = refuseKey(key, sent[key]!);
      if (refusal) return refusal;
    }
    usable ??= splitDefaults();
    const made: Record<string, FieldValue> = {};
    const plain: Record<string, Json> = {};
    const put = (field: string, value: FieldValue): void => {
      setOwn(made, field, value);
      setOwn(plain, field, value instanceof SealedValue ? '***' : value);
    };
    const sealed: string[] = [];
    for (const { field, value } of usable.defaults) {
      if (Object.hasOwn(sent, field)) continue;
      put(field, value!);
      if (value instanceof SealedValue) sealed.push(field);
    }
    for (const key of keys) put(key, sent[key]!);
    for (const { field, value } of pins) {
      put(field, value!);
      if (value instanceof SealedValue) sealed.push(field);
    }
    // The accepted schema may still ask for what the service no longer takes: it counts as given, and is not sent.
    const unsent = usable.unsent.filter(({ field }) => !Object.hasOwn(sent, field));
    for (const { field, value } of unsent) {
      put(field, value!);
      if (value instanceof SealedValue) sealed.push(field);
    }
    const problems = validators(sealed)(plain);
    if (problems.length > 0) return invalidArguments(problems);
    for (const { field } of unsent) {
      delete made[field];
      delete plain[field];
    }
    return { ok: true, arguments: made, validated: plain, staleDefaults: usable.stale };
  }

  function refuseKey(key: string, value: Json): Shaped | null {
    const entry = fixed.get(key);
    if (entry) {
      const own = entry.rule.value;
      if (own !== undefined && sameJson(own, value)) return null;
      const reason = entry.rule.mode === 'hidden' ? 'hidden' : 'pinned';
      return refuse(
        reason,
        key,
        `"${shown(key)}" is set by the operator of this tool: call it without "${shown(key)}".`,
      );
    }
    const allowed = narrowed.get(key);
    if (allowed && !allowed.some((one) => sameJson(one, value))) {
      const list = allowed.slice(0, 10).map((one) => JSON.stringify(one));
      return refuse(
        'narrowed',
        key,
        `"${shown(key)}" must be one of ${list.join(', ') || 'no value at all'}.`,
      );
    }
    if (declared.has(key)) return null;
    const taken = guarded.size > 0 ? looksLike(key, guarded) : null;
    if (taken !== null) {
      return refuse(
        'forbidden_key',
        taken,
        `"${shown(key)}" could be taken for "${shown(taken)}", which the operator of this tool has restricted.`,
      );
    }
    if (!closed) return null;
    const near = nearestName(key, visible);
    const hint = near === null ? '' : ` Did you mean "${shown(near)}"?`;
    return refuse('unknown_field', key, `"${shown(key)}" is not a field of this tool.${hint}`);
  }

  function invalidArguments(problems: readonly SchemaProblem[]): Shaped {
    const [first] = problems;
    const pinned = problems.find(({ path }) => typeof path[0] === 'string' && fixed.has(path[0]));
    if (pinned && pinned === first) {
      const field = pinned.path[0] as string;
      return refuse(
        'pin_invalid',
        field,
        `The value the operator set for "${shown(field)}" no longer fits the service.`,
      );
    }
    const field = typeof first?.path[0] === 'string' ? first.path[0] : null;
    const others = problems.filter(({ path }) => typeof path[0] !== 'string' || !fixed.has(path[0]));
    return {
      ok: false,
      reason: 'invalid',
      field,
      message: others.map(({ message }) => message).join(' '),
      problems: others,
    };
  }
  return shape;
}

const traps = {
  proto: '"__proto__" cannot be sent.',
  deep: `The arguments are nested deeper than ${maxDepth} levels.`,
} as const;

function refuse(reason: ShapeRefusal, field: string | null, message: string): Shaped {
  return { ok: false, reason, field, message };
}

const isFixed = ({ rule }: RuledField): boolean => rule.mode === 'pinned' || rule.mode === 'hidden';
const shown = (name: string): string => (name.length > 100 ? `${name.slice(0, 100)}…` : name);

function valueOf(rule: InputRule): FieldValue | undefined {
  if (!hasValue(rule) || rule.mode === undefined) return undefined;
  return rule.secret === undefined ? rule.value : new SealedValue(rule.secret);
}

function forbidden(value: Json, levels: number): keyof typeof traps | null {
  if (typeof value !== 'object' || value === null) return null;
  if (levels === 0) return 'deep';
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) {
      if (typeof item !== 'object') continue;
      const inner = forbidden(item, levels - 1);
      if (inner) return inner;
    }
    return null;
  }
  if (Object.hasOwn(value, '__proto__')) return 'proto';
  for (const item of Object.values(value as Record<string, Json>)) {
    if (typeof item !== 'object') continue;
    const inner = forbidden(item, levels - 1);
    if (inner) return inner;
  }
  return null;
}

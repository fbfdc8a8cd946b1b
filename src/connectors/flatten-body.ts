import { hiddenNames, isHidden } from './hidden-members.ts';
import type { SchemaPool } from './schema-pool.ts';
import type { RawObject } from './read-document.ts';
import { follow, isRaw } from './resolve-reference.ts';

/** An object body taken apart: what lies beside the parameters in the tool's input. */
export type FlatBody = {
  /** Member name to its schemas, more than one where `allOf` describes it repeatedly. */
  members: ReadonlyMap<string, readonly unknown[]>;
  required: ReadonlySet<string>;
  /** Alternatives between the members: each only asks for some or narrows some. */
  choices: readonly { keyword: 'anyOf' | 'oneOf'; branches: readonly RawObject[] }[];
  /** Whether the document speaks of further members, which a flat input cannot offer. */
  isOpen: boolean;
};

type Parts = {
  members: Map<string, unknown[]>;
  required: Set<string>;
  choices: { keyword: 'anyOf' | 'oneOf'; branches: RawObject[] }[];
  isOpen: boolean;
  /** A schema met again adds nothing; this also keeps circles and doubling references cheap. */
  seen: Set<RawObject>;
};

/** Keywords that say something a list of members cannot carry. */
const tooMuch = ['if', 'then', 'else', 'not', 'patternProperties', 'dependentSchemas', 'dependentRequired', 'propertyNames', 'unevaluatedProperties', 'const', 'enum']; // prettier-ignore
const maxDepth = 16;

/**
 * Takes an object schema apart, through `$ref` and `allOf`. Answers null where the body is no object, has
 * no declared members, or says more about them than can be said flat: it stays one field then.
 */
export function flattenBody(pool: SchemaPool, schema: unknown): FlatBody | null {
  const parts: Parts = {
    members: new Map(),
    required: new Set(),
    choices: [],
    isOpen: false,
    seen: new Set(),
  };
  if (!collect(pool, schema, parts, 0) || parts.members.size === 0) return null;
  const names = new Set(parts.members.keys());
  for (const name of hiddenIn(pool, schema)) {
    parts.members.delete(name);
    parts.required.delete(name);
  }
  if (parts.members.size === 0) return null;
  for (const { branches } of parts.choices) {
    if (!branches.every((branch) => narrowsOnly(branch, names))) return null;
  }
  for (const name of parts.required) if (!parts.members.has(name)) parts.members.set(name, [{}]);
  return parts;
}

function hiddenIn(pool: SchemaPool, schema: unknown): readonly string[] {
  return hiddenNames(pool.context, follow(pool.context.root, schema, 'The schema of its body'));
}

function collect(pool: SchemaPool, schema: unknown, parts: Parts, depth: number): boolean {
  if (depth > maxDepth || !isRaw(schema)) return false;
  const raw = follow(pool.context.root, schema, 'The schema of its body');
  if (parts.seen.has(raw)) return true;
  parts.seen.add(raw);
  if (raw !== schema && Object.keys(schema).some((key) => tooMuch.includes(key) || key === 'properties'))
    return false;
  const type = raw['type'];
  if (type !== undefined && type !== 'object' && !(Array.isArray(type) && type.includes('object')))
    return false;
  if (tooMuch.some((keyword) => raw[keyword] !== undefined)) return false;
  if (isRaw(raw['additionalProperties']) || raw['additionalProperties'] === true) parts.isOpen = true;
  for (const [name, member] of Object.entries(isRaw(raw['properties']) ? raw['properties'] : {})) {
    if (name === '__proto__' || isHidden(pool.context, member)) continue;
    const list = parts.members.get(name);
    if (list) list.push(member);
    else parts.members.set(name, [member]);
  }
  for (const name of Array.isArray(raw['required']) ? raw['required'] : []) {
    if (typeof name === 'string' && name !== '__proto__') parts.required.add(name);
  }
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const list = raw[keyword];
    if (!Array.isArray(list) || list.length === 0) continue;
    if (!list.every(isRaw)) return false;
    parts.choices.push({ keyword, branches: list });
  }
  const all: readonly unknown[] = Array.isArray(raw['allOf']) ? raw['allOf'] : [];
  return all.every((part) => collect(pool, part, parts, depth + 1));
}

const narrowing = new Set(['required', 'properties', 'title', 'description', 'type', 'additionalProperties']);

/** A branch that only speaks of members we already have keeps its meaning beside parameters. */
function narrowsOnly(branch: RawObject, names: ReadonlySet<string>): boolean {
  if (!Object.keys(branch).every((key) => narrowing.has(key))) return false;
  if (branch['type'] !== undefined && branch['type'] !== 'object') return false;
  if (branch['additionalProperties'] !== undefined && branch['additionalProperties'] !== true) return false;
  const properties = branch['properties'] === undefined ? {} : branch['properties'];
  const required = branch['required'] === undefined ? [] : branch['required'];
  if (!isRaw(properties) || !Array.isArray(required)) return false;
  return [...Object.keys(properties), ...required].every(
    (name) => typeof name === 'string' && names.has(name),
  );
}

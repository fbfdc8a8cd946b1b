import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { sameJson } from './same-json.ts';
import { setOwn } from './own-property.ts';

const maxDepth = 12;
const maxMembers = 100;
const maxElements = 50;

/**
 * The shape of replies, learned from one more of them: types only, no value. Answers `previous` itself when
 * the sample adds nothing. Members that look like data (ids, addresses, dates) are merged into one
 * `additionalProperties`, since their names would be values. Beyond a depth of 12, anything goes.
 */
export function learnSchema(previous: JsonSchema | null, sample: Json): JsonSchema {
  const learned = shapeOf(sample, 0);
  if (!previous) return learned;
  const merged = merge(previous, learned);
  return sameJson(merged, previous) ? previous : merged;
}

function shapeOf(value: Json, depth: number): JsonSchema {
  if (depth >= maxDepth) return {};
  if (value === null) return { type: 'null' };
  if (Array.isArray(value)) {
    const shapes = value.slice(0, maxElements).map((item: Json) => shapeOf(item, depth + 1));
    const more = value.length > maxElements;
    const [first, ...rest] = shapes;
    if (!first) return { type: 'array' };
    return { type: 'array', items: more && rest.length === 0 ? {} : rest.reduce(merge, first) };
  }
  if (isObject(value)) return objectShape(value, depth);
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'integer' : 'number' };
  return { type: typeof value };
}

/** A name that is rather a value: an id, a number, an address, a date, or just very long. */
function looksLikeData(name: string): boolean {
  return (
    name.length > 64 ||
    /^\d|\d{4}|[@/\s]|^[0-9a-f]{8}-|^__proto__$/i.test(name) ||
    !/^[\p{L}_$][\w$.:-]*$/u.test(name)
  );
}

function objectShape(value: { readonly [key: string]: Json }, depth: number): JsonSchema {
  const entries = Object.entries(value);
  const asMap = entries.length > maxMembers;
  const properties: Record<string, Json> = {};
  let others: JsonSchema | null = null;
  for (const [name, member] of entries) {
    const shape = shapeOf(member, depth + 1);
    if (asMap || looksLikeData(name)) others = others ? merge(others, shape) : shape;
    else setOwn(properties, name, shape);
  }
  const schema: Record<string, Json> = { type: 'object' };
  if (Object.keys(properties).length > 0) schema.properties = properties;
  if (others) schema.additionalProperties = others;
  return schema;
}

const typesOf = (schema: JsonSchema): string[] => [schema.type ?? []].flat().map(String);
const isOpen = (schema: JsonSchema): boolean => schema.type === undefined;

function merge(left: JsonSchema, right: JsonSchema): JsonSchema {
  if (left === right) return left;
  if (isOpen(left) || isOpen(right)) return {};
  const types = new Set([...typesOf(left), ...typesOf(right)]);
  if (types.has('number')) types.delete('integer');
  const all = [...types].sort();
  const schema: Record<string, Json> = { type: all.length === 1 ? all[0]! : all };
  const items = mergeOptional(left.items, right.items);
  if (items !== null) schema.items = items;
  let others = mergeOptional(left.additionalProperties, right.additionalProperties);
  const properties: Record<string, Json> = {};
  const ours = isObject(left.properties) ? left.properties : {};
  const theirs = isObject(right.properties) ? right.properties : {};
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  for (const name of names) {
    const member = mergeOptional(own(ours, name), own(theirs, name))!;
    if (names.size > maxMembers) others = mergeOptional(others ?? undefined, member);
    else setOwn(properties, name, member);
  }
  if (Object.keys(properties).length > 0) schema.properties = properties;
  if (others !== null) schema.additionalProperties = others;
  return schema;
}

const own = (members: JsonSchema, name: string): Json | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined;

function mergeOptional(left: Json | undefined, right: Json | undefined): JsonSchema | null {
  if (isObject(left) && isObject(right)) return merge(left, right);
  if (isObject(left)) return left;
  return isObject(right) ? right : null;
}

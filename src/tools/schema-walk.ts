import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { setOwn } from './own-property.ts';

const single = new Set(
  'additionalProperties propertyNames unevaluatedProperties items additionalItems unevaluatedItems contains not if then else contentSchema'.split(
    ' ',
  ),
);
const listed = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems', 'items']);
const named = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

const isSchema = (value: Json): boolean => typeof value === 'boolean' || isObject(value);

/**
 * A copy of a schema with every direct subschema replaced by `change(subschema)`. Knows which keywords hold
 * schemas, so that a property called `items` or a `default` that looks like a schema is left alone.
 */
export function mapSubschemas(schema: JsonSchema, change: (subschema: Json) => Json): JsonSchema {
  const copy: { [keyword: string]: Json } = {};
  for (const [keyword, value] of Object.entries(schema)) {
    setOwn(copy, keyword, mapKeyword(keyword, value, change));
  }
  return copy;
}

function mapKeyword(keyword: string, value: Json, change: (subschema: Json) => Json): Json {
  if (Array.isArray(value)) {
    return listed.has(keyword) ? value.map((item: Json) => (isSchema(item) ? change(item) : item)) : value;
  }
  if (single.has(keyword)) return isSchema(value) ? change(value) : value;
  if (!named.has(keyword) || !isObject(value)) return value;
  const copy: { [name: string]: Json } = {};
  for (const [name, subschema] of Object.entries(value)) {
    setOwn(copy, name, isSchema(subschema) ? change(subschema) : subschema);
  }
  return copy;
}

/** Calls `visit` for a schema and every schema within it; `visit` answers false to leave out what is below. */
export function visitSchemas(schema: Json, visit: (schema: JsonSchema) => boolean | void): void {
  if (!isObject(schema) || visit(schema) === false) return;
  mapSubschemas(schema, (subschema) => {
    visitSchemas(subschema, visit);
    return subschema;
  });
}

/** A copy with every `$ref` (and `$dynamicRef`) rewritten. */
export function rewriteRefs(schema: Json, rewrite: (ref: string) => string): Json {
  if (!isObject(schema)) return schema;
  const copy = mapSubschemas(schema, (subschema) => rewriteRefs(subschema, rewrite)) as Record<string, Json>;
  if (typeof copy.$ref === 'string') copy.$ref = rewrite(copy.$ref);
  return copy;
}

/** One step of a JSON pointer inside a `$ref`. */
export const pointerStep = (name: string): string =>
  encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'));

/** The value a local reference (`#`, `#/$defs/Issue`) points at; undefined when it leads nowhere. */
export function resolveRef(root: JsonSchema, ref: string): Json | undefined {
  if (ref === '#') return root;
  if (!ref.startsWith('#/')) return undefined;
  let place: Json | undefined = root;
  for (const step of ref.slice(2).split('/')) {
    const name = decodeStep(step);
    if (name === null || typeof place !== 'object' || place === null) return undefined;
    if (Array.isArray(place)) place = /^\d+$/.test(name) ? (place as Json[])[Number(name)] : undefined;
    else place = Object.hasOwn(place, name) ? (place as JsonSchema)[name] : undefined;
  }
  return place;
}

/** The name one step of a pointer stands for; null when it is no legal escape. */
export function decodeStep(step: string): string | null {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return null;
  }
}

/**
 * Follows a reference to a schema that is not itself only a reference: that schema and the reference that
 * leads to it. Null when it goes round in a circle or leads nowhere.
 */
export function followRef(root: JsonSchema, ref: string): { schema: Json; ref: string } | null {
  let next = ref;
  for (let hops = 0; hops < 32; hops++) {
    const target = resolveRef(root, next);
    if (target === undefined) return null;
    if (!isObject(target) || typeof target.$ref !== 'string' || Object.keys(target).length > 1) {
      return { schema: target, ref: next };
    }
    next = target.$ref;
  }
  return null;
}

import { canonicalJson, isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { resolveRef } from './schema-walk.ts';

/** Keywords that say something about a schema and refuse no value. */
export const annotations: ReadonlySet<string> = new Set([
  'title',
  'description',
  '$comment',
  'examples',
  'example',
  'deprecated',
  'default',
  'readOnly',
  'writeOnly',
]);

/** Keywords that only name a schema, or keep others for references to point at. */
const names = new Set(['$defs', 'definitions', '$id', '$schema', '$vocabulary']);
const deepest = 32;

type Form = Readonly<Record<string, Json>>;

/**
 * One schema, not what lies below it, in the form in which two are compared: its reference followed, a lone
 * `allOf` taken in, `const` as an `enum`, `type` as a list, a union of bare types as those types.
 */
export function schemaForm(root: JsonSchema, schema: Json | undefined, depth = 0): Form | false {
  if (schema === false) return false;
  if (!isObject(schema)) return {};
  let form: Record<string, Json> = Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !names.has(keyword)),
  );
  if (typeof form['id'] === 'string') delete form['id'];
  if (depth > deepest) return form;
  if (typeof form['$ref'] === 'string') {
    const target = resolveRef(root, form['$ref']);
    if (target !== undefined) {
      const { $ref: _ref, ...beside } = form;
      form = take(root, beside, target, depth);
    }
  }
  const { allOf, ...outside } = form;
  if (Array.isArray(allOf) && allOf.length === 1) form = take(root, outside, allOf[0] as Json, depth);
  return typesTogether(simplified(form));
}

/** A schema with what stands beside a reference to another: beside it, unless both speak of the same keyword. */
function take(root: JsonSchema, beside: Form, target: Json, depth: number): Record<string, Json> {
  const inner = schemaForm(root, target, depth + 1);
  const isTaken =
    inner !== false &&
    Object.keys(beside).every((keyword) => annotations.has(keyword) || !Object.hasOwn(inner, keyword));
  if (isTaken) return { ...inner, ...beside };
  const others = Array.isArray(beside['allOf']) ? (beside['allOf'] as Json[]) : [];
  return { ...beside, allOf: [...others, target, {}] };
}

function simplified(form: Record<string, Json>): Record<string, Json> {
  const simple = { ...form };
  if (simple['const'] !== undefined && simple['enum'] === undefined) {
    simple['enum'] = [simple['const']];
    delete simple['const'];
  }
  const isNullable = simple['nullable'] === true;
  delete simple['nullable'];
  if (simple['type'] === undefined) return simple;
  const types = new Set([simple['type']].flat().map(String));
  if (isNullable) types.add('null');
  if (types.has('number')) types.delete('integer');
  simple['type'] = [...types].sort();
  return simple;
}

function typesTogether(form: Record<string, Json>): Form {
  const { anyOf, ...rest } = form;
  if (!Array.isArray(anyOf) || rest['type'] !== undefined) return form;
  const types = anyOf.flatMap((branch: Json) => {
    const isBare = isObject(branch) && Object.keys(branch).length === 1 && branch['type'] !== undefined;
    return isBare ? [branch['type']].flat() : [null];
  });
  return types.includes(null) ? form : simplified({ ...rest, type: types as Json[] });
}

/** A schema that is no union as a union of one, what it says of itself left outside. */
export function asUnion(form: Form): Form {
  const said = Object.entries(form).filter(([keyword]) => annotations.has(keyword));
  const asked = Object.entries(form).filter(([keyword]) => !annotations.has(keyword));
  return { ...Object.fromEntries(said), anyOf: [Object.fromEntries(asked)] };
}

/** Whether a schema is a union and asks nothing else. */
export const isOnlyUnion = (form: Form): boolean =>
  Array.isArray(form['anyOf']) &&
  Object.keys(form).every((keyword) => keyword === 'anyOf' || annotations.has(keyword));

/** Whether it is sure that no value suits two of these branches: each has types, or values of one member, of its own. */
export function areApart(root: JsonSchema, branches: readonly Json[]): boolean {
  const forms = branches.map((branch) => schemaForm(root, branch)).filter((form) => form !== false);
  const types = forms.map((form) => (form['type'] ?? null) as readonly string[] | null);
  if (!types.includes(null)) {
    const all = types.flatMap((list) => list!.map((type) => (type === 'integer' ? 'number' : type)));
    if (areDistinct(all)) return true;
  }
  const members = forms.map((form) => fixedMembers(root, form));
  return [...(members[0]?.keys() ?? [])].some((name) => {
    const values = members.map((one) => one.get(name) ?? null);
    return !values.includes(null) && areDistinct(values.flatMap((list) => list!));
  });
}

const areDistinct = (all: readonly string[]): boolean => new Set(all).size === all.length;

/** Members that an object must have and whose values are listed. */
function fixedMembers(root: JsonSchema, form: Form): ReadonlyMap<string, readonly string[]> {
  const { type, required, properties } = form;
  const found = new Map<string, readonly string[]>();
  if (!Array.isArray(type) || type.length !== 1 || type[0] !== 'object') return found;
  if (!Array.isArray(required) || !isObject(properties)) return found;
  for (const name of new Set(required as Json[])) {
    if (typeof name !== 'string' || !Object.hasOwn(properties, name)) continue;
    const member = schemaForm(root, properties[name]);
    const values = member === false ? [] : member['enum'];
    if (Array.isArray(values)) found.set(name, [...new Set(values.map((one: Json) => canonicalJson(one)))]);
  }
  return found;
}

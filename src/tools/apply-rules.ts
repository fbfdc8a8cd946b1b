import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import type { InputRule, InputRules } from './curation.ts';
import { hasValue } from './input-rules.ts';
import { getOwn, setOwn } from './own-property.ts';
import { sameJson } from './same-json.ts';
import { decodeStep, followRef, rewriteRefs, visitSchemas } from './schema-walk.ts';

type Draft = Record<string, Json>;
const maxDepth = 24;

/** What is done to one field of the schema: null takes it away. */
type Edit = (subschema: Json) => Json | null;
type Edits = { field: ReadonlyMap<string, Edit>; optional: ReadonlySet<string>; gone: ReadonlySet<string> };

/**
 * The input schema an agent sees: pinned and hidden fields gone, defaulted ones optional, enums narrowed,
 * labels replaced, definitions nobody uses dropped. Looks into `allOf`, unions, conditions and references at
 * the top. The given schema is not changed.
 */
export function applyRules(schema: JsonSchema, rules: InputRules): JsonSchema {
  const field = new Map<string, Edit>();
  const optional = new Set<string>();
  const gone = new Set<string>();
  for (const [name, rule] of Object.entries(rules)) {
    if (rule.mode === 'pinned' || rule.mode === 'hidden') gone.add(name);
    else if (rule.mode === 'default') optional.add(name);
    field.set(name, gone.has(name) ? () => null : (subschema) => relabel(subschema, rule));
  }
  const pins = Object.values(rules).filter((rule) => rule.mode !== 'default' && hasValue(rule)).length;
  const edited = edit(schema, { field, optional, gone }) as Draft;
  if (typeof edited.minProperties === 'number')
    edited.minProperties = Math.max(0, edited.minProperties - gone.size);
  if (typeof edited.maxProperties === 'number')
    edited.maxProperties = Math.max(0, edited.maxProperties - pins);
  if (gone.size > 0) {
    delete edited.examples;
    delete edited.default;
  }
  return dropUnusedDefs(edited);
}

/** The operator's view: the full schema with each rule's value injected as `default` or `const`, secrets never. */
export function mergedInputPreview(schema: JsonSchema, rules: InputRules | null): JsonSchema {
  const field = new Map<string, Edit>();
  for (const [name, rule] of Object.entries(rules ?? {})) {
    field.set(name, (subschema) => {
      const shown = relabel(subschema, rule);
      const fixed = (rule.mode === 'pinned' || rule.mode === 'hidden') && rule.value !== undefined;
      return fixed ? { ...(isObject(shown) ? shown : {}), const: rule.value as Json } : shown;
    });
  }
  return field.size === 0 ? schema : edit(schema, { field, optional: new Set(), gone: new Set() });
}

/** The schema with some top-level fields accepting anything: for values that are not at hand. */
export function openFields(schema: JsonSchema, names: ReadonlySet<string>): JsonSchema {
  const field = new Map<string, Edit>([...names].map((name) => [name, () => true]));
  return edit(schema, { field, optional: new Set(), gone: new Set() });
}

function relabel(subschema: Json, rule: InputRule): Json {
  const copy: Draft = isObject(subschema) ? { ...subschema } : subschema === false ? { not: {} } : {};
  if (rule.enum) {
    const own = Array.isArray(copy.enum) ? (copy.enum as Json[]) : null;
    const left = own
      ? rule.enum.filter((value) => own.some((allowed) => sameJson(allowed, value)))
      : rule.enum;
    if (left.length > 0) copy.enum = left;
    else {
      delete copy.enum;
      copy.not = {};
    }
  }
  if (rule.mode === 'default') {
    if (rule.value !== undefined) copy.default = rule.value;
    else delete copy.default;
  }
  if (rule.title !== undefined) copy.title = rule.title;
  if (rule.description !== undefined) copy.description = rule.description;
  return copy;
}

function edit(schema: JsonSchema, edits: Edits): JsonSchema {
  // Other references would lead to the edited fields, which a nested object does not have to do without.
  let strays = false;
  visitSchemas(schema, (node) => {
    if (typeof node.$ref === 'string' && !/^#\/(?:\$defs|definitions)\//.test(node.$ref)) strays = true;
  });
  if (!strays) return editNode(schema, schema, edits, 0);
  const toOriginal = (ref: string): string =>
    ref === '#' ? '#/$defs/original' : ref.replace(/^#\/(?!\$defs\/|definitions\/)/, '#/$defs/original/');
  const { $defs, definitions, $id: _id, $schema: _draft, ...top } = rewriteRefs(schema, toOriginal) as Draft;
  const defs = { ...(isObject($defs) ? $defs : {}), original: top };
  const nested: Draft = { ...top, $defs: defs };
  if (definitions !== undefined) nested.definitions = definitions;
  return editNode(nested, nested, edits, 0);
}

function editNode(root: JsonSchema, node: JsonSchema, edits: Edits, depth: number): JsonSchema {
  if (depth > maxDepth) return node;
  let copy: Draft = { ...node };
  if (typeof copy.$ref === 'string') {
    const target = followRef(root, copy.$ref)?.schema;
    if (isObject(target) && mentions(root, target, edits, depth)) {
      const { $ref: _ref, ...beside } = copy;
      const inlined = editNode(root, target, edits, depth + 1);
      const clash = Object.keys(beside).some((key) => Object.hasOwn(inlined, key) && key !== 'description');
      copy = clash ? { ...beside, allOf: [...list(beside.allOf), inlined] } : { ...inlined, ...beside };
    }
  }
  return editTop(root, copy, edits, depth);
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as Json[]) : []);

/** Edits a node's own keywords. Editing twice is the same as editing once. */
function editTop(root: JsonSchema, copy: Draft, edits: Edits, depth: number): JsonSchema {
  if (isObject(copy.properties)) copy.properties = editProperties(copy.properties, edits);
  if (Array.isArray(copy.required)) {
    copy.required = list(copy.required).filter(
      (name) => !edits.gone.has(name as string) && !edits.optional.has(name as string),
    );
    if (copy.required.length === 0) delete copy.required;
  }
  if (isObject(copy.dependentRequired)) {
    const kept = Object.entries(copy.dependentRequired).filter(([name]) => !edits.gone.has(name));
    copy.dependentRequired = Object.fromEntries(
      kept.map(([name, needs]) => [
        name,
        list(needs).filter((need) => !edits.gone.has(need as string) && !edits.optional.has(need as string)),
      ]),
    );
  }
  const branch = (child: Json): Json => (isObject(child) ? editNode(root, child, edits, depth + 1) : child);
  for (const keyword of ['allOf', 'anyOf', 'oneOf']) {
    const children = list(copy[keyword]);
    if (children.length > 0) copy[keyword] = children.map(branch);
  }
  if (isObject(copy.dependentSchemas)) {
    const kept = Object.entries(copy.dependentSchemas).filter(([name]) => !edits.gone.has(name));
    copy.dependentSchemas = Object.fromEntries(kept.map(([name, child]) => [name, branch(child)]));
  }
  // A condition on a field that is gone would hold, or fail, for want of it.
  const condition = ['if', 'then', 'else'].some((key) => touches(root, copy[key], edits, depth));
  if (condition) for (const key of ['if', 'then', 'else']) delete copy[key];
  if (touches(root, copy.not, edits, depth)) delete copy.not;
  return copy;
}

function editProperties(properties: JsonSchema, edits: Edits): JsonSchema {
  const kept: Draft = {};
  for (const [name, subschema] of Object.entries(properties)) {
    const change = edits.field.get(name);
    const changed = change ? change(subschema) : subschema;
    if (changed !== null) setOwn(kept, name, changed);
  }
  return kept;
}

const touches = (root: JsonSchema, child: Json | undefined, edits: Edits, depth: number): boolean =>
  edits.gone.size > 0 &&
  isObject(child) &&
  mentions(root, child, { ...edits, field: goneFields(edits) }, depth);

const goneFields = (edits: Edits): ReadonlyMap<string, Edit> =>
  new Map([...edits.gone].map((name) => [name, () => null]));

/** Whether a schema says anything about an edited field at its top. */
function mentions(root: JsonSchema, node: Json, edits: Edits, depth: number): boolean {
  if (depth > maxDepth || !isObject(node)) return false;
  if (isObject(node.properties) && Object.keys(node.properties).some((name) => edits.field.has(name)))
    return true;
  if (list(node.required).some((name) => edits.field.has(name as string))) return true;
  if (typeof node.$ref === 'string') {
    const target = followRef(root, node.$ref)?.schema;
    if (target !== undefined && mentions(root, target, edits, depth + 1)) return true;
  }
  return ['allOf', 'anyOf', 'oneOf'].some((keyword) =>
    list(node[keyword]).some((child) => mentions(root, child, edits, depth + 1)),
  );
}

/** Drops definitions that nothing outside them leads to, however they refer to each other. */
export function dropUnusedDefs(schema: JsonSchema): JsonSchema {
  if (schema.$defs === undefined && schema.definitions === undefined) return schema;
  const used = new Set<string>();
  let unclear = false;
  const collect = (node: Json): void => {
    visitSchemas(node, (inner) => {
      if (typeof inner.$dynamicRef === 'string') unclear = true;
      if (typeof inner.$ref !== 'string') return;
      const match = /^#\/(\$defs|definitions)\/([^/]+)/.exec(inner.$ref);
      if (!match) {
        if (!/^#(?:\/|$)/.test(inner.$ref)) unclear = true;
        return;
      }
      const name = `${match[1]}/${decodeStep(match[2]!)}`;
      if (used.has(name)) return;
      used.add(name);
      const definitions = schema[match[1]!];
      const target = isObject(definitions)
        ? getOwn(definitions, name.slice(match[1]!.length + 1))
        : undefined;
      if (target !== undefined) collect(target);
    });
  };
  const { $defs: _defs, definitions: _definitions, ...rest } = schema;
  collect(rest);
  if (unclear) return schema;
  const copy: Draft = { ...rest };
  for (const keyword of ['$defs', 'definitions']) {
    const all = schema[keyword];
    if (!isObject(all)) continue;
    const kept = Object.entries(all).filter(([name]) => used.has(`${keyword}/${name}`));
    if (kept.length > 0) copy[keyword] = Object.fromEntries(kept);
  }
  return copy;
}

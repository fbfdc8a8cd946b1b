import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { followRef, pointerStep, rewriteRefs } from './schema-walk.ts';

/** What a schema says about one top-level field, wherever it says so. */
type Found = { pointers: string[]; choices: string[][] };

const maxDepth = 24;
const alternatives = ['anyOf', 'oneOf'] as const;

/** The names of all top-level fields a schema declares: in `properties`, through `$ref`, `allOf`, unions and conditions. */
export function declaredFields(schema: JsonSchema): ReadonlySet<string> {
  const names = new Set<string>();
  visitTop(schema, schema, 0, (node) => {
    if (isObject(node.properties)) for (const name of Object.keys(node.properties)) names.add(name);
  });
  return names;
}

/** Whether any part of the schema requires the field in every value (not only in one form of a union). */
export function requiresField(schema: JsonSchema, field: string): boolean {
  const check = (node: Json | null, depth: number): boolean => {
    if (depth > maxDepth || !isObject(node)) return false;
    if (Array.isArray(node.required) && (node.required as Json[]).includes(field)) return true;
    if (typeof node.$ref === 'string' && check(followRef(schema, node.$ref)?.schema ?? null, depth + 1))
      return true;
    return Array.isArray(node.allOf) && node.allOf.some((branch: Json) => check(branch, depth + 1));
  };
  return check(schema, 0);
}

function visitTop(
  root: JsonSchema,
  node: Json | null,
  depth: number,
  visit: (node: JsonSchema) => void,
): void {
  if (depth > maxDepth || !isObject(node)) return;
  visit(node);
  if (typeof node.$ref === 'string')
    visitTop(root, followRef(root, node.$ref)?.schema ?? null, depth + 1, visit);
  for (const keyword of ['allOf', ...alternatives]) {
    const branches = node[keyword];
    if (Array.isArray(branches))
      for (const branch of branches) visitTop(root, branch as Json, depth + 1, visit);
  }
  for (const keyword of ['then', 'else']) visitTop(root, node[keyword] ?? null, depth + 1, visit);
  if (isObject(node.dependentSchemas)) {
    for (const branch of Object.values(node.dependentSchemas)) visitTop(root, branch, depth + 1, visit);
  }
}

/**
 * A self-contained schema for the values of one top-level field; null where the field is not declared. Of a
 * union, the value has to fit one of the forms that declare the field.
 */
export function fieldSchema(schema: JsonSchema, field: string): JsonSchema | null {
  const found = find(schema, schema, '#', field, 0);
  if (found.pointers.length === 0 && found.choices.length === 0) return null;
  const toRoot = (ref: string): string =>
    ref === '#' ? '#/$defs/root' : ref.replace(/^#\//, '#/$defs/root/');
  const refTo = (pointer: string): JsonSchema => ({ $ref: toRoot(pointer) });
  const { $id: _id, $schema: _draft, ...root } = rewriteRefs(schema, toRoot) as Record<string, Json>;
  return {
    allOf: [
      ...found.pointers.map(refTo),
      ...found.choices.map((pointers) => ({ anyOf: pointers.map(refTo) })),
    ],
    $defs: { root },
  };
}

function find(root: JsonSchema, node: Json | null, pointer: string, field: string, depth: number): Found {
  const found: Found = { pointers: [], choices: [] };
  if (depth > maxDepth || !isObject(node)) return found;
  if (isObject(node.properties) && Object.hasOwn(node.properties, field)) {
    found.pointers.push(`${pointer}/properties/${pointerStep(field)}`);
  }
  const into = (child: Json | null | undefined, at: string): void => {
    const inner = find(root, child ?? null, at, field, depth + 1);
    found.pointers.push(...inner.pointers);
    found.choices.push(...inner.choices);
  };
  if (typeof node.$ref === 'string') {
    const target = followRef(root, node.$ref);
    if (target) into(target.schema, target.ref);
  }
  if (Array.isArray(node.allOf))
    node.allOf.forEach((child: Json, index) => into(child, `${pointer}/allOf/${index}`));
  for (const keyword of alternatives) {
    const branches = node[keyword];
    if (!Array.isArray(branches)) continue;
    const forms = branches.flatMap((child: Json, index) => {
      const inner = find(root, child, `${pointer}/${keyword}/${index}`, field, depth + 1);
      return [...inner.pointers, ...inner.choices.flat()];
    });
    if (forms.length > 0) found.choices.push(forms);
  }
  const conditional = ['then', 'else'].flatMap((keyword) => {
    const inner = find(root, node[keyword] ?? null, `${pointer}/${keyword}`, field, depth + 1);
    return [...inner.pointers, ...inner.choices.flat()];
  });
  if (conditional.length > 0 && found.pointers.length === 0) found.choices.push(conditional);
  return found;
}

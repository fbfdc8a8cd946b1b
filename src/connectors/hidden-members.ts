import type { RawObject } from './read-document.ts';
import { chaseAliases, follow, isRaw, member } from './resolve-reference.ts';
import type { SchemaContext } from './schema-context.ts';

/** Whether a member does not travel in this direction. */
export function isHidden(context: SchemaContext, schema: unknown): boolean {
  const flag = context.direction === 'input' ? 'readOnly' : 'writeOnly';
  if (!isRaw(schema)) return false;
  if (schema[flag] === true) return true;
  if (typeof schema['$ref'] !== 'string') return false;
  return member(chaseAliases(context.root, schema).target, flag) === true;
}

/** Names of members that do not travel, here and in what `allOf` adds: `required` may not ask for them. */
export function hiddenNames(
  context: SchemaContext,
  raw: RawObject,
  seen = new Set<RawObject>(),
): readonly string[] {
  if (seen.has(raw)) return [];
  seen.add(raw);
  const names = Object.entries(isRaw(raw['properties']) ? raw['properties'] : {})
    .filter(([, schema]) => isHidden(context, schema))
    .map(([name]) => name);
  for (const part of Array.isArray(raw['allOf']) && seen.size < 100 ? raw['allOf'] : []) {
    if (isRaw(part)) names.push(...hiddenNames(context, follow(context.root, part, 'A schema'), seen));
  }
  return names;
}

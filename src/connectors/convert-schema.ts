import type { Json } from '../kernel/index.ts';
import { cleanText } from './clean-text.ts';
import { hiddenNames, isHidden } from './hidden-members.ts';
import { modernizeSchema } from './modernize-schema.ts';
import { plainValue } from './plain-value.ts';
import type { RawObject } from './read-document.ts';
import { BrokenOperation, chaseAliases, isRaw, show } from './resolve-reference.ts';
import type { SchemaContext, Trail } from './schema-context.ts';
import { spend } from './schema-context.ts';
import { keywordKinds, schemaTypes } from './schema-keywords.ts';

type Draft = { [keyword: string]: Json };

const maxPattern = 4096;

/**
 * Turns a schema of OpenAPI 3.0, 3.1 or Swagger 2.0 into JSON Schema 2020-12. A reference stays a reference,
 * into `$defs`, and is only noted in `trail`; one to a plain scalar is written out in place, because agents
 * read those better. Throws BrokenOperation for what is no schema.
 */
export function convertSchema(context: SchemaContext, raw: unknown, trail: Trail): Json {
  trail.nodes += 1;
  spend(context.budget);
  if (typeof raw === 'boolean') return raw;
  if (!isRaw(raw)) throw new BrokenOperation('A schema is not an object.');
  return typeof raw['$ref'] === 'string'
    ? convertReference(context, raw, trail)
    : convertKeywords(context, raw, trail);
}

function convertReference(context: SchemaContext, raw: RawObject, trail: Trail): Json {
  const { pointer, target } = chaseAliases(context.root, raw);
  const siblings = context.dialect === 'openapi31' ? raw : textOf(raw);
  const beside = convertKeywords(context, siblings, trail);
  if (isScalarSchema(target)) return { ...convertKeywords(context, target, trail), ...beside };
  trail.references.add(pointer);
  return { $ref: `#/$defs/${context.defName(pointer)}`, ...beside };
}

/** Before 3.1 nothing beside `$ref` counts; its texts still help a reader and change no meaning. */
function textOf(raw: RawObject): RawObject {
  return { title: raw['title'], description: raw['description'] };
}

function isScalarSchema(target: unknown): target is RawObject {
  if (!isRaw(target)) return false;
  const type = target['type'];
  if (type !== 'string' && type !== 'integer' && type !== 'number' && type !== 'boolean') return false;
  for (const key of Object.keys(target)) {
    const kind = keywordKinds.get(key);
    if (key === '$ref' || key === 'items' || kind === 'schema' || kind === 'schemas' || kind === 'schemaMap')
      return false;
  }
  return true;
}

function convertKeywords(context: SchemaContext, raw: RawObject, trail: Trail): Draft {
  const draft: Draft = {};
  for (const [key, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    const kind = keywordKinds.get(key);
    if (kind !== undefined) {
      const converted = convertKeyword(context, raw, key, value, trail);
      if (converted !== undefined) draft[key] = converted;
    } else if (key === 'type') convertType(draft, value);
    else if (key === 'enum') draft['enum'] = enumOf(value);
    else if (key === 'items') convertItems(context, draft, value, trail);
    else if (key === 'pattern') convertPattern(draft, value, trail);
    else if (key === 'example' || key === 'examples') convertExamples(draft, key, value);
    else if (key === '$dynamicRef' || key === '$recursiveRef') {
      throw new BrokenOperation(`A schema uses ${key}, which is not supported.`);
    }
  }
  if (context.dialect !== 'openapi31') return modernizeSchema(raw, draft);
  return draft;
}

function convertKeyword(
  context: SchemaContext,
  raw: RawObject,
  key: string,
  value: unknown,
  trail: Trail,
): Json | undefined {
  switch (keywordKinds.get(key)) {
    case 'text': {
      if (typeof value !== 'string' || value === '') return undefined;
      const { text, hadInvisible } = cleanText(value, 1024);
      if (hadInvisible) trail.notes.add('Invisible characters were removed from its schema.');
      return text === '' ? undefined : text;
    }
    case 'value':
      return plainValue(value);
    case 'flag':
      return value === true ? true : undefined;
    case 'number':
      if (key === 'multipleOf' && !(typeof value === 'number' && value > 0)) return undefined;
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'count':
      return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
    case 'names':
      return requiredOf(context, raw, value);
    case 'nameLists':
      return isRaw(value) ? nameListsOf(value) : undefined;
    case 'schema':
      return convertSchema(context, value, trail);
    case 'schemas':
      if (!Array.isArray(value)) throw new BrokenOperation(`"${key}" of a schema is not a list.`);
      return value.length === 0 ? undefined : value.map((each) => convertSchema(context, each, trail));
    case 'schemaMap':
      return convertMap(context, key, value, trail);
    case undefined:
      return undefined;
  }
}

function convertMap(context: SchemaContext, key: string, value: unknown, trail: Trail): Json {
  if (!isRaw(value)) throw new BrokenOperation(`"${key}" of a schema is not an object.`);
  const map: Draft = {};
  for (const [name, schema] of Object.entries(value)) {
    if (name === '__proto__') continue;
    if (key === 'patternProperties' && !compiles(name)) continue;
    if (key === 'properties' && isHidden(context, schema)) continue;
    map[name] = convertSchema(context, schema, trail);
  }
  return map;
}

function requiredOf(context: SchemaContext, raw: RawObject, value: unknown): Json | undefined {
  if (!Array.isArray(value)) return undefined;
  const hidden = new Set(value.length === 0 ? [] : hiddenNames(context, raw));
  const names = new Set<string>();
  for (const name of value) {
    if (typeof name === 'string' && name !== '__proto__' && !hidden.has(name)) names.add(name);
  }
  return names.size === 0 ? undefined : [...names];
}

function nameListsOf(value: RawObject): Draft {
  const lists: Draft = {};
  for (const [name, list] of Object.entries(value)) {
    if (name === '__proto__' || !Array.isArray(list)) continue;
    lists[name] = [...new Set(list.filter((each) => typeof each === 'string'))];
  }
  return lists;
}

function convertType(draft: Draft, value: unknown): void {
  // Swagger 2.0 writes an upload as a type of its own.
  if (value === 'file') {
    draft['type'] = 'string';
    draft['format'] = 'binary';
    return;
  }
  const types: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const type of types) {
    if (typeof type === 'string' && schemaTypes.has(type)) continue;
    throw new BrokenOperation(
      `A schema has the type ${show(JSON.stringify(type) ?? 'undefined')}, which does not exist.`,
    );
  }
  if (types.length === 0) throw new BrokenOperation('A schema has an empty list of types.');
  draft['type'] = Array.isArray(value) ? [...new Set(types as string[])] : (value as string);
}

function enumOf(value: unknown): Json {
  if (!Array.isArray(value) || value.length === 0)
    throw new BrokenOperation('"enum" of a schema is not a list of values.');
  return value.map(plainValue);
}

function convertItems(context: SchemaContext, draft: Draft, value: unknown, trail: Trail): void {
  if (!Array.isArray(value)) draft['items'] = convertSchema(context, value, trail);
  else if (value.length > 0) draft['prefixItems'] = value.map((each) => convertSchema(context, each, trail));
}

function convertPattern(draft: Draft, value: unknown, trail: Trail): void {
  if (typeof value !== 'string') return;
  if (compiles(value)) draft['pattern'] = value;
  else trail.notes.add('A pattern of its schema is not a regular expression and was left out.');
}

function compiles(pattern: string): boolean {
  try {
    return pattern.length <= maxPattern && new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function convertExamples(draft: Draft, key: string, value: unknown): void {
  const given: readonly unknown[] = key === 'example' ? [value] : Array.isArray(value) ? value : [];
  const short = given.filter(
    (each) => typeof each !== 'string' || (each.length <= 300 && cleanText(each, 300).text === each),
  );
  const kept = short
    .slice(0, 3)
    .map(plainValue)
    .filter((each) => JSON.stringify(each).length <= 300);
  if (kept.length > 0) draft['examples'] ??= kept;
}

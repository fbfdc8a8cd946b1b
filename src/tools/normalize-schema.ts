import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { mapSubschemas } from './schema-walk.ts';

/**
 * A private copy of a service's schema in the form the validator takes. `$id` and `$schema` go: they would
 * name the schema for other organizations' schemas too. Forms of older drafts that real servers send are
 * put into their 2020-12 form.
 */
export function normalizeSchema(schema: JsonSchema | boolean): JsonSchema {
  if (!isObject(schema)) return schema ? {} : { not: {} };
  const ownId = typeof schema.$id === 'string' ? schema.$id.replace(/#$/, '') : null;
  return normal(schema, ownId) as JsonSchema;
}

function normal(schema: Json, ownId: string | null): Json {
  if (!isObject(schema)) return schema;
  const copy = mapSubschemas(schema, (subschema) => normal(subschema, ownId)) as Record<string, Json>;
  delete copy.$id;
  delete copy.$schema;
  delete copy.$vocabulary;
  delete copy.toolcribStep;
  if (typeof copy.id === 'string') delete copy.id;
  if (typeof copy.$ref === 'string') {
    if (ownId && copy.$ref.startsWith(`${ownId}#`)) copy.$ref = copy.$ref.slice(ownId.length);
    copy.toolcribStep = true;
  }
  if (typeof copy.$dynamicRef === 'string') copy.toolcribStep = true;
  if (copy.type === undefined || copy.nullable !== true) delete copy.nullable;
  if (Array.isArray(copy.items)) {
    copy.prefixItems = copy.items as Json;
    delete copy.items;
    if (copy.additionalItems !== undefined) copy.items = copy.additionalItems;
  }
  delete copy.additionalItems;
  if (Array.isArray(copy.required) && copy.required.length === 0) delete copy.required;
  bound(copy, 'exclusiveMinimum', 'minimum');
  bound(copy, 'exclusiveMaximum', 'maximum');
  return copy;
}

/** Draft 4 wrote an exclusive bound as a flag beside the bound. */
function bound(schema: Record<string, Json>, flag: string, limit: string): void {
  if (typeof schema[flag] !== 'boolean') return;
  const exclusive = schema[flag] && typeof schema[limit] === 'number';
  if (!exclusive) return void delete schema[flag];
  schema[flag] = schema[limit]!;
  delete schema[limit];
}

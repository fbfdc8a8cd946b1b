import type { Definition } from '../connectors/index.ts';
import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { applyRules, dropUnusedDefs } from './apply-rules.ts';
import type { Curation, Origin, PackCuration } from './curation.ts';
import { deriveSchema } from './derive-schema.ts';
import { mergeRules } from './merge-rules.ts';
import { followRef } from './schema-walk.ts';
import { staleMapPaths } from './stale-map-paths.ts';

/** A tool as an agent sees it. */
export type ServedTool = {
  name: string;
  title: string | null;
  description: string | null;
  input_schema: JsonSchema;
  /** Always an object schema: revisions before 2026-07-28 allow nothing else. */
  output_schema: JsonSchema | null;
  annotations: {
    readOnlyHint: boolean;
    destructiveHint: boolean;
    idempotentHint: boolean;
    openWorldHint: boolean;
  };
};
/** JSON pointer into the tool to who said that part; what is not named comes from the service. */
export type Origins = Readonly<Record<string, Origin>>;

export type Beside = {
  /** What the connector's author says instead of the service. */
  connectorDescription?: string | null;
  /** The shape of replies where the service declares none: learned ones. Used under a response map only. */
  responseSchema?: JsonSchema | null;
};

/**
 * Definition, connection curation and pack curation as one value, with the origin of each part. Precedence:
 * pack, connection, connector, service. Changes none of its inputs; sealed values are not in it.
 */
export function effectiveTool(
  definition: Definition,
  beside: Beside,
  curation: Pick<Curation, 'title' | 'description' | 'inputs' | 'responseMap'>,
  packCuration: PackCuration | null,
  slug: string,
): { tool: ServedTool; origins: Origins } {
  const merged = mergeRules(curation.inputs, packCuration?.inputs ?? null);
  const origins: Record<string, Origin> = {};
  const pick = <Value>(
    pointer: string,
    candidates: readonly [Origin, Value | null | undefined][],
  ): Value | null => {
    const found = candidates.find(([, value]) => value !== null && value !== undefined);
    origins[pointer] = found?.[0] ?? 'service';
    return found?.[1] ?? null;
  };
  const title = pick('/title', [
    ['connection', curation.title],
    ['service', definition.title],
  ]);
  const description = pick('/description', [
    ['pack', packCuration?.description],
    ['connection', curation.description],
    ['connector', beside.connectorDescription],
    ['service', definition.description],
  ]);
  origins['/input_schema'] = 'service';
  for (const [field, from] of Object.entries(merged.origins)) {
    const pointer = `/input_schema/properties/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const rule = merged.rules[field]!;
    if (rule.mode === 'pinned' || rule.mode === 'hidden') {
      origins[pointer] = from.mode!;
      continue;
    }
    for (const part of ['enum', 'title', 'description'] as const) {
      if (from[part]) origins[`${pointer}/${part}`] = from[part];
    }
    if (rule.mode === 'default') origins[`${pointer}/default`] = from.value ?? from.secret ?? from.mode!;
  }
  origins['/output_schema'] = curation.responseMap ? 'connection' : 'service';
  origins['/annotations'] = 'service';
  const tool: ServedTool = {
    name: slug,
    title,
    description,
    input_schema: applyRules(definition.inputSchema, merged.rules),
    output_schema: outputSchema(definition, beside, curation.responseMap),
    annotations: {
      readOnlyHint: definition.effect === 'read',
      destructiveHint: definition.effect === 'destructive',
      idempotentHint: definition.idempotent || definition.effect === 'read',
      openWorldHint: true,
    },
  };
  return { tool, origins };
}

function outputSchema(
  definition: Definition,
  beside: Beside,
  map: Curation['responseMap'],
): JsonSchema | null {
  if (!map) return objectSchema(definition.outputSchema);
  const shape = definition.outputSchema ?? beside.responseSchema ?? null;
  // A promise about a shape that has moved would make clients refuse the reply.
  if (staleMapPaths(map, shape).length > 0) return null;
  return objectSchema(deriveSchema(shape, map));
}

/** The schema with `type: "object"` at its root, or null where replies need not be objects. */
function objectSchema(schema: JsonSchema | null): JsonSchema | null {
  if (!schema) return null;
  if (schema.type === 'object') return dropUnusedDefs(schema);
  if (typeof schema.$ref !== 'string') return null;
  const target: Json | undefined = followRef(schema, schema.$ref)?.schema;
  if (!isObject(target) || target.type !== 'object') return null;
  return { type: 'object', ...schema };
}

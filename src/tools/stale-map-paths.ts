import type { Json, JsonSchema } from '../kernel/index.ts';
import type { ResponseMap } from './curation.ts';
import { parseResponsePath } from './response-path.ts';
import { stepInto } from './schema-step.ts';

/** The map's paths that the shape of replies no longer has. With no shape known, none. */
export function staleMapPaths(map: ResponseMap | null, responseSchema: JsonSchema | null): readonly string[] {
  if (!map || !responseSchema) return [];
  return map.field_mappings
    .map(({ path }) => path)
    .filter((path) => {
      const parsed = parseResponsePath(path);
      if (!parsed.ok) return true;
      let here: Json = responseSchema;
      for (const step of parsed.steps) here = stepInto(responseSchema, here, step, true);
      return here === false;
    });
}

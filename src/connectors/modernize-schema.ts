import type { Json } from '../kernel/index.ts';
import type { RawObject } from './read-document.ts';

type Draft = { [keyword: string]: Json };

const annotations = ['title', 'description', 'deprecated', 'default', 'examples'];

/** What 3.0 and 2.0 say otherwise: `nullable`, and exclusive bounds as flags. */
export function modernizeSchema(raw: RawObject, draft: Draft): Draft {
  for (const [flag, bound] of [
    ['exclusiveMinimum', 'minimum'],
    ['exclusiveMaximum', 'maximum'],
  ] as const) {
    if (raw[flag] !== true || draft[bound] === undefined) continue;
    draft[flag] = draft[bound];
    delete draft[bound];
  }
  if (raw['nullable'] !== true && raw['x-nullable'] !== true) return draft;
  if ('allOf' in draft || 'anyOf' in draft || 'oneOf' in draft) {
    const inner: Draft = { ...draft };
    const outer: Draft = {};
    for (const key of annotations) {
      if (inner[key] === undefined) continue;
      outer[key] = inner[key];
      delete inner[key];
    }
    return { ...outer, anyOf: [inner, { type: 'null' }] };
  }
  if (typeof draft['type'] === 'string' && draft['type'] !== 'null') draft['type'] = [draft['type'], 'null'];
  else if (Array.isArray(draft['type']) && !draft['type'].includes('null'))
    draft['type'] = [...draft['type'], 'null'];
  if (draft['type'] !== undefined && Array.isArray(draft['enum']) && !draft['enum'].includes(null)) {
    draft['enum'] = [...draft['enum'], null];
  }
  return draft;
}

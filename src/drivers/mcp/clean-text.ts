import { isObject } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';

/** Characters of a description that are kept. */
const longest = 4_096;

/**
 * What no reader sees but a model does: control characters but tab and line feed, soft hyphens, zero-width and
 * direction marks, fillers, private use, tags and supplementary variation selectors.
 */
const invisible =
  // oxlint-disable-next-line no-control-regex, no-misleading-character-class
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ue000-\uf8ff]|[\u{e0000}-\u{e0fff}\u{f0000}-\u{10ffff}]/gu;

/** Text from an upstream as people and models may read it. */
export function cleanText(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  const clean = text.toWellFormed().replaceAll('\r\n', '\n').replace(invisible, '').trim();
  if (clean === '') return null;
  return clean.length > longest ? `${clean.slice(0, longest - 1).toWellFormed()}…` : clean;
}

/** Whether a text holds what people who review it would not see. */
export const hasInvisible = (text: unknown): boolean =>
  typeof text === 'string' && text.replaceAll('\r\n', '\n').search(invisible) >= 0;

/** Keywords whose values are data, not schemas. */
const data = new Set(['enum', 'const', 'default', 'examples']);
/** Keywords that map names to schemas. */
const maps = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/**
 * The same schema with every title and description cleaned and older tuple keywords in their 2020-12 form; `onText` is
 * given each of these texts as it came in.
 */
export function cleanSchema(schema: Json, onText: (text: Json) => void = () => undefined): Json {
  const again = (one: Json): Json => cleanSchema(one, onText);
  if (Array.isArray(schema)) return schema.map(again);
  if (!isObject(schema)) return schema;
  const clean: Record<string, Json> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === '$schema' || keyword === '$id') continue;
    if (keyword === 'title' || keyword === 'description') {
      onText(value);
      const text = cleanText(value);
      if (text !== null) define(clean, keyword, text);
    } else if (data.has(keyword)) define(clean, keyword, value);
    else if (maps.has(keyword) && isObject(value)) {
      const inner: Record<string, Json> = {};
      for (const [name, one] of Object.entries(value)) define(inner, name, again(one));
      define(clean, keyword, inner);
    } else if (keyword === 'items' && Array.isArray(value)) define(clean, 'prefixItems', value.map(again));
    else if (keyword === 'additionalItems' && Array.isArray(schema['items'])) {
      define(clean, 'items', again(value));
    } else define(clean, keyword, again(value));
  }
  return clean;
}

/** Sets a property whatever its name: `__proto__` is a name like any other. */
function define(object: Record<string, Json>, name: string, value: Json): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  else object[name] = value;
}

import { isObject } from '../../kernel/index.ts';
import type { Json, JsonSchema } from '../../kernel/index.ts';
import { mirroredValue } from './encode-header.ts';

export type Mirrors = { headers: Readonly<Record<string, string>> } | { problem: string };

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Names that mean something else to servers and the boxes in between. */
const reserved =
  /^(?:authorization|cookie2?|set-cookie2?|host|content-.*|transfer-encoding|connection|upgrade|te|trailer|expect|keep-alive|forwarded|x-forwarded-.*|via|proxy-.*|origin|accept|user-agent|traceparent|tracestate|baggage|mcp-.*)$/i;

/**
 * Reads the `x-mcp-header` marks of an input schema (2026-07-28, server/tools): JSON pointer into the
 * arguments to header name, or why the tool cannot be served.
 */
export function readMirrors(schema: JsonSchema): Mirrors {
  const headers: Record<string, string> = {};
  const taken = new Set<string>();
  let problem: string | null = null;

  const visit = (node: Json, pointer: string, reachable: boolean): void => {
    if (problem !== null) return;
    if (Array.isArray(node)) {
      for (const one of node as Json[]) visit(one, pointer, false);
      return;
    }
    if (!isObject(node)) return;
    if (node['x-mcp-header'] !== undefined) {
      problem = refuse(node, reachable && pointer !== '', taken);
      if (problem !== null) return;
      const name = node['x-mcp-header'] as string;
      taken.add(name.toLowerCase());
      headers[pointer] = `mcp-param-${name.toLowerCase()}`;
    }
    for (const [keyword, inner] of Object.entries(node)) {
      if (keyword === 'properties' && isObject(inner)) {
        for (const [name, property] of Object.entries(inner)) {
          visit(property, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, reachable);
        }
      } else if (!dataKeywords.has(keyword)) visitSchemas(keyword, inner, pointer);
    }
  };
  const visitSchemas = (keyword: string, inner: Json, pointer: string): void => {
    if (mapKeywords.has(keyword) && isObject(inner)) {
      for (const one of Object.values(inner)) visit(one, pointer, false);
    } else visit(inner, pointer, false);
  };
  visit(schema, '', true);
  return problem === null ? { headers } : { problem };
}

const dataKeywords = new Set(['enum', 'const', 'default', 'examples', 'x-mcp-header']);
const mapKeywords = new Set(['$defs', 'definitions', 'patternProperties', 'dependentSchemas']);

function refuse(
  node: { [key: string]: Json },
  reachable: boolean,
  taken: ReadonlySet<string>,
): string | null {
  const name = node['x-mcp-header'];
  if (typeof name !== 'string' || !token.test(name))
    return 'x-mcp-header holds something that is no header name.';
  if (reserved.test(name)) return `x-mcp-header uses the reserved name ${name.slice(0, 60)}.`;
  if (taken.has(name.toLowerCase())) return `x-mcp-header uses ${name.slice(0, 60)} twice.`;
  if (!reachable) return 'x-mcp-header stands where its value cannot be told from the schema alone.';
  const type = node['type'];
  if (type !== 'string' && type !== 'integer' && type !== 'boolean') {
    return 'x-mcp-header stands at a field that is no string, integer or boolean.';
  }
  return null;
}

/** The headers for final arguments; what is absent or null has none. */
export function mirrorArguments(
  mirrors: Readonly<Record<string, string>>,
  values: { readonly [field: string]: Json },
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [pointer, header] of Object.entries(mirrors)) {
    let value: Json | undefined = values;
    for (const step of pointer.slice(1).split('/')) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    }
    const text = mirroredValue(value);
    if (text !== null) headers[header] = text;
  }
  return headers;
}

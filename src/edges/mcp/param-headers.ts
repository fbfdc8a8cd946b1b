import type { IncomingHttpHeaders } from 'node:http';
import type { View } from '../../gateway/index.ts';
import { isObject, type Json } from '../../kernel/index.ts';
import { decodeHeader } from './check-headers.ts';
import { headerMismatch } from './errors.ts';

/** A field of a tool's input that clients mirror into `Mcp-Param-…`. */
type ParamHeader = { header: string; path: readonly string[] };

/** Tools of a view that have such fields; null for the usual view, which has none. */
const known = new WeakMap<View, ReadonlyMap<string, readonly ParamHeader[]> | null>();

/** Throws unless the mirrored headers of a call say what its arguments say. */
export function checkParamHeaders(
  view: View,
  headers: IncomingHttpHeaders,
  tool: string,
  args: Json | undefined,
): void {
  let tools = known.get(view);
  if (tools === undefined) {
    tools = readView(view);
    known.set(view, tools);
  }
  for (const { header, path } of tools?.get(tool) ?? []) {
    const sent = headers[header];
    const value = valueAt(args, path);
    const expected = value !== undefined && value !== null;
    // An argument of a kind that is never mirrored is the schema's to refuse, with the field's name.
    if (expected && typeof value === 'object') continue;
    if (!expected && sent === undefined) continue;
    if (!expected) throw headerMismatch(`${header} has no value in the body.`);
    if (sent === undefined) throw headerMismatch(`${header} is missing.`);
    if (!agrees(decodeHeader(sent), value)) throw headerMismatch(`${header} is not the value in the body.`);
  }
}

function agrees(text: string | null, value: Json): boolean {
  if (text === null) return false;
  if (typeof value !== 'number') return text === (typeof value === 'string' ? value : JSON.stringify(value));
  return /^-?\d+(?:\.\d+)?$/.test(text) && Number(text) === value;
}

function valueAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  let at = value;
  for (const key of path) at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  return at;
}

function readView(view: View): ReadonlyMap<string, readonly ParamHeader[]> | null {
  const tools = new Map<string, readonly ParamHeader[]>();
  for (const tool of view.tools) {
    if (!tool.json.includes('"x-mcp-header"')) continue;
    const { inputSchema } = JSON.parse(tool.json) as { inputSchema?: Json };
    tools.set(tool.name, [...declared(inputSchema, [])]);
  }
  return tools.size === 0 ? null : tools;
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const mirrored = new Set<Json>(['string', 'integer', 'boolean']);

/** Annotations count on primitive fields reached through `properties` alone; elsewhere they are void. */
function* declared(schema: Json | undefined, path: readonly string[]): Generator<ParamHeader> {
  if (!isObject(schema) || !isObject(schema['properties'])) return;
  for (const [key, field] of Object.entries(schema['properties'])) {
    if (!isObject(field)) continue;
    const name = field['x-mcp-header'];
    if (typeof name === 'string' && token.test(name) && mirrored.has(field['type'] ?? null)) {
      yield { header: `mcp-param-${name.toLowerCase()}`, path: [...path, key] };
    }
    yield* declared(field, [...path, key]);
  }
}

import { Ajv2020 } from 'ajv/dist/2020.js';
import { isObject } from '../../kernel/index.ts';
import type { Json, JsonSchema } from '../../kernel/index.ts';

const largest = 256 * 1024;
const deepest = 64;
const mostNodes = 20_000;

/** Measured before anything recursive touches it. Answers why a schema is too much, or null. */
export function oversize(schema: Json): string | null {
  let nodes = 0;
  const stack: [Json, number][] = [[schema, 0]];
  for (let top = stack.pop(); top; top = stack.pop()) {
    const [node, depth] = top;
    if (typeof node !== 'object' || node === null) continue;
    nodes += 1;
    if (depth > deepest) return `is nested deeper than ${deepest} levels`;
    if (nodes > mostNodes) return `has more than ${mostNodes} parts`;
    for (const inner of Object.values(node)) stack.push([inner, depth + 1]);
  }
  return JSON.stringify(schema).length > largest ? `is larger than ${largest / 1024} KiB` : null;
}

/** Why a schema is not a valid, self-contained JSON Schema 2020-12, or null. Nothing is fetched for `$ref`. */
export function invalidity(schema: JsonSchema): string | null {
  if (hasForeignRef(schema)) return 'refers to something outside itself';
  const ajv = compiler();
  try {
    ajv.compile(schema);
    return null;
  } catch {
    return 'is not a valid JSON Schema 2020-12';
  } finally {
    ajv.removeSchema(schema);
  }
}

/** Making a compiler costs a hundred times what one schema does; one that has compiled many holds on to them. */
const usesOfOne = 500;
let made: { ajv: Ajv2020; uses: number } | null = null;

function compiler(): Ajv2020 {
  if (made === null || made.uses >= usesOfOne) {
    const ajv = new Ajv2020({
      strict: false,
      validateFormats: false,
      logger: false,
      addUsedSchema: false,
      unicodeRegExp: false,
      inlineRefs: false,
    });
    made = { ajv, uses: 0 };
  }
  made.uses += 1;
  return made.ajv;
}

function hasForeignRef(node: Json): boolean {
  if (Array.isArray(node)) return node.some(hasForeignRef);
  if (!isObject(node)) return false;
  const ref = node['$ref'] ?? node['$dynamicRef'];
  if (typeof ref === 'string' && !ref.startsWith('#')) return true;
  return Object.values(node).some(hasForeignRef);
}

import { parse as parseYaml } from 'yaml';
import type { Fault } from '../kernel/index.ts';
import { bodyProblem, invalid, isObject } from '../kernel/index.ts';

const maxBytes = 50 * 1024 * 1024;
/** The YAML reader is some fifty times slower than JSON.parse; beyond this one import would hold everybody up. */
const maxYamlBytes = 12 * 1024 * 1024;
const maxNodes = 5_000_000;
const maxDepth = 200;

export type RawObject = { readonly [key: string]: unknown };

export type Dialect = 'swagger2' | 'openapi30' | 'openapi31';

export type OpenapiDocument = { root: RawObject; dialect: Dialect };

/** A document refused whole, in one sentence. */
export function refuseDocument(message: string): Fault {
  return invalid(bodyProblem('value_error', ['document'], message));
}

/**
 * Reads an OpenAPI or Swagger document from JSON or YAML text, or takes one already read. Nothing is fetched:
 * a document that refers to another one is refused.
 */
export function readDocument(document: string | object): OpenapiDocument {
  const value = typeof document === 'string' ? readText(document) : document;
  if (!isObject(value)) throw refuseDocument('This is not an OpenAPI document: it is not an object.');
  const dialect = dialectOf(value);
  walk(value);
  return { root: value, dialect };
}

function readText(text: string): unknown {
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) {
    throw refuseDocument('The document is larger than 50 MB.');
  }
  const trimmed = text.replace(/^\uFEFF/, '').trimStart();
  if (trimmed.startsWith('{')) {
    try {
      return JSON.parse(trimmed);
    } catch {
      // A flow mapping in YAML begins with a brace, too.
    }
  }
  if (trimmed.length > maxYamlBytes) {
    throw refuseDocument('The document is not readable as JSON, and YAML is read up to 12 MB.');
  }
  try {
    return parseYaml(trimmed, { maxAliasCount: 100, logLevel: 'error', prettyErrors: false });
  } catch (error) {
    const aliases = error instanceof ReferenceError && error.message.includes('alias');
    throw refuseDocument(
      aliases
        ? 'The document repeats too much through YAML aliases.'
        : 'The document is readable neither as JSON nor as YAML.',
    );
  }
}

function dialectOf(root: RawObject): Dialect {
  if (typeof root['openapi'] === 'string' || typeof root['openapi'] === 'number') {
    const version = String(root['openapi']);
    if (/^3(\.0(\..*)?)?$/.test(version)) return 'openapi30';
    if (/^3\.\d+(\..*)?$/.test(version)) return 'openapi31';
    throw refuseDocument('Only OpenAPI 3 and Swagger 2.0 documents can be read.');
  }
  if (typeof root['swagger'] === 'string' || typeof root['swagger'] === 'number') {
    if (/^2(\.0)?$/.test(String(root['swagger']))) return 'swagger2';
    throw refuseDocument('Only OpenAPI 3 and Swagger 2.0 documents can be read.');
  }
  throw refuseDocument('This is not an OpenAPI document: it says neither "openapi" nor "swagger".');
}

/** Under these keys lie names somebody chose, so a key below them is a name and not a keyword. */
const nameMaps = new Set([
  'properties', 'patternProperties', '$defs', 'definitions', 'schemas', 'responses', 'parameters', 'headers',
  'requestBodies', 'links', 'callbacks', 'securitySchemes', 'pathItems', 'paths', 'content', 'dependentSchemas',
]); // prettier-ignore
/** Under these keys lie values of the service's, where `$ref` is only a word. */
const valueKeys = new Set(['example', 'default', 'enum', 'const', 'value']);

type Visit = { value: object; depth: number; isNameMap: boolean; isPlainValue: boolean };

/**
 * One pass over everything, without recursion: caps on size and depth, and no reference that leaves the
 * document. Values shared through YAML aliases count each time they appear.
 */
function walk(root: RawObject): void {
  const open: Visit[] = [{ value: root, depth: 0, isNameMap: false, isPlainValue: false }];
  let nodes = 0;
  let visit = open.pop();
  for (; visit; visit = open.pop()) {
    const { value, depth, isNameMap, isPlainValue } = visit;
    if (depth > maxDepth) throw refuseDocument(`The document is nested more than ${maxDepth} levels deep.`);
    const isArray = Array.isArray(value);
    const names = isArray ? null : Object.keys(value);
    const children: readonly unknown[] = isArray ? value : Object.values(value);
    nodes += children.length;
    if (nodes > maxNodes) throw refuseDocument('The document holds more than five million values.');
    for (let index = 0; index < children.length; index += 1) {
      const child = children[index];
      const name = names?.[index] ?? '';
      if (typeof child === 'object' && child !== null) {
        open.push({
          value: child,
          depth: depth + 1,
          isNameMap: !isNameMap && nameMaps.has(name),
          isPlainValue: isPlainValue || (!isNameMap && valueKeys.has(name)),
        });
      } else if (name === '$ref' && typeof child === 'string' && !isPlainValue && !isNameMap) {
        if (!child.startsWith('#')) throw refuseDocument(leavesTheDocument);
      }
    }
  }
}

const leavesTheDocument =
  'The document refers to another document ($ref); references must stay inside it and begin with "#/".';

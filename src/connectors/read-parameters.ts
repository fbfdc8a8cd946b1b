import type { HttpParameter } from './definition.ts';
import type { Dialect, RawObject } from './read-document.ts';
import { BrokenOperation, follow, isRaw, member, show } from './resolve-reference.ts';

/** A parameter as declared, before it has found its place in the tool's input. */
export type ReadParameter = Omit<HttpParameter, 'field'> & {
  schema: unknown;
  description: string | null;
  required: boolean;
  deprecated: boolean;
};

/** The declared parameters of an operation; Swagger 2.0's body and form fields lie apart. */
export type ReadParameters = {
  parameters: readonly ReadParameter[];
  bodyFields: readonly RawObject[];
  notes: readonly string[];
};

/** Headers that belong to the connection, to the credential or to HTTP itself, never to an argument. */
export const reservedHeader =
  /^(accept|accept-encoding|authorization|baggage|connection|content-(encoding|length|type)|cookie2?|expect|forwarded|host|keep-alive|mcp-.*|proxy-.*|sec-.*|set-cookie2?|te|traceparent|tracestate|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-.*|x-http-method.*|x-method-override|x-real-ip)$/i;

/** Header names and wire names as HTTP writes them. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const controls = /[\u0000-\u001F\u007F]/;

/**
 * Reads the parameters of a path and an operation; the operation's own win over the path's of the same name
 * and place. `secrets` are names the credential will fill (`header:x-api-key`): no agent is asked for those.
 */
export function readParameters(
  root: RawObject,
  dialect: Dialect,
  lists: readonly unknown[],
  secrets: ReadonlySet<string>,
): ReadParameters {
  const declared = new Map<string, RawObject>();
  for (const list of lists) {
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list)) throw new BrokenOperation('Its parameters are not a list.');
    for (const entry of list) {
      const raw = follow(root, entry, 'A parameter');
      if (typeof raw['name'] !== 'string' || typeof raw['in'] !== 'string') {
        throw new BrokenOperation('A parameter has no name or no place.');
      }
      declared.set(`${raw['in']}:${raw['in'] === 'header' ? raw['name'].toLowerCase() : raw['name']}`, raw);
    }
  }
  const parameters: ReadParameter[] = [];
  const bodyFields: RawObject[] = [];
  const notes: string[] = [];
  for (const [key, raw] of declared) {
    const name = raw['name'] as string;
    const place = raw['in'] as string;
    if (dialect === 'swagger2' && (place === 'body' || place === 'formData')) bodyFields.push(raw);
    else if (place === 'header' && reservedHeader.test(name))
      notes.push(`The header ${show(name)} is not an argument and was left out.`);
    else if (secrets.has(key))
      notes.push(`The parameter ${show(name)} carries the credential and was left out.`);
    else parameters.push(readParameter(raw, name, place, dialect));
  }
  return { parameters, bodyFields, notes };
}

function readParameter(raw: RawObject, name: string, place: string, dialect: Dialect): ReadParameter {
  if (place !== 'path' && place !== 'query' && place !== 'header' && place !== 'cookie') {
    throw new BrokenOperation(`The parameter ${show(name)} lies in ${show(place)}, which does not exist.`);
  }
  if (name === '' || controls.test(name) || (place === 'header' && !headerName.test(name))) {
    throw new BrokenOperation(`The parameter name ${show(name)} cannot be sent.`);
  }
  const common = {
    name,
    in: place,
    required: place === 'path' || raw['required'] === true,
    deprecated: raw['deprecated'] === true,
    description: typeof raw['description'] === 'string' ? raw['description'] : null,
    allowReserved: place === 'query' && raw['allowReserved'] === true,
  } as const;
  if (dialect === 'swagger2')
    return { ...common, ...collectionStyle(raw, place), contentType: null, schema: inlineSchema(raw) };
  const content = raw['content'];
  if (isRaw(content)) {
    const [contentType] = Object.keys(content);
    if (contentType === undefined) throw new BrokenOperation(`The parameter ${show(name)} has no content.`);
    const schema = member(content[contentType], 'schema') ?? {};
    return { ...common, style: defaultStyle(place), explode: false, contentType, schema };
  }
  const style = raw['style'] === undefined ? defaultStyle(place) : styleOf(raw['style'], place, name);
  const explode =
    typeof raw['explode'] === 'boolean' ? raw['explode'] : style === 'form' || style === 'deepObject';
  return { ...common, style, explode, contentType: null, schema: raw['schema'] ?? {} };
}

const defaultStyle = (place: HttpParameter['in']): HttpParameter['style'] =>
  place === 'query' || place === 'cookie' ? 'form' : 'simple';

const stylesByPlace: Readonly<Record<HttpParameter['in'], readonly string[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
  cookie: ['form'],
};

function styleOf(style: unknown, place: HttpParameter['in'], name: string): HttpParameter['style'] {
  // 3.2 calls the unescaped form style of cookies by a name of its own.
  if (place === 'cookie' && style === 'cookie') return 'form';
  if (typeof style === 'string' && stylesByPlace[place].includes(style))
    return style as HttpParameter['style'];
  throw new BrokenOperation(
    `The parameter ${show(name)} has the style ${show(typeof style === 'string' ? style : '?')}, which its place does not allow.`,
  );
}

/** Swagger 2.0's `collectionFormat` in the words of 3.0. */
export function collectionStyle(
  raw: RawObject,
  place: HttpParameter['in'] | 'formData',
): { style: HttpParameter['style']; explode: boolean } {
  const base = place === 'path' || place === 'header' ? 'simple' : 'form';
  if (raw['type'] !== 'array') return { style: base, explode: base === 'form' };
  const format = raw['collectionFormat'] ?? 'csv';
  if (format === 'csv') return { style: base, explode: false };
  if (base === 'form' && format === 'multi') return { style: 'form', explode: true };
  if (base === 'form' && format === 'ssv') return { style: 'spaceDelimited', explode: false };
  if (base === 'form' && format === 'pipes') return { style: 'pipeDelimited', explode: false };
  throw new BrokenOperation(
    `The collection format ${show(typeof format === 'string' ? format : '?')} is not supported.`,
  );
}

const notSchema = new Set([
  'name',
  'in',
  'required',
  'description',
  'collectionFormat',
  'allowEmptyValue',
  'schema',
]);

/** Swagger 2.0 writes a parameter's schema into the parameter itself. */
export function inlineSchema(raw: RawObject): RawObject {
  return Object.fromEntries(
    Object.entries(raw).filter(([key]) => !notSchema.has(key) && key !== '__proto__'),
  );
}

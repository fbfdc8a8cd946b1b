import type { HttpBody } from './definition.ts';
import type { Dialect, RawObject } from './read-document.ts';
import { collectionStyle, inlineSchema } from './read-parameters.ts';
import { BrokenOperation, follow, isRaw, member } from './resolve-reference.ts';

export type BodyEncoding = { [member: string]: HttpBody['encoding'][string] };

/** A request body as declared: one media type, its schema, and how members are written where that is said. */
export type ReadBody = {
  contentType: string;
  form: 'json' | 'urlencoded' | 'multipart' | 'text' | 'binary';
  schema: unknown;
  /** Whether a body must be sent: null where the document does not say. */
  required: boolean | null;
  description: string | null;
  encoding: BodyEncoding;
};

const json = /^application\/(?:json|[a-z0-9!#$&^_.+-]+\+json)$/;
const binary = /^(?:application\/(?:octet-stream|pdf|zip|gzip|x-tar|x-gzip)|image\/|audio\/|video\/|font\/)/;
const text = /^(?:text\/|application\/(?:xml|yaml|graphql|x-ndjson)$|.*\+(?:xml|yaml)$)/;

/** The bare media type, in small letters, without parameters. */
const bare = (mediaType: string): string => (mediaType.split(';')[0] ?? '').trim().toLowerCase();

export const isJsonType = (mediaType: string): boolean => json.test(bare(mediaType));

function formOf(mediaType: string): ReadBody['form'] | null {
  const type = bare(mediaType);
  if (json.test(type) || type === '*/*' || type === 'application/*') return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'urlencoded';
  if (type === 'multipart/form-data') return 'multipart';
  if (binary.test(type)) return 'binary';
  return text.test(type) ? 'text' : null;
}

const order: readonly (ReadBody['form'] | null)[] = ['json', 'urlencoded', 'multipart', 'text', 'binary'];

/** The media type we write best: plain JSON first, then forms, text and bytes. Null when we can write none. */
function preferred(types: readonly string[]): string | null {
  const exact = types.find((type) => bare(type) === 'application/json');
  if (exact !== undefined) return exact;
  for (const form of order) {
    const found = types.find((type) => formOf(type) === form);
    if (found !== undefined) return found;
  }
  return null;
}

/** Only what HTTP allows in a header may be repeated there. */
function wireType(mediaType: string): string {
  if (mediaType.includes('*')) return 'application/json';
  if (!/^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:\s*;[\x20-\x7E]*)?$/i.test(mediaType)) {
    throw new BrokenOperation('The media type of its body cannot be sent.');
  }
  return mediaType;
}

/** Reads `requestBody` of OpenAPI 3. Throws BrokenOperation when no media type of a required body can be written. */
export function readRequestBody(
  root: RawObject,
  operation: RawObject,
): { body: ReadBody | null; notes: readonly string[] } {
  if (operation['requestBody'] === undefined || operation['requestBody'] === null)
    return { body: null, notes: [] };
  const raw = follow(root, operation['requestBody'], 'Its body');
  const content = isRaw(raw['content']) ? raw['content'] : {};
  const types = Object.keys(content);
  if (types.length === 0) return { body: null, notes: ['Its body has no content and was left out.'] };
  const type = preferred(types);
  if (type === null) {
    if (raw['required'] === true)
      throw new BrokenOperation(
        `Its body can only be sent as ${types[0]!.slice(0, 80)}, which is not supported.`,
      );
    return { body: null, notes: ['The media type of its body is not supported; the body was left out.'] };
  }
  const media = follow(root, content[type], 'Its body');
  const form = formOf(type)!;
  return {
    body: {
      contentType: wireType(type),
      form,
      schema: media['schema'] ?? {},
      required: typeof raw['required'] === 'boolean' ? raw['required'] : null,
      description: typeof raw['description'] === 'string' ? raw['description'] : null,
      encoding: form === 'urlencoded' || form === 'multipart' ? readEncoding(media['encoding']) : {},
    },
    notes: [],
  };
}

function readEncoding(raw: unknown): BodyEncoding {
  const encoding: BodyEncoding = {};
  for (const [name, entry] of Object.entries(isRaw(raw) ? raw : {})) {
    if (!isRaw(entry) || name === '__proto__') continue;
    const style = entry['style'];
    const known =
      style === 'spaceDelimited' || style === 'pipeDelimited' || style === 'deepObject' ? style : 'form';
    encoding[name] = {
      contentType: typeof entry['contentType'] === 'string' ? wireType(firstOf(entry['contentType'])) : null,
      style: known,
      explode:
        typeof entry['explode'] === 'boolean' ? entry['explode'] : known === 'form' || known === 'deepObject',
      binary: false,
    };
  }
  return encoding;
}

/** `image/png, image/jpeg` names alternatives. */
const firstOf = (types: string): string => {
  const first = (types.split(',')[0] ?? '').trim();
  return first.includes('*') ? 'application/octet-stream' : first;
};

/** Puts Swagger 2.0's body parameter or form fields into the shape of 3.0. */
export function readSwaggerBody(
  root: RawObject,
  dialect: Dialect,
  operation: RawObject,
  fields: readonly RawObject[],
): ReadBody | null {
  if (dialect !== 'swagger2' || fields.length === 0) return null;
  const own = operation['consumes'];
  const listed: unknown = Array.isArray(own) ? own : root['consumes'];
  const consumes = Array.isArray(listed) ? listed.filter((type) => typeof type === 'string') : [];
  const whole = fields.find((field) => field['in'] === 'body');
  if (whole) {
    const type = preferred(consumes) ?? 'application/json';
    const form = formOf(type)!;
    // A body parameter is one document; what forms consume is declared with form fields instead.
    const isForm = form === 'urlencoded' || form === 'multipart';
    return {
      contentType: isForm ? 'application/json' : wireType(type),
      form: isForm ? 'json' : form,
      schema: whole['schema'] ?? {},
      required: whole['required'] === true,
      description: typeof whole['description'] === 'string' ? whole['description'] : null,
      encoding: {},
    };
  }
  return readFormFields(fields, consumes);
}

function readFormFields(fields: readonly RawObject[], consumes: readonly string[]): ReadBody {
  const hasFile = fields.some((field) => field['type'] === 'file');
  const multipart =
    hasFile ||
    (consumes.some((type) => formOf(type) === 'multipart') &&
      !consumes.some((type) => formOf(type) === 'urlencoded'));
  const properties: { [name: string]: unknown } = {};
  const encoding: BodyEncoding = {};
  for (const field of fields) {
    const name = field['name'] as string;
    if (name === '__proto__') continue;
    properties[name] = { ...inlineSchema(field), description: field['description'] };
    const { style, explode } = collectionStyle(field, 'formData');
    encoding[name] = { contentType: null, style: style as 'form', explode, binary: false };
  }
  const required = fields.filter((field) => field['required'] === true).map((field) => field['name']);
  return {
    contentType: multipart ? 'multipart/form-data' : 'application/x-www-form-urlencoded',
    form: multipart ? 'multipart' : 'urlencoded',
    schema: { type: 'object', properties, required },
    required: required.length > 0,
    description: null,
    encoding,
  };
}

/** Whether a member's value is bytes: it travels to us as base64. */
export function isBinary(root: RawObject, schema: unknown): boolean {
  if (!isRaw(schema)) return false;
  const target = typeof schema['$ref'] === 'string' ? follow(root, schema, 'A schema') : schema;
  if (target['type'] === 'file' || target['format'] === 'binary') return true;
  const media = target['contentMediaType'];
  if (typeof media === 'string' && target['contentEncoding'] === undefined && binary.test(bare(media)))
    return true;
  return (
    target['type'] === 'array' &&
    member(target, 'items') !== schema &&
    isBinaryItem(root, member(target, 'items'))
  );
}

function isBinaryItem(root: RawObject, items: unknown): boolean {
  if (!isRaw(items)) return false;
  const target = typeof items['$ref'] === 'string' ? follow(root, items, 'A schema') : items;
  return target['type'] === 'file' || target['format'] === 'binary';
}

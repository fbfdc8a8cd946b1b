import type { Json, JsonSchema } from '../kernel/index.ts';
import { cleanText } from './clean-text.ts';
import type { Trail } from './schema-context.ts';
import { newTrail } from './schema-context.ts';
import type { HttpBody, HttpParameter } from './definition.ts';
import type { FlatBody } from './flatten-body.ts';
import { flattenBody } from './flatten-body.ts';
import { nameFields } from './name-fields.ts';
import type { RawObject } from './read-document.ts';
import type { ReadBody } from './read-body.ts';
import { isBinary } from './read-body.ts';
import type { ReadParameter } from './read-parameters.ts';
import { isRaw, show } from './resolve-reference.ts';
import type { SchemaPool } from './schema-pool.ts';

export type BuiltInput = {
  schema: JsonSchema;
  parameters: readonly HttpParameter[];
  body: HttpBody | null;
  notes: readonly string[];
};

type Draft = { [keyword: string]: Json };
type Building = { pool: SchemaPool; trail: Trail; properties: Draft; required: string[]; notes: string[] };

const base64Note = 'Base64-encoded bytes.';

/** Lays parameters and body side by side in one object schema and says where each field goes. Throws BrokenOperation. */
export function buildInput(
  pool: SchemaPool,
  declared: readonly ReadParameter[],
  body: ReadBody | null,
): BuiltInput {
  const flat = body && body.form !== 'text' && body.form !== 'binary' ? flattenBody(pool, body.schema) : null;
  const members = flat ? [...flat.members.keys()] : [];
  const wanted = [
    ...declared.map(({ name, in: place }) => ({ name, place })),
    ...(body ? (flat ? members : ['body']) : []).map((name) => ({ name, place: 'body' as const })),
  ];
  const fields = nameFields(wanted);
  const building: Building = { pool, trail: newTrail(), properties: {}, required: [], notes: [] };
  wanted.forEach(({ name }, index) => {
    if (fields[index] !== name)
      building.notes.push(`The field ${show(name)} is called ${show(fields[index]!)} here.`);
  });
  const parameters = declared.map((each, index) => addParameter(building, each, fields[index]!));
  const bodyFields = fields.slice(declared.length);
  const builtBody = body && addBody(building, body, flat, members, bodyFields);
  const choices = flat
    ? choicesOf(building, flat, new Map(members.map((name, index) => [name, bodyFields[index]!])))
    : {};
  const definitions = pool.definitions(building.trail);
  const schema: Draft = {
    type: 'object',
    properties: building.properties,
    ...(building.required.length > 0 ? { required: building.required } : {}),
    ...(body?.required === false ? {} : choices),
    additionalProperties: false,
    ...(definitions ? { $defs: definitions } : {}),
  };
  return { schema, parameters, body: builtBody, notes: [...building.notes, ...building.trail.notes] };
}

function addParameter(building: Building, declared: ReadParameter, field: string): HttpParameter {
  const converted = building.pool.convert(declared.schema, building.trail);
  let schema: Draft = converted === true ? {} : isRaw(converted) ? { ...converted } : { not: {} };
  const description = declared.description && cleanText(declared.description, 1024).text;
  if (description) schema = { ...schema, description };
  if (declared.deprecated) schema['deprecated'] = true;
  building.properties[field] = schema;
  if (declared.required) building.required.push(field);
  const { name, in: place, style, explode, allowReserved, contentType } = declared;
  return { field, name, in: place, style, explode, allowReserved, contentType };
}

function addBody(
  building: Building,
  body: ReadBody,
  flat: FlatBody | null,
  members: readonly string[],
  fields: readonly string[],
): HttpBody {
  if (!flat) return addWholeBody(building, body, fields[0]!);
  const { root } = building.pool.context;
  const isForm = body.form === 'urlencoded' || body.form === 'multipart';
  const encoding: { [member: string]: HttpBody['encoding'][string] } = {};
  members.forEach((name, index) => {
    const field = fields[index]!;
    const schemas = flat.members.get(name)!;
    const binary = body.form === 'multipart' && schemas.some((schema) => isBinary(root, schema));
    const converted = schemas.map((schema) => building.pool.convert(schema, building.trail));
    const schema: Json = converted.length === 1 ? converted[0]! : { allOf: converted };
    building.properties[field] = binary ? asBase64(schema) : schema;
    // Where the document is silent about the body being optional, its required members are meant.
    if (body.required !== false && flat.required.has(name)) building.required.push(field);
    if (!isForm) return;
    const declared = Object.hasOwn(body.encoding, name) ? body.encoding[name] : undefined;
    encoding[name] = { ...(declared ?? { contentType: null, style: 'form', explode: true }), binary };
  });
  if (flat.isOpen) building.notes.push('Members its body does not declare cannot be sent.');
  return {
    contentType: body.contentType,
    members: Object.fromEntries(members.map((name, index) => [fields[index]!, name])),
    whole: null,
    encoding,
  };
}

function addWholeBody(building: Building, body: ReadBody, field: string): HttpBody {
  const encoding: { [member: string]: HttpBody['encoding'][string] } = {};
  let schema: Json;
  if (body.form === 'binary') {
    schema = { type: 'string', contentEncoding: 'base64', description: base64Note };
    encoding[field] = { contentType: body.contentType, style: 'form', explode: true, binary: true };
  } else if (body.form === 'text') schema = { type: 'string' };
  else schema = building.pool.convert(body.schema, building.trail);
  const text = body.description && cleanText(body.description, 1024).text;
  if (text && isRaw(schema) && schema['description'] === undefined) schema = { ...schema, description: text };
  building.properties[field] = schema;
  if (body.required === true) building.required.push(field);
  return { contentType: body.contentType, members: null, whole: field, encoding };
}

/** Bytes travel as base64 text; a list of files as a list of such texts. */
function asBase64(schema: Json): Json {
  if (!isRaw(schema)) return { type: 'string', contentEncoding: 'base64', description: base64Note };
  const text =
    typeof schema['description'] === 'string' ? `${schema['description']} ${base64Note}` : base64Note;
  if (schema['type'] === 'array') {
    return { ...schema, items: { type: 'string', contentEncoding: 'base64' }, description: text };
  }
  return { type: 'string', contentEncoding: 'base64', description: text };
}

/** The body's alternatives, in the names of the input's fields. */
function choicesOf(building: Building, flat: FlatBody, fieldOf: ReadonlyMap<string, string>): Draft {
  const choices: Draft[] = flat.choices.map(({ keyword, branches }) => ({
    [keyword]: branches.map((branch) => convertBranch(building, branch, fieldOf)),
  }));
  if (choices.length === 1) return choices[0]!;
  return choices.length === 0 ? {} : { allOf: choices };
}

function convertBranch(building: Building, branch: RawObject, fieldOf: ReadonlyMap<string, string>): Draft {
  const converted: Draft = {};
  const properties = Object.entries(isRaw(branch['properties']) ? branch['properties'] : {});
  const mapped = properties.flatMap(([name, schema]) => {
    const field = fieldOf.get(name);
    return field === undefined ? [] : [[field, building.pool.convert(schema, building.trail)] as const];
  });
  if (mapped.length > 0) converted['properties'] = Object.fromEntries(mapped);
  const listed: readonly unknown[] = Array.isArray(branch['required']) ? branch['required'] : [];
  const required = [...new Set(listed.flatMap((name) => fieldOf.get(name as string) ?? []))];
  if (required.length > 0) converted['required'] = required;
  return converted;
}

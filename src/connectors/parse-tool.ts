import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Json, JsonSchema, Problem } from '../kernel/index.ts';
import { bodyProblem, isObject } from '../kernel/index.ts';
import type { Definition, Effect, HttpBinding, HttpBody, HttpParameter } from './definition.ts';
import { reservedHeader } from './read-parameters.ts';
import { keywordKinds } from './schema-keywords.ts';

type Field = {
  in: HttpParameter['in'] | 'body';
  wire_name?: string;
  style?: HttpParameter['style'];
  explode?: boolean;
} & JsonSchema;

/** A tool as a connector file writes it; its form is checked before by docs/connector.schema.json. */
export type WrittenTool = {
  name: string;
  title: string;
  description: string;
  request: string;
  effect: Effect;
  confirm?: boolean;
  idempotent?: boolean;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  input?: { readonly [field: string]: Field };
  required?: readonly string[];
  output?: JsonSchema;
  defs?: JsonSchema;
};

type Way = readonly (string | number)[];

const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** Turns a written tool into its definition; `headers` are those of the whole connector. */
export function parseTool(
  tool: WrittenTool,
  headers: Readonly<Record<string, string>>,
  way: Way,
): { definition: Definition | null; problems: readonly Problem[] } {
  const space = tool.request.indexOf(' ');
  const method = tool.request.slice(0, space) as HttpBinding['method'];
  const path = tool.request.slice(space + 1);
  const inputSchema = inputSchemaOf(tool);
  const problems = [
    ...fieldProblems(tool, path, way),
    ...headerProblems(tool.headers ?? {}, [...way, 'headers']),
    ...schemaProblems(inputSchema, [...way, 'input']),
    ...(tool.output ? schemaProblems({ ...tool.output, $defs: tool.defs ?? {} }, [...way, 'output']) : []),
  ];
  if (problems.length > 0) return { definition: null, problems };
  const fixed = lowered({ ...lowered(headers), ...lowered(tool.headers ?? {}) });
  const definition: Definition = {
    path: tool.name,
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema,
    outputSchema: tool.output ? { ...tool.output, ...(tool.defs ? { $defs: tool.defs } : {}) } : null,
    effect: tool.effect,
    confirm: tool.confirm ?? false,
    idempotent: tool.idempotent ?? (tool.effect === 'read' || idempotentMethods.has(method)),
    binding: {
      kind: 'http',
      method,
      path,
      server: null,
      parameters: parametersOf(tool),
      body: bodyOf(tool),
      ...(Object.keys(fixed).length > 0 ? { fixedHeaders: fixed } : {}),
    },
    quarantine: null,
  };
  return { definition, problems: [] };
}

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const fieldsOf = (tool: WrittenTool): readonly [string, Field][] => Object.entries(tool.input ?? {});

function inputSchemaOf(tool: WrittenTool): JsonSchema {
  const properties: { [field: string]: Json } = {};
  for (const [name, field] of fieldsOf(tool)) {
    const { in: _place, wire_name: _wire, style: _style, explode: _explode, ...schema } = field;
    properties[name] = schema;
  }
  const inPath = fieldsOf(tool).flatMap(([name, field]) => (field.in === 'path' ? [name] : []));
  const required = [...new Set([...inPath, ...(tool.required ?? [])])];
  return {
    type: 'object',
    properties,
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
    ...(tool.defs ? { $defs: tool.defs } : {}),
  };
}

function parametersOf(tool: WrittenTool): readonly HttpParameter[] {
  return fieldsOf(tool).flatMap(
    ([field, { in: place, wire_name, style, explode }]): readonly HttpParameter[] => {
      if (place === 'body') return [];
      const written = style ?? (place === 'query' || place === 'cookie' ? 'form' : 'simple');
      return [
        {
          field,
          name: wire_name ?? field,
          in: place,
          style: written,
          explode: explode ?? (written === 'form' || written === 'deepObject'),
          allowReserved: false,
          contentType: null,
        },
      ];
    },
  );
}

function bodyOf(tool: WrittenTool): HttpBody | null {
  const inBody = fieldsOf(tool).filter(([, field]) => field.in === 'body');
  if (inBody.length === 0) return null;
  const contentType = tool.body ?? 'application/json';
  const encoding: { [member: string]: HttpBody['encoding'][string] } = {};
  for (const [name, { wire_name, style, explode, contentEncoding }] of inBody) {
    if (contentType === 'application/json') break;
    encoding[wire_name ?? name] = {
      contentType: null,
      style:
        style === undefined || style === 'simple' || style === 'label' || style === 'matrix' ? 'form' : style,
      explode: explode ?? true,
      binary: contentType === 'multipart/form-data' && contentEncoding === 'base64',
    };
  }
  const members = Object.fromEntries(inBody.map(([name, field]) => [name, field.wire_name ?? name]));
  return { contentType, members, whole: null, encoding };
}

function fieldProblems(tool: WrittenTool, path: string, way: Way): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (at: Way, message: string) =>
    problems.push(bodyProblem('value_error', [...way, ...at], message));
  const wanted = new Set([...path.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1]!));
  const seen = new Set<string>();
  for (const [name, field] of fieldsOf(tool)) {
    const wire = field.wire_name ?? name;
    const place = `${field.in}:${field.in === 'header' ? wire.toLowerCase() : wire}`;
    if (name === '__proto__' || wire === '__proto__') add(['input', name], 'This name is not allowed.');
    if (seen.has(place)) add(['input', name], 'Another field goes to the same place.');
    seen.add(place);
    if (field.in === 'path' && !wanted.delete(wire)) add(['input', name], `The path has no {${wire}}.`);
    if (field.in === 'header' && reservedHeader.test(wire))
      add(['input', name], 'This header is not an argument.');
  }
  for (const name of wanted) add(['request'], `No input field lies in the path as "${name}".`);
  (tool.required ?? []).forEach((name, index) => {
    if (!Object.hasOwn(tool.input ?? {}, name)) add(['required', index], 'There is no such input field.');
  });
  if (path.split('/').some((part) => part === '.' || part === '..'))
    add(['request'], 'The path holds a dot segment.');
  return problems;
}

/** Headers of the file's own may not carry what belongs to the credential or to HTTP. */
export function headerProblems(headers: Readonly<Record<string, string>>, way: Way): readonly Problem[] {
  return Object.keys(headers)
    .filter((name) => reservedHeader.test(name))
    .map((name) => bodyProblem('value_error', [...way, name], 'This header cannot be set here.'));
}

const metaschema = new Ajv2020({ strict: false });

function schemaProblems(schema: JsonSchema, way: Way): readonly Problem[] {
  if (metaschema.validateSchema(schema) !== true) {
    const [error] = metaschema.errors ?? [];
    const inside = (error?.instancePath ?? '').split('/').slice(1);
    const message = `This is no JSON Schema: ${error?.message ?? 'it is not valid'}.`;
    return [bodyProblem('value_error', [...way, ...withoutFirst(inside)], message)];
  }
  return unknownKeywords(schema, []).map((inside) =>
    bodyProblem('extra_forbidden', [...way, ...withoutFirst(inside)], 'JSON Schema has no such keyword.'),
  );
}

/** The input is written as its properties, without that word. */
const withoutFirst = (inside: readonly string[]): readonly string[] =>
  inside[0] === 'properties' ? inside.slice(1) : inside;

const otherKeywords = new Set(['$ref', '$defs', '$comment', 'type', 'enum', 'items', 'pattern', 'examples']);

/** A description with a comma that lost its quotes becomes a keyword in YAML: it must not pass unseen. */
function unknownKeywords(schema: Json | undefined, way: readonly string[]): readonly (readonly string[])[] {
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    const kind = keywordKinds.get(key);
    const inside = [...way, key];
    if (kind === undefined && !otherKeywords.has(key)) return [inside];
    if (kind === 'schema' || key === 'items') return unknownKeywords(value, inside);
    if (kind === 'schemas' && Array.isArray(value))
      return value.flatMap((each: Json, index) => unknownKeywords(each, [...inside, String(index)]));
    if ((kind === 'schemaMap' || key === '$defs') && isObject(value)) {
      return Object.entries(value).flatMap(([name, each]) => unknownKeywords(each, [...inside, name]));
    }
    return [];
  });
}

import type { Json } from '../kernel/index.ts';
import { buildInput } from './build-input.ts';
import { cleanText } from './clean-text.ts';
import { newTrail } from './schema-context.ts';
import type { Definition, Effect, HttpBinding } from './definition.ts';
import type { ListedOperation } from './list-operations.ts';
import { operationLabel } from './list-operations.ts';
import { isJsonType, readRequestBody, readSwaggerBody } from './read-body.ts';
import type { OpenapiDocument, RawObject } from './read-document.ts';
import type { ReadParameter } from './read-parameters.ts';
import { readParameters } from './read-parameters.ts';
import { firstServer, hasServers } from './read-servers.ts';
import { BrokenOperation, follow, isRaw, show } from './resolve-reference.ts';
import type { SchemaPool } from './schema-pool.ts';

export type OperationContext = {
  document: OpenapiDocument;
  input: SchemaPool;
  output: SchemaPool;
  /** What relative servers are resolved against. */
  against: string | null;
  baseUrl: string | null;
  secrets: ReadonlySet<string>;
};

const effects: Readonly<Record<HttpBinding['method'], Effect>> = {
  GET: 'read',
  HEAD: 'read',
  OPTIONS: 'read',
  DELETE: 'destructive',
  PUT: 'write',
  POST: 'write',
  PATCH: 'write',
  TRACE: 'write',
};
const idempotent = new Set<string>(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);
const maxDescription = 4096;
/** What notes of texts that held characters nobody sees begin with, also those of schemas. */
const invisible = 'Invisible characters';

/** Makes a tool of one operation; `notes` are remarks for the person importing. Throws BrokenOperation. */
export function readOperation(
  context: OperationContext,
  operation: ListedOperation,
): { definition: Definition; notes: readonly string[] } {
  if (operation.problem !== null) throw new BrokenOperation(operation.problem);
  const { root, dialect } = context.document;
  const { method, path, item, raw } = operation;
  const notes: string[] = [];
  if (operation.wasCut) notes.push('Its name was too long and has been cut.');
  else if (operation.wasSuffixed)
    notes.push('Another operation has the same name; a suffix tells them apart.');
  const read = readParameters(root, dialect, [item['parameters'], raw['parameters']], context.secrets);
  const parameters = matchPath(path, read.parameters, notes);
  const declared = dialect === 'swagger2' ? null : readRequestBody(root, raw);
  const body = declared ? declared.body : readSwaggerBody(root, dialect, raw, read.bodyFields);
  const input = buildInput(context.input, parameters, method === 'HEAD' || method === 'TRACE' ? null : body);
  const output = readOutput(context, raw);
  const texts = readTexts(raw);
  if (texts.description === null) notes.push('It has no description.');
  notes.push(...read.notes, ...(declared?.notes ?? []), ...input.notes, ...output.notes, ...texts.notes);
  const definition: Definition = {
    path:
      operation.operationId === null ? operationLabel(operation) : cleanText(operation.operationId, 256).text,
    name: operation.name,
    title: texts.title,
    description: texts.description,
    inputSchema: input.schema,
    outputSchema: output.schema,
    effect: effects[method],
    confirm: method === 'DELETE',
    idempotent: idempotent.has(method),
    binding: {
      kind: 'http',
      method,
      path,
      server: readServer(context, item, raw),
      parameters: input.parameters,
      body: input.body,
    },
    quarantine: null,
    ...(notes.some((note) => note.startsWith(invisible)) ? { flags: ['invisible_characters'] } : {}),
  };
  return { definition, notes: [...new Set(notes)] };
}

/** Each `{name}` of the path has its parameter; what the template does not name is no path parameter. */
function matchPath(
  path: string,
  parameters: readonly ReadParameter[],
  notes: string[],
): readonly ReadParameter[] {
  const names = new Set([...path.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1]!));
  const kept = parameters.filter((parameter) => {
    if (parameter.in !== 'path' || names.delete(parameter.name)) return true;
    notes.push(`The path has no place for the parameter ${show(parameter.name)}; it was left out.`);
    return false;
  });
  const added = [...names].map((name): ReadParameter => {
    notes.push(`The path parameter ${show(name)} is not declared; it is taken as text.`);
    return {
      name,
      in: 'path',
      style: 'simple',
      explode: false,
      allowReserved: false,
      contentType: null,
      schema: { type: 'string' },
      description: null,
      required: true,
      deprecated: false,
    };
  });
  return [...kept, ...added];
}

function readTexts(raw: RawObject): {
  title: string | null;
  description: string | null;
  notes: readonly string[];
} {
  const summary = cleanText(typeof raw['summary'] === 'string' ? raw['summary'] : '', 256);
  const described = cleanText(
    typeof raw['description'] === 'string' ? raw['description'] : '',
    maxDescription,
  );
  return {
    title: summary.text.replaceAll(/\s+/g, ' ') || null,
    description: described.text || summary.text || null,
    notes:
      summary.hadInvisible || described.hadInvisible ? [`${invisible} were removed from its texts.`] : [],
  };
}

/** An address of the operation's own, where the document gives one that differs from the base. */
function readServer(context: OperationContext, item: RawObject, raw: RawObject): string | null {
  const owner = hasServers(raw) ? raw : hasServers(item) ? item : null;
  if (owner === null) return null;
  const server = firstServer(owner['servers'], context.against);
  if (server === null) throw new BrokenOperation('Its own server is not an absolute http or https address.');
  return server === context.baseUrl ? null : server;
}

type Output = { schema: Definition['outputSchema']; notes: readonly string[] };

/** The schema of the first successful JSON reply. */
function readOutput(context: OperationContext, raw: RawObject): Output {
  const responses = isRaw(raw['responses']) ? raw['responses'] : {};
  const codes = Object.keys(responses)
    .filter((code) => /^2(?:\d\d|XX)$/i.test(code))
    .sort();
  for (const code of codes) {
    const response = follow(context.document.root, responses[code], 'A response');
    const schema =
      context.document.dialect === 'swagger2' ? response['schema'] : jsonSchemaOf(context, response);
    if (schema === undefined || (isRaw(schema) && schema['type'] === 'file')) continue;
    const trail = newTrail();
    const converted: Json = context.output.convertTop(schema, trail);
    if (!isRaw(converted)) break;
    const definitions = context.output.definitions(trail);
    return {
      schema: { ...converted, ...(definitions ? { $defs: definitions } : {}) },
      notes: [...trail.notes],
    };
  }
  const saysNothing = codes.length > 0 && codes.every((code) => code === '204' || code === '205');
  return { schema: null, notes: saysNothing ? [] : ['Its reply has no schema.'] };
}

function jsonSchemaOf(context: OperationContext, response: RawObject): unknown {
  const content = isRaw(response['content']) ? response['content'] : {};
  for (const [type, media] of Object.entries(content)) {
    if (isJsonType(type) || type === '*/*')
      return follow(context.document.root, media, 'A response')['schema'];
  }
  return undefined;
}

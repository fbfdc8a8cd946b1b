import type { Definition, HttpBinding, HttpParameter } from '../connectors/index.ts';
import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { misplaced } from './check-parameters.ts';
import { declaredFields } from './field-schema.ts';
import { setOwn } from './own-property.ts';

/** A parameter that the connection's author adds to what the service declares, or gives a custom action. */
export type ExtraParameter = {
  name: string;
  in: 'path' | 'query' | 'header' | 'body';
  type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object';
  required?: boolean;
  description?: string;
  enum?: readonly Json[];
};

/**
 * The definition with further parameters: as fields of the input and of the request. Parameters of a tool that is not
 * called over HTTP, and those whose name or place the service has come to use itself, are left out: its own word wins.
 */
export function extendDefinition(definition: Definition, extra: readonly ExtraParameter[]): Definition {
  const { binding, inputSchema } = definition;
  if (extra.length === 0 || binding.kind !== 'http') return definition;
  const declared = declaredFields(inputSchema);
  const added = extra.filter(
    (parameter) => !declared.has(parameter.name) && misplaced(parameter, binding) === null,
  );
  if (added.length === 0) return definition;
  const properties: Record<string, Json> = {};
  const own = isObject(inputSchema['properties']) ? inputSchema['properties'] : {};
  for (const [name, schema] of Object.entries(own)) setOwn(properties, name, schema);
  for (const parameter of added) setOwn(properties, parameter.name, schemaOf(parameter));
  const required = [
    ...(Array.isArray(inputSchema['required']) ? (inputSchema['required'] as string[]) : []),
    ...added.filter((parameter) => parameter.required || parameter.in === 'path').map(({ name }) => name),
  ];
  const extended: JsonSchema = {
    ...inputSchema,
    properties,
    ...(required.length > 0 ? { required } : {}),
  };
  return { ...definition, inputSchema: extended, binding: extendBinding(binding, added) };
}

function schemaOf({ type, description, enum: values }: ExtraParameter): JsonSchema {
  return {
    type,
    ...(description === undefined ? {} : { description }),
    ...(values === undefined ? {} : { enum: [...values] }),
  };
}

function extendBinding(binding: HttpBinding, added: readonly ExtraParameter[]): HttpBinding {
  const parameters: HttpParameter[] = added.flatMap(({ name, in: place }) =>
    place === 'body' ? [] : [parameterOf(name, place)],
  );
  const members = added.filter((parameter) => parameter.in === 'body').map(({ name }) => [name, name]);
  const all = { ...binding, parameters: [...binding.parameters, ...parameters] };
  if (members.length === 0) return all;
  const body = binding.body ?? { contentType: 'application/json', members: {}, whole: null, encoding: {} };
  return { ...all, body: { ...body, members: { ...body.members, ...Object.fromEntries(members) } } };
}

const parameterOf = (name: string, place: 'path' | 'query' | 'header'): HttpParameter => ({
  field: name,
  name,
  in: place,
  style: place === 'query' ? 'form' : 'simple',
  explode: place === 'query',
  allowReserved: false,
  contentType: null,
});

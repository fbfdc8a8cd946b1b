import type { Definition, HttpBinding, HttpParameter } from '../connectors/index.ts';
import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { getOwn, setOwn } from './own-property.ts';

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
 * called over HTTP, or whose name the service declares itself, are left out: the service's own word wins.
 */
export function extendDefinition(definition: Definition, extra: readonly ExtraParameter[]): Definition {
  const { binding, inputSchema } = definition;
  if (extra.length === 0 || binding.kind !== 'http') return definition;
  const declared = isObject(inputSchema['properties']) ? inputSchema['properties'] : {};
  const added = extra.filter(({ name }) => getOwn(declared, name) === undefined);
  if (added.length === 0) return definition;
  const properties: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(declared)) setOwn(properties, name, schema);
  for (const parameter of added) setOwn(properties, parameter.name, schemaOf(parameter));
  const required = [
    ...(Array.isArray(inputSchema['required']) ? (inputSchema['required'] as string[]) : []),
    ...added.filter((parameter) => parameter.required ?? parameter.in === 'path').map(({ name }) => name),
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
  if (members.length === 0) return { ...binding, parameters: [...binding.parameters, ...parameters] };
  const body = binding.body ?? { contentType: 'application/json', members: {}, whole: null, encoding: {} };
  return {
    ...binding,
    parameters: [...binding.parameters, ...parameters],
    // A body that is one value as a whole has no members to add to.
    body:
      body.members === null
        ? body
        : { ...body, members: { ...body.members, ...Object.fromEntries(members) } },
  };
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

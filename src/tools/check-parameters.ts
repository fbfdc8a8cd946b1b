import type { Connection } from '../connections/index.ts';
import { reservedHeader, type Definition, type HttpBinding } from '../connectors/index.ts';
import { bodyProblem, type JsonPath, type Problem } from '../kernel/index.ts';
import { placeholdersOf } from './action-path.ts';
import type { ExtraParameter } from './extend-definition.ts';
import { declaredFields } from './field-schema.ts';
import type { ReadParameters } from './parse-parameters.ts';

/** Parameters may not go where HTTP, the connection itself or what it signs in with has its place. */
export function reservedProblems(
  parameters: ReadParameters,
  connection: Pick<Connection, 'auth' | 'metadata'>,
  path: JsonPath,
): readonly Problem[] {
  const taken = takenBy(connection);
  return parameters.flatMap((parameter, index) => {
    if (!parameter) return [];
    const { name, in: place } = parameter;
    const at = [...path, index, 'name'];
    if (place === 'header' && reservedHeader.test(name)) {
      return [bodyProblem('value_error', at, 'This header is not an argument.', { input: name })];
    }
    if (taken.has(placeOf(place, name))) {
      const message = 'What the connection signs in with, or its address, has its place here.';
      return [bodyProblem('value_error', at, message, { input: name })];
    }
    return [];
  });
}

const placeOf = (place: string, name: string): string =>
  `${place}:${place === 'header' ? name.toLowerCase() : name}`;

function takenBy({ auth, metadata }: Pick<Connection, 'auth' | 'metadata'>): ReadonlySet<string> {
  return new Set([
    ...(auth.type === 'api_key' ? [placeOf(auth.in, auth.name)] : []),
    ...(metadata.query ?? []).map((name) => placeOf('query', name)),
    ...(metadata.headers ?? []).map((name) => placeOf('header', name)),
  ]);
}

/** Further parameters of a tool may not stand in for what it declares, nor go where its request has no place. */
export function clashProblems(
  parameters: ReadParameters,
  definition: Definition,
  path: JsonPath,
): readonly Problem[] {
  const { binding } = definition;
  if (binding.kind !== 'http') {
    return parameters.length === 0
      ? []
      : [bodyProblem('value_error', path, 'Parameters can be added to tools that are called over HTTP.')];
  }
  const declared = declaredFields(definition.inputSchema);
  return parameters.flatMap((parameter, index) => {
    if (!parameter) return [];
    const at = [...path, index];
    if (declared.has(parameter.name)) {
      return [bodyProblem('value_error', [...at, 'name'], 'The tool has a field of this name itself.')];
    }
    const said = misplaced(parameter, binding);
    return said === null ? [] : [bodyProblem('value_error', [...at, said.member], said.message)];
  });
}

type Misplaced = { member: 'name' | 'in'; message: string };

/** Why a request cannot carry a further parameter; null where it can. */
export function misplaced(
  { name, in: place }: Pick<ExtraParameter, 'name' | 'in'>,
  { method, path, parameters, body }: HttpBinding,
): Misplaced | null {
  const sent = parameters.some((one) => placeOf(one.in, one.name) === placeOf(place, name));
  if (sent) return { member: 'name', message: 'The tool sends something of its own there.' };
  if (place === 'path' && !placeholdersOf(path).has(name)) {
    return { member: 'name', message: `The path of this tool has no {${name}} that is free.` };
  }
  if (place !== 'body') return null;
  if (method === 'GET' || method === 'HEAD') {
    return { member: 'in', message: `A ${method} request has no body.` };
  }
  if (body && body.members === null) {
    return { member: 'in', message: 'The body of this tool is one value as a whole and has no members.' };
  }
  const taken = Object.values(body?.members ?? {}).includes(name);
  return taken ? { member: 'name', message: 'The tool sends something of its own there.' } : null;
}

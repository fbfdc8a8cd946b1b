import { maxToolName } from '../connectors/index.ts';
import { bodyProblem, isObject, type JsonPath, type JsonSchema, type Problem } from '../kernel/index.ts';
import { pathProblem, placeholdersOf } from './action-path.ts';
import { actionMethods, type CustomAction } from './custom-action.ts';
import { listOf, parseParameters } from './parse-parameters.ts';
import { readMembers, type Members } from './read-members.ts';
import { compileSchema } from './schema-validator.ts';

const mostActions = 100;
const members = ['name', 'description', 'effect', 'method', 'path', 'parameters', 'response'];

/**
 * Custom actions as a request writes them. Every problem is listed, each with its place below `path`; `actions` has the
 * place of each in the list, null where it could not be read.
 */
export function parseCustomActions(
  value: unknown,
  path: JsonPath,
): { actions: readonly (CustomAction | null)[]; problems: readonly Problem[] } {
  if (value === null) return { actions: [], problems: [] };
  const listed = listOf(value, mostActions, path);
  if ('problem' in listed) return { actions: [], problems: [listed.problem] };
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const actions = listed.items.map((item, index) => {
    const action = parseAction(item, [...path, index], problems);
    if (action && seen.has(action.name)) {
      problems.push(bodyProblem('value_error', [...path, index, 'name'], 'Another action has this name.'));
    }
    if (action) seen.add(action.name);
    return action;
  });
  return { actions, problems };
}

function parseAction(value: unknown, path: JsonPath, problems: Problem[]): CustomAction | null {
  const read = readMembers(value, path, members);
  const name = read.text('name', { max: maxToolName, pattern: '^[a-zA-Z0-9_-]+$' });
  const description = read.text('description', { max: 4_000 });
  const effect = read.oneOf('effect', ['read', 'write', 'destructive']);
  const method = read.oneOf('method', actionMethods);
  const to = read.text('path', { max: 1_000 });
  const given = isObject(value)
    ? parseParameters(read.own('parameters') ?? [], [...path, 'parameters'])
    : null;
  const response = readResponse(read);
  if (name === '__proto__') read.report('value_error', 'name', 'This name is not allowed.');
  const wrong = to === null ? null : pathProblem(to);
  if (wrong) read.report('value_error', 'path', wrong, { input: to });
  const found = [...read.problems, ...(given?.problems ?? [])];
  if (found.length > 0 || !name || description === null || !effect || !method || !to || !given) {
    problems.push(...found);
    return null;
  }
  const action = { name, description, effect, method, path: to, parameters: given.parameters, response };
  problems.push(...placeProblems(action, path));
  return action;
}

function readResponse(read: Members): JsonSchema | null {
  const value = read.own('response');
  if (value === undefined) return null;
  if (!isObject(value)) return read.report('dict_type', 'response', 'Input should be a valid dictionary');
  const compiled = compileSchema(value, { maxBytes: 64 * 1024, maxDepth: 32 });
  if (compiled.ok) return value;
  return read.report(
    'value_error',
    'response',
    `This is no JSON Schema that can be used: ${compiled.reason}`,
  );
}

/** Every `{name}` of the path is a parameter, every parameter of the path has its place in it, and bodies go where one may be. */
function placeProblems(action: CustomAction, path: JsonPath): readonly Problem[] {
  const wanted = placeholdersOf(action.path);
  const inPath = new Set(action.parameters.filter((one) => one.in === 'path').map(({ name }) => name));
  const missing = [...wanted]
    .filter((name) => !inPath.has(name))
    .map((name) =>
      bodyProblem('value_error', [...path, 'path'], `No parameter of the path is called "${name}".`),
    );
  const misplaced = action.parameters.flatMap((parameter, index) => {
    const at = [...path, 'parameters', index];
    if (parameter.in === 'path' && !wanted.has(parameter.name)) {
      return [bodyProblem('value_error', [...at, 'name'], `The path has no {${parameter.name}}.`)];
    }
    const hasNoBody = action.method === 'GET' || action.method === 'HEAD';
    return parameter.in === 'body' && hasNoBody
      ? [bodyProblem('value_error', [...at, 'in'], `A ${action.method} request has no body.`)]
      : [];
  });
  return [...missing, ...misplaced];
}

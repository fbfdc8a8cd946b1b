import { maxToolName } from '../connectors/index.ts';
import { bodyProblem, isObject, type JsonPath, type JsonSchema, type Problem } from '../kernel/index.ts';
import { pathProblem } from './action-path.ts';
import { actionMethods, type CustomAction } from './custom-action.ts';
import { listOf, parseParameters, type ReadParameters } from './parse-parameters.ts';
import { placeProblems } from './place-problems.ts';
import { readMembers, type Members } from './read-members.ts';
import { compileSchema } from './schema-validator.ts';

const mostActions = 100;
const members = ['name', 'description', 'effect', 'method', 'path', 'parameters', 'response'];

/** What could be read of an action. `action`: all of it, null where something of it is wrong. */
export type ReadAction = { name: string | null; parameters: ReadParameters; action: CustomAction | null };

/** Custom actions as a request writes them. Every problem is listed, each with its place below `path`. */
export function parseCustomActions(
  value: unknown,
  path: JsonPath,
): { actions: readonly ReadAction[]; problems: readonly Problem[] } {
  if (value === null) return { actions: [], problems: [] };
  const listed = listOf(value, mostActions, path);
  if ('problem' in listed) return { actions: [], problems: [listed.problem] };
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const actions = listed.items.map((item, index) => {
    const read = parseAction(item, [...path, index], problems);
    if (read.name !== null && seen.has(read.name)) {
      problems.push(bodyProblem('value_error', [...path, index, 'name'], 'Another action has this name.'));
    }
    if (read.name !== null) seen.add(read.name);
    return read;
  });
  return { actions, problems };
}

function parseAction(value: unknown, path: JsonPath, problems: Problem[]): ReadAction {
  const read = readMembers(value, path, members);
  const name = read.text('name', { max: maxToolName, pattern: '^[a-zA-Z0-9_-]+$' });
  const description = read.text('description', { max: 4_000 });
  const effect = read.oneOf('effect', ['read', 'write', 'destructive']);
  const method = read.oneOf('method', actionMethods);
  const to = read.text('path', { max: 1_000 });
  const given = parseParameters(read.own('parameters') ?? [], [...path, 'parameters']);
  const response = readResponse(read);
  if (name === '__proto__') read.report('value_error', 'name', 'This name is not allowed.');
  const wrong = to === null ? null : pathProblem(to);
  if (wrong) read.report('value_error', 'path', wrong, { input: to });
  const template = wrong === null ? to : null;
  const places = placeProblems(read.own('parameters'), method, template, path);
  const found = [...read.problems, ...given.problems, ...places];
  problems.push(...found);
  const parameters = given.parameters.filter((one) => one !== null);
  const isWhole = name !== null && description !== null && effect && method && to !== null;
  const action =
    isWhole && found.length === 0
      ? { name, description, effect, method, path: to, parameters, response }
      : null;
  return { name, parameters: given.parameters, action };
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

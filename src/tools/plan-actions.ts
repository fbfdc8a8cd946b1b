import type { Connection } from '../connections/index.ts';
import { bodyProblem, canonicalJson, type JsonPath, type Problem } from '../kernel/index.ts';
import { clashProblems, reservedProblems } from './check-parameters.ts';
import { commonHeaders, customPath, definitionOfAction, type CustomAction } from './custom-action.ts';
import type { ExtraParameter } from './extend-definition.ts';
import { parseCustomActions, type ReadAction } from './parse-custom-actions.ts';
import { parseParametersByTool } from './parse-parameters.ts';
import type { Tool } from './tool.ts';

/** As a request writes them; absent leaves, null clears, a list or map that is given takes the place of the whole one before. */
export type ActionsPatch = { customActions?: unknown; customActionParameters?: unknown };
/** Where in the request each of them stands. */
export type ActionsPaths = { customActions: JsonPath; customActionParameters: JsonPath };

/** What becomes of a connection's custom actions and further parameters; null: they stay as they are. */
export type ActionsPlan = {
  actions: readonly CustomAction[] | null;
  headers: Readonly<Record<string, string>>;
  /** By name of the tool; tools not named have none. */
  parameters: ReadonlyMap<string, readonly ExtraParameter[]> | null;
  problems: readonly Problem[];
};

/** What a patch makes of them, and everything that is wrong with it. Changes nothing. */
export function planActions(
  connection: Connection,
  tools: readonly Tool[],
  patch: ActionsPatch,
  paths: ActionsPaths,
): ActionsPlan {
  const service = tools.filter(({ source }) => source === 'service');
  const headers = commonHeaders(service.map(({ accepted }) => accepted));
  const problems: Problem[] = [];
  let actions: readonly CustomAction[] | null = null;
  if (patch.customActions !== undefined) {
    const read = parseCustomActions(patch.customActions, paths.customActions);
    problems.push(...read.problems, ...standProblems(connection, service, read.actions, paths.customActions));
    actions = read.actions.map(({ action }) => action).filter((action) => action !== null);
  }
  const parameters = planParameters(connection, tools, { actions, headers }, patch, paths, problems);
  return { actions, headers, parameters, problems };
}

/** Whether actions can stand on this connection, beside what its service has. */
function standProblems(
  connection: Connection,
  service: readonly Tool[],
  actions: readonly ReadAction[],
  path: JsonPath,
): readonly Problem[] {
  if (actions.length > 0 && !isHttp(connection)) {
    const message =
      'Actions can be added to connections that are called over HTTP: this one’s tools are its server’s.';
    return [bodyProblem('value_error', path, message)];
  }
  const names = new Set(service.map(({ name }) => name));
  const places = new Set(service.map((tool) => tool.path));
  return actions.flatMap(({ name, parameters }, index) => {
    const at = [...path, index];
    const isTaken = name !== null && (names.has(name) || places.has(customPath(name)));
    return [
      ...(isTaken
        ? [
            bodyProblem('value_error', [...at, 'name'], 'The service has a tool of this name.', {
              input: name,
            }),
          ]
        : []),
      ...reservedProblems(parameters, connection, [...at, 'parameters']),
    ];
  });
}

const isHttp = ({ kind }: Connection): boolean => kind === 'catalog' || kind === 'openapi';

function planParameters(
  connection: Connection,
  tools: readonly Tool[],
  { actions, headers }: Pick<ActionsPlan, 'actions' | 'headers'>,
  patch: ActionsPatch,
  paths: ActionsPaths,
  problems: Problem[],
): ActionsPlan['parameters'] {
  if (patch.customActionParameters === undefined) return null;
  const path = paths.customActionParameters;
  const read = parseParametersByTool(patch.customActionParameters, path);
  problems.push(...read.problems);
  const known = new Map(
    tools
      .filter(({ source }) => source === 'service' || actions === null)
      .map((tool) => [tool.name, { definition: tool.accepted, before: tool.extraParameters }]),
  );
  for (const action of actions ?? []) {
    const before = tools.find(({ name, source }) => source === 'author' && name === action.name);
    const definition = definitionOfAction(action, headers);
    known.set(action.name, { definition, before: before?.extraParameters ?? [] });
  }
  for (const [name, parameters] of read.byTool) {
    const tool = known.get(name);
    if (!tool) {
      const message = 'The connection has no tool of this name.';
      problems.push(bodyProblem('unknown_tool', [...path, name], message));
    } else if (canonicalJson(parameters) !== canonicalJson(tool.before)) {
      // What the service has come to declare itself since may stay as it was written.
      problems.push(...clashProblems(parameters, tool.definition, [...path, name]));
      problems.push(...reservedProblems(parameters, connection, [...path, name]));
    }
  }
  return new Map(
    [...read.byTool].map(([name, parameters]) => [name, parameters.filter((one) => one !== null)]),
  );
}

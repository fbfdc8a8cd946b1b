import { bodyProblem, isObject, type Json, type JsonPath, type Problem } from '../kernel/index.ts';
import { placeholdersOf } from './action-path.ts';
import type { CustomAction } from './custom-action.ts';
import { getOwn } from './own-property.ts';
import { mostParameters } from './parse-parameters.ts';

/**
 * Every `{name}` of a custom action's path is a parameter, every parameter of the path has its place in it, and bodies
 * go where one may be. Parameters are looked at as they were written, so that nothing else that is wrong with an action
 * hides it. Null: a method or path that could not be read.
 */
export function placeProblems(
  written: Json | undefined,
  method: CustomAction['method'] | null,
  template: string | null,
  path: JsonPath,
): readonly Problem[] {
  const list = written ?? [];
  if (!Array.isArray(list) || list.length > mostParameters) return [];
  const parameters = (list as readonly Json[]).map((one) => {
    const members = isObject(one) ? one : {};
    return { name: getOwn(members, 'name'), place: getOwn(members, 'in') };
  });
  const hasNoBody = method === 'GET' || method === 'HEAD';
  const bodies = parameters.flatMap(({ place }, index) =>
    place === 'body' && hasNoBody
      ? [bodyProblem('value_error', [...path, 'parameters', index, 'in'], `A ${method} request has no body.`)]
      : [],
  );
  if (template === null) return bodies;
  const wanted = placeholdersOf(template);
  // One that says no place that there is may be meant for the path: that is told of it already.
  const others = new Set<unknown>(['query', 'header', 'body']);
  const inPath = new Set(parameters.filter(({ place }) => !others.has(place)).map(({ name }) => name));
  const missing = [...wanted]
    .filter((name) => !inPath.has(name))
    .map((name) =>
      bodyProblem('value_error', [...path, 'path'], `No parameter of the path is called "${name}".`),
    );
  const homeless = parameters.flatMap(({ name, place }, index) =>
    place === 'path' && typeof name === 'string' && !wanted.has(name)
      ? [bodyProblem('value_error', [...path, 'parameters', index, 'name'], `The path has no {${name}}.`)]
      : [],
  );
  return [...missing, ...homeless, ...bodies];
}

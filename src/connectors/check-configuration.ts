import { bodyProblem, type JsonPath, type Problem } from '../kernel/index.ts';
import { fieldProblems } from './check-field.ts';
import type { ConfigField } from './connector-file.ts';

/**
 * Checks what a connection is configured with against its connector's fields: every problem at once, each at its
 * field's place below `path`. `values` are the given ones as they came; null stands for nothing given. Defaults are
 * not put in: addresses take them where they are read.
 */
export function checkConfiguration(
  fields: readonly ConfigField[],
  values: Readonly<Record<string, unknown>>,
  path: JsonPath,
): { problems: readonly Problem[]; values: Readonly<Record<string, unknown>> } {
  const known = new Set(fields.map(({ name }) => name));
  const given = Object.fromEntries(
    fields.flatMap(({ name }) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      return value === undefined || value === null ? [] : [[name, value] as const];
    }),
  );
  const problems = fields.flatMap((field): readonly Problem[] => {
    const { name } = field;
    if (Object.hasOwn(given, name)) return fieldProblems(field, given[name], [...path, name]);
    const isNeeded = field.required && field.default === undefined;
    return isNeeded ? [bodyProblem('missing', [...path, name], 'Field required', { input: given })] : [];
  });
  const unknown = Object.keys(values)
    .filter((name) => !known.has(name))
    .map((name) => bodyProblem('extra_forbidden', [...path, name], 'Extra inputs are not permitted'));
  return { problems: [...problems, ...unknown], values: given };
}

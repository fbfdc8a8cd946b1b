import { bodyProblem, isSafePattern, safePattern, type JsonPath, type Problem } from '../kernel/index.ts';
import { fieldProblems } from './check-field.ts';
import type { ConfigField } from './connector-file.ts';

/** What a schema cannot say of a file's fields: choices where there is something to choose, patterns that can be run, defaults that fit. */
export function configProblems(fields: readonly ConfigField[], way: JsonPath): readonly Problem[] {
  return fields.flatMap((field, index) => {
    const at = [...way, index];
    const unusable = [...optionProblems(field, at), ...patternProblems(field, at)];
    if (unusable.length > 0 || field.default === undefined) return unusable;
    const wrong = fieldProblems({ ...field, required: false }, field.default, [...at, 'default']);
    return wrong.map(({ type, path, message }) => bodyProblem(type, path, message));
  });
}

function optionProblems({ type, options = [] }: ConfigField, at: JsonPath): readonly Problem[] {
  const chooses = type === 'select' || type === 'multiselect';
  if (chooses && options.length === 0) {
    return [bodyProblem('value_error', [...at, 'options'], 'There is nothing to choose from.')];
  }
  const values = options.map(({ value }) => value);
  return values.flatMap((value, index) =>
    values.indexOf(value) < index
      ? [bodyProblem('value_error', [...at, 'options', index, 'value'], 'Another option has this value.')]
      : [],
  );
}

function patternProblems({ validation }: ConfigField, at: JsonPath): readonly Problem[] {
  const pattern = validation?.pattern;
  if (pattern === undefined) return [];
  const wrong = (message: string) => [bodyProblem('value_error', [...at, 'validation', 'pattern'], message)];
  try {
    safePattern(pattern, 'u');
  } catch {
    return wrong('This is no regular expression.');
  }
  return isSafePattern(pattern)
    ? []
    : wrong('The work of this pattern can grow without bound: write it without loops inside loops.');
}

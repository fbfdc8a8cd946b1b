import { bodyProblem, isObject, type Json, type JsonPath, type Problem } from '../kernel/index.ts';
import { getOwn } from './own-property.ts';

/** Reads an object's members one by one; what is wrong is collected, and what could not be read is null. */
export type Members = {
  readonly path: JsonPath;
  readonly problems: Problem[];
  /** Undefined for a member that is absent or null. */
  own(name: string): Json | undefined;
  text(name: string, rule: { max: number; pattern?: string }): string | null;
  optionalText(name: string, max: number): string | null;
  oneOf<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | null;
  flag(name: string): boolean | null;
  report(type: string, name: string, message: string, more?: Said): null;
};

type Said = { input?: unknown; ctx?: Record<string, unknown> };

/** Anything but an object, and members nobody knows, are problems from the start. */
export function readMembers(value: unknown, path: JsonPath, known: readonly string[]): Members {
  const problems: Problem[] = [];
  const members = isObject(value) ? value : {};
  const report: Members['report'] = (type, name, message, more) => {
    problems.push(bodyProblem(type, [...path, name], message, more));
    return null;
  };
  if (!isObject(value)) {
    problems.push(bodyProblem('dict_type', path, 'Input should be a valid dictionary'));
  }
  for (const name of Object.keys(members)) {
    if (!known.includes(name)) report('extra_forbidden', name, 'Extra inputs are not permitted');
  }
  const own = (name: string): Json | undefined => getOwn(members, name) ?? undefined;
  const given = (name: string): Json | undefined => {
    const found = own(name);
    if (found === undefined && isObject(value)) report('missing', name, 'Field required', { input: value });
    return found;
  };
  const text = (name: string, found: Json, max: number): string | null => {
    if (typeof found !== 'string') {
      return report('string_type', name, 'Input should be a valid string', { input: found });
    }
    if (found.length <= max) return found;
    const message = `String should have at most ${max} characters`;
    return report('string_too_long', name, message, { ctx: { max_length: max } });
  };
  return {
    path,
    problems,
    own,
    report,
    text(name, { max, pattern }) {
      const found = given(name);
      const read = found === undefined ? null : text(name, found, max);
      if (read === null || pattern === undefined || new RegExp(pattern, 'u').test(read)) return read;
      const message = `String should match pattern '${pattern}'`;
      return report('string_pattern_mismatch', name, message, { input: read, ctx: { pattern } });
    },
    optionalText(name, max) {
      const found = own(name);
      return found === undefined ? null : text(name, found, max);
    },
    oneOf(name, choices) {
      const found = given(name);
      if (found === undefined) return null;
      const choice = choices.find((one) => one === found);
      if (choice !== undefined) return choice;
      const quoted = choices.map((one) => `'${one}'`);
      const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
      return report('literal_error', name, `Input should be ${expected}`, {
        input: found,
        ctx: { expected },
      });
    },
    flag(name) {
      const found = own(name);
      if (found === undefined || typeof found === 'boolean') return found ?? null;
      return report('bool_type', name, 'Input should be a valid boolean', { input: found });
    },
  };
}

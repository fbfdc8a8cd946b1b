import { Failure } from './failure.ts';

type Members = { [name: string]: unknown };

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A JSON configuration read for a careful change: what is not ours keeps its place and its indentation.
 * Failure for what is no plain JSON, such as a file with comments, because writing it again would lose them.
 */
export function changeJson(text: string | null, file: string, change: (config: Members) => void): string {
  const source = text?.trim() ? text : '{}\n';
  let config: unknown;
  try {
    config = JSON.parse(source);
  } catch {
    config = null;
  }
  if (!isMembers(config)) {
    throw new Failure(
      `${file} is not plain JSON (a comment, perhaps): add the entry by hand; --print shows it.`,
    );
  }
  change(config);
  const indent = /\n([ \t]+)\S/.exec(source)?.[1] ?? '  ';
  return JSON.stringify(config, null, indent) + (source.endsWith('\n') ? '\n' : '');
}

/** The object under `name`, made where it is not there. */
export function membersOf(config: Members, name: string, file: string): Members {
  if (!Object.hasOwn(config, name)) config[name] = {};
  const members = config[name];
  if (!isMembers(members))
    throw new Failure(`“${name}” in ${file} is no object: mend it first, or use --print.`);
  return members;
}

/** The address an entry points at, or null where it is no entry of that kind. */
export function addressOf(members: Members, name: string): string | null {
  const entry = Object.hasOwn(members, name) ? members[name] : null;
  return isMembers(entry) && typeof entry['url'] === 'string' ? entry['url'] : null;
}

/** Both hold the same, however they are written. */
export function sameJson(left: string, right: string): boolean {
  try {
    return JSON.stringify(JSON.parse(left)) === JSON.stringify(JSON.parse(right));
  } catch {
    return left === right;
  }
}

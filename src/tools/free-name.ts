import { createHash } from 'node:crypto';
import type { Definition } from '../connectors/index.ts';

/** The definition's name, or one with a suffix made of its path where another tool has that name already. */
export function freeName(
  { name, path }: Pick<Definition, 'name' | 'path'>,
  taken: ReadonlySet<string>,
): string {
  if (!taken.has(name)) return name;
  const digest = createHash('sha256').update(path).digest('hex');
  for (let length = 6; ; length += 2) {
    const candidate = `${name.slice(0, 43 - length)}_${digest.slice(0, length)}`;
    if (!taken.has(candidate)) return candidate;
  }
}

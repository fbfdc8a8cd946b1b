import { createHash } from 'node:crypto';

const longest = 44;

/**
 * The name each tool is offered under: the service's own where that is legal, otherwise legal characters and,
 * where two would meet or the end is cut, a suffix from the original's hash. A tool that bears its name by
 * right keeps it whatever else is listed and in whatever order, so names stay put and none shadows another.
 */
export function legalNames(paths: readonly string[]): ReadonlyMap<string, string> {
  const wanted = new Map<string, number>();
  for (const path of paths) {
    const name = legal(path);
    wanted.set(name, (wanted.get(name) ?? 0) + 1);
  }
  const names = new Map<string, string>();
  const taken = new Set(paths.filter((path) => legal(path) === path));
  for (const path of paths) {
    const name = legal(path);
    if (name === path) names.set(path, name);
    else if (wanted.get(name) === 1 && whole(path) && !taken.has(name)) {
      names.set(path, name);
      taken.add(name);
    }
  }
  for (const path of paths) {
    if (names.has(path)) continue;
    const hash = createHash('sha256').update(path).digest('hex');
    let length = 6;
    let name = suffixed(path, hash, length);
    while (taken.has(name)) name = suffixed(path, hash, (length += 2));
    names.set(path, name);
    taken.add(name);
  }
  return names;
}

function legal(path: string): string {
  const clean = path.replace(/[^a-zA-Z0-9_-]+/g, '_').slice(0, longest);
  return clean === '' ? 'tool' : clean;
}

function whole(path: string): boolean {
  return path.length <= longest && path !== '';
}

function suffixed(path: string, hash: string, length: number): string {
  return `${legal(path).slice(0, longest - length - 1)}_${hash.slice(0, length)}`;
}

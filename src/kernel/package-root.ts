import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory that holds package.json: the same files lie below it whether run from src or from dist. */
export const packageRoot: string = findRoot(import.meta.dirname);

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('package.json was not found above the program');
  return findRoot(parent);
}

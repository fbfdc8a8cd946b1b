import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dumpTemplate, migrationsHash, packageRoot } from '../src/kernel/index.ts';

// A clone's first start and its tests open the embedded database from this file in half a second instead
// of running all migrations. Run by `npm ci` through `prepare`.

/** Writes the migrated template into `directory` unless it is there, and answers its path. */
export async function buildTemplate(directory: string): Promise<{ file: string; isNew: boolean }> {
  const migrations = join(packageRoot, 'migrations');
  const file = join(directory, `${migrationsHash(migrations)}.tar.gz`);
  if (existsSync(file)) return { file, isNew: false };
  mkdirSync(directory, { recursive: true });
  // Under another name first: a process that looks meanwhile sees all of it or nothing.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, await dumpTemplate(migrations));
  renameSync(unfinished, file);
  return { file, isNew: true };
}

if (import.meta.main) {
  const { file, isNew } = await buildTemplate(join(packageRoot, '.cache', 'template'));
  if (isNew) console.log(`database template written to ${file}`);
}

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { sameJson } from './json-config.ts';

/** A person's file as it was before we touched it. */
export const backupOf = (file: string): string => `${file}.before-toolcrib`;

export const readConfigFile = (file: string): string | null =>
  existsSync(file) ? readFileSync(file, 'utf8') : null;

/**
 * Writes a configuration file whole or not at all, through a link to what it points at. The first time a
 * copy of the old one stays beside it. `isSecret`: only its owner may read it from now on.
 */
export function writeConfigFile(
  file: string,
  text: string,
  options: { isSecret: boolean; before: string | null; hasOurs: boolean },
): { backup: string | null } {
  mkdirSync(dirname(file), { recursive: true });
  const real = existsSync(file) ? realpathSync(file) : file;
  const mode = options.isSecret ? 0o600 : existsSync(real) ? statSync(real).mode & 0o777 : 0o644;
  // With an entry of ours in it the copy was taken before, and holds no key.
  const backup = options.before !== null && !options.hasOurs ? backupOf(real) : null;
  if (backup) writeWhole(backup, options.before!, 0o600);
  writeWhole(real, text, mode);
  return { backup };
}

/**
 * Puts a file back: exactly as it was where nothing else has changed since, else `text`. A file that only
 * we had written goes away.
 */
export function restoreConfigFile(file: string, text: string): void {
  const real = realpathSync(file);
  const backup = backupOf(real);
  const old = readConfigFile(backup);
  if (old !== null && sameJson(old, text)) {
    writeWhole(real, old, statSync(real).mode & 0o777);
    rmSync(backup);
  } else if (old === null && ['', '{}'].includes(text.trim())) rmSync(real);
  else writeWhole(real, text, statSync(real).mode & 0o777);
}

function writeWhole(file: string, text: string, mode: number): void {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(unfinished, text, { mode, flag: 'wx' });
    chmodSync(unfinished, mode);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Typed } from './command.ts';
import { Failure, misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Where a server is, and the key it is asked with. */
export type Server = { url: string; key: string };

/** What a start on a laptop leaves for the command line, mode 0600, beside the master key. */
type ClientFile = { url: string; admin_key: string };

/**
 * Options first, then the environment, then what the last start on this machine left. A kept key goes to
 * the server it was made by and to no other.
 */
export function findServer(terminal: Terminal, typed: Typed): Server {
  const { env } = terminal;
  const file = join(resolve(env['TOOLCRIB_DATA_DIR'] || join(terminal.home, '.toolcrib')), 'client.json');
  const kept = readClientFile(file);
  const url = originOf(typed.text('url') ?? (env['TOOLCRIB_URL'] || kept?.url) ?? usualUrl(env));
  const given = typed.text('key') ?? env['TOOLCRIB_KEY'];
  if (given) return { url, key: given };
  if (kept && originOf(kept.url) === url) return { url, key: kept.admin_key };
  if (env['DATABASE_URL'] || kept || typed.text('url') || env['TOOLCRIB_URL']) {
    throw new Failure(`A key for ${url} is needed: set TOOLCRIB_KEY, or add --key KEY.`);
  }
  throw new Failure(
    'No Toolcrib was started on this machine: run “npx toolcrib” first, or set TOOLCRIB_URL and TOOLCRIB_KEY.',
  );
}

const usualUrl = (env: NodeJS.ProcessEnv): string => `http://127.0.0.1:${env['PORT'] || 7420}`;

function originOf(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw misuse(`“${text}” is no address of a server: write it as http://127.0.0.1:7420.`);
  }
  return url.origin;
}

function readClientFile(file: string): ClientFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      throw new Failure(
        `${file} holds a key and can be read by others: run chmod 600 on it, then “toolcrib keys reset-admin”.`,
      );
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Failure(`${file} cannot be read: start Toolcrib again, or set TOOLCRIB_URL and TOOLCRIB_KEY.`);
  }
  try {
    const { url, admin_key } = JSON.parse(text) as Partial<ClientFile>;
    if (typeof url === 'string' && typeof admin_key === 'string') return { url, admin_key };
  } catch {
    // said below
  }
  throw new Failure(`${file} is damaged: run “toolcrib keys reset-admin” to write it anew.`);
}

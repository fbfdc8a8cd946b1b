import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';

/** The package's version; its description lies at the same distance from src and from dist. */
export function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

export const version: Command = {
  name: 'version',
  summary: 'Print the version',
  help: 'toolcrib version',
  options: {},
  async run(terminal) {
    terminal.out(readVersion());
    return 0;
  },
};

import { openApi } from './api.ts';
import { onlyWord, serverHelp, serverOptions, type Command } from './command.ts';
import { findConnection } from './find-connection.ts';
import { versionLines } from './version-lines.ts';
import type { WireSync } from './wire.ts';
import { number, plural, visible } from './write-text.ts';

export const sync: Command = {
  name: 'sync',
  summary: 'Read a service’s tools again, now',
  help: `toolcrib sync SLUG

Asks the service for its tools and says what has changed. Agents are served what was accepted before; what is new or
changed waits until somebody accepts it: toolcrib drift shows it, toolcrib accept accepts it.
${serverHelp}`,
  options: serverOptions,
  async run(terminal, typed) {
    const slug = onlyWord('sync', typed, 'a connection');
    const api = openApi(terminal, typed);
    const connection = await findConnection(api, slug);
    const found = await api.post<WireSync>(`/v1/connections/${connection.id}/sync`, undefined);
    for (const what of ['added', 'changed', 'removed'] as const) {
      for (const name of found[what]) terminal.out(`${what.padEnd(7)}  ${visible(name)}`);
    }
    terminal.err(`${number(found.unchanged)} unchanged.`);
    if (found.held.length > 0) {
      const verb = found.held.length === 1 ? 'waits' : 'wait';
      terminal.err(
        `${plural(found.held.length, 'tool')} ${verb} for a yes: toolcrib drift ${connection.slug}`,
      );
    }
    for (const line of await versionLines(api, connection)) terminal.err(line);
    return 0;
  },
};

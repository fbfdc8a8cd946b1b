import type { Command } from './command.ts';
import { misuse } from './failure.ts';
import { nearest } from './nearest.ts';
import { table } from './write-text.ts';

/** The overview, and `toolcrib help COMMAND`. Made of the commands, so that none is forgotten. */
export function helpOf(commands: () => readonly Command[]): Command {
  return {
    name: 'help',
    summary: 'Explain a command',
    help: 'toolcrib help [COMMAND]',
    options: {},
    async run(terminal, typed) {
      const [named] = typed.words;
      terminal.out(named === undefined ? overview(commands()) : commandNamed(commands(), named).help);
      return 0;
    },
  };
}

export function overview(commands: readonly Command[]): string {
  return [
    'Toolcrib issues tools to AI agents: connect services, choose and curate their tools, serve them in packs.',
    '',
    'Usage: toolcrib [COMMAND]',
    '',
    ...table(commands.map(({ name, summary }) => [name, summary])),
    '',
    'toolcrib COMMAND --help says more.',
  ].join('\n');
}

/** Fails with the nearest name. */
export function commandNamed(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const near = nearest(
    name,
    commands.map((command) => command.name),
  );
  throw misuse(
    `There is no command “${name}”. ${near ? `Did you mean “toolcrib ${near}”?` : 'See: toolcrib --help'}`,
  );
}

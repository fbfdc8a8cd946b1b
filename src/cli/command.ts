import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** What was typed after a command's name, read by its options. */
export type Typed = {
  /** Words that are no options, in order. */
  words: readonly string[];
  text(option: string): string | undefined;
  /** Every value of an option that may be given more than once. */
  texts(option: string): readonly string[];
  has(option: string): boolean;
};

export type Command = {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What `toolcrib NAME --help` prints. */
  help: string;
  options: ParseArgsOptionsConfig;
  /** Answers the exit code. Throws Failure. */
  run(terminal: Terminal, typed: Typed): Promise<number>;
};

const text = { type: 'string' } as const;

/** Options of every command that speaks to a server. */
export const serverOptions = { url: text, key: text } satisfies ParseArgsOptionsConfig;
export const serverHelp = `
  --url URL   the server; else TOOLCRIB_URL, else the one started on this machine
  --key KEY   the key; else TOOLCRIB_KEY, else the one kept in the data directory (see: toolcrib start --help)`;

/** Reads what was typed. Failure with exit code 2 for an option the command does not have. */
export function readTyped(command: Command, argv: readonly string[]): Typed {
  const options = {
    ...command.options,
    help: { type: 'boolean', short: 'h' },
  } satisfies ParseArgsOptionsConfig;
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ');
    throw misuse(`${sentence!.replace(/\.$/, '')}. See: toolcrib ${command.name} --help`);
  }
  const values: Readonly<Record<string, unknown>> = parsed.values;
  return {
    words: parsed.positionals,
    text(option) {
      const value = values[option];
      return typeof value === 'string' ? value : undefined;
    },
    texts(option) {
      const value = values[option];
      return Array.isArray(value) ? (value as string[]) : typeof value === 'string' ? [value] : [];
    },
    has: (option) => values[option] === true,
  };
}

/** `a,b , c` → a, b, c. */
export const commaList = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** The only word a command takes, or Failure. */
export function onlyWord(command: string, typed: Typed, what: string): string {
  const [word, ...others] = typed.words;
  if (word === undefined) throw misuse(`Name ${what}. See: toolcrib ${command} --help`);
  if (others.length > 0) throw misuse(`“${others[0]}” is one word too many. See: toolcrib ${command} --help`);
  return word;
}

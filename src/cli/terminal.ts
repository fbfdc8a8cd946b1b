import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';

/** Where a command runs: what it may read, and where its words go. Tests hand over their own. */
export type Terminal = {
  env: NodeJS.ProcessEnv;
  /** The directory the command was called in. */
  directory: string;
  home: string;
  out(line: string): void;
  err(line: string): void;
  /** A person can be asked. */
  isInteractive: boolean;
  isColourful: boolean;
  ask(question: string): Promise<string>;
  /** Work that Ctrl-C ends by its signal, so that it can tidy up; pressed again it ends the program. */
  untilInterrupted<T>(work: (interrupted: AbortSignal) => Promise<T>): Promise<T>;
  /** All of standard input, for secrets that should not be in a shell's history. */
  readInput(): Promise<string>;
};

export function systemTerminal(env: NodeJS.ProcessEnv): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    env,
    directory: process.cwd(),
    home: homedir(),
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    isInteractive: stdin.isTTY && stdout.isTTY,
    // https://no-color.org: any value that is not empty.
    isColourful: stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
    async ask(question) {
      const lines = createInterface({ input: stdin, output: stdout });
      try {
        return (await lines.question(question)).trim();
      } finally {
        lines.close();
      }
    },
    async untilInterrupted(work) {
      const controller = new AbortController();
      const stop = (): void => controller.abort();
      process.once('SIGINT', stop);
      try {
        return await work(controller.signal);
      } finally {
        process.off('SIGINT', stop);
      }
    },
    readInput: async () => (await text(stdin)).trim(),
  };
}

import type { Command } from './command.ts';
import { misuse } from './failure.ts';

export const start: Command = {
  name: 'start',
  summary: 'Start Toolcrib (also without a command)',
  help: `toolcrib start

Starts the server and, the first time, makes everything it needs: data directory, database, master key, admin
key, and a sample to try. It is set by the environment:

  HOST, PORT               where it listens (127.0.0.1, 7420)
  TOOLCRIB_PUBLIC_URL      the origin in every link; required when HOST is not loopback
  TOOLCRIB_DATA_DIR        embedded database, master key, client.json (~/.toolcrib)
  DATABASE_URL             a PostgreSQL server (15 or newer) instead of the embedded database
  TOOLCRIB_MASTER_KEY      32 bytes in base64, or where they are (docs/vault.md); required with DATABASE_URL
  TOOLCRIB_ADMIN_KEY       the admin key to make at the very first start
  TOOLCRIB_EGRESS_ALLOW    hosts and networks outside public address space that may be reached
  TOOLCRIB_SAMPLE          on or off
  LOG_LEVEL                info

With the embedded database a start keeps an admin key for these commands in client.json of the data
directory, readable by you alone, beside the master key that is kept there in the same way: who can read one
can read the other. With DATABASE_URL nothing is kept, and commands need TOOLCRIB_URL and TOOLCRIB_KEY.`,
  options: {},
  async run(terminal, typed) {
    if (typed.words.length > 0)
      throw misuse(`“${typed.words[0]}” is one word too many. See: toolcrib start --help`);
    const main = await import('../main.ts');
    await main.start(terminal.env);
    return 0;
  },
};

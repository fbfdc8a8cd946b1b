import { accept } from './accept.ts';
import { add } from './add.ts';
import { approvals } from './approvals.ts';
import { audit } from './audit.ts';
import { call } from './call.ts';
import { client } from './client.ts';
import { readTyped, type Command } from './command.ts';
import { connect } from './connect.ts';
import { demo } from './demo.ts';
import { drift } from './drift.ts';
import { Failure } from './failure.ts';
import { commandNamed, helpOf, overview } from './help.ts';
import { keys } from './keys.ts';
import { pack } from './pack.ts';
import { panic } from './panic.ts';
import { start } from './start.ts';
import { sync } from './sync.ts';
import { systemTerminal, type Terminal } from './terminal.ts';
import { upgrade } from './upgrade.ts';
import { version } from './version.ts';

const commands: readonly Command[] = [
  start,
  demo,
  add,
  connect,
  pack,
  client,
  call,
  approvals,
  sync,
  drift,
  accept,
  upgrade,
  keys,
  audit,
  panic,
  helpOf(() => commands),
  version,
];

/**
 * Runs one command and answers its exit code: 0 done, 1 failed, 2 misused. Every failure is one sentence on
 * standard error. A start answers when it listens; the server then keeps the process.
 */
export async function run(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal = systemTerminal(env),
): Promise<number> {
  try {
    const [first, ...rest] = argv;
    if (first === '--help' || first === '-h') {
      terminal.out(overview(commands));
      return 0;
    }
    if (first === '--version' || first === '-v') return await version.run(terminal, readTyped(version, []));
    const isNamed = first !== undefined && !first.startsWith('-');
    const command = isNamed ? commandNamed(commands, first) : start;
    const given = isNamed ? rest : argv;
    if (given.includes('--help') || given.includes('-h')) {
      terminal.out(command.help);
      return 0;
    }
    return await command.run(terminal, readTyped(command, given));
  } catch (error) {
    if (error instanceof Failure) {
      terminal.err(`toolcrib: ${error.message}`);
      return error.exitCode;
    }
    // A fault of the program's own start is a sentence too; what nobody foresaw keeps its trace.
    const isFault = error instanceof Error && error.name === 'Fault';
    terminal.err(
      isFault ? `toolcrib: ${error.message}` : String(error instanceof Error ? error.stack : error),
    );
    return 1;
  }
}

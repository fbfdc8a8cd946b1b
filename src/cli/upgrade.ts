import { openApi } from './api.ts';
import { onlyWord, serverHelp, serverOptions, type Command } from './command.ts';
import { misuse } from './failure.ts';
import { findConnection } from './find-connection.ts';
import type { WireUpgraded } from './wire.ts';
import { impactLines } from './write-impact.ts';
import { visible } from './write-text.ts';

export const upgrade: Command = {
  name: 'upgrade',
  summary: 'Move a connection to another version',
  help: `toolcrib upgrade SLUG [--to N] [--dry-run]

Moves a connection to its newest version, whole or not at all. What was said of its tools comes along where a tool or a
field has another name in the new version.

  --to N      that version; below the current one it is a rollback, to one the connection has been on
  --dry-run   says what would come of it, and changes nothing
${serverHelp}`,
  options: { ...serverOptions, to: { type: 'string' }, 'dry-run': { type: 'boolean' } },
  async run(terminal, typed) {
    const slug = onlyWord('upgrade', typed, 'a connection');
    const to = typed.text('to');
    if (to !== undefined && !/^[1-9]\d{0,8}$/.test(to)) throw misuse('--to is the number of a version.');
    const isDryRun = typed.has('dry-run');
    const api = openApi(terminal, typed);
    const { id } = await findConnection(api, slug);
    const done = await api.post<WireUpgraded>(
      `/v1/connections/${id}/upgrade${isDryRun ? '?dry_run=true' : ''}`,
      to === undefined ? {} : { target_version: Number(to) },
    );
    const { previous_version: from, new_version: now } = done;
    if (from === now) {
      terminal.err(`It is on version ${now} already.`);
      return 0;
    }
    terminal.out(`${isDryRun ? 'Would move' : 'Moved'} from version ${from} to ${now}.`);
    if (done.changelog !== '') terminal.out(visible(done.changelog));
    if (done.impact) for (const line of impactLines(done.impact)) terminal.out(line);
    return 0;
  },
};

import { openApi } from './api.ts';
import { serverHelp, serverOptions, type Command } from './command.ts';
import { misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';
import type { WirePanicReport } from './wire.ts';
import { plural, visible } from './write-text.ts';

export const panic: Command = {
  name: 'panic',
  summary: 'Make every key, credential and token void, after a leak',
  help: `toolcrib panic [--yes]

For the moment in which a key, the vault or the database may be in other hands. Revokes every key of the
organization but the admin key it is called with, turns webhooks off, takes every connection out of service, asks the services to
revoke the tokens we had, and shreds what they cannot be told about. Then it says, service by service, what is
left for you to do there by hand. Nothing of it can be undone: accounts have to be connected again, and agents
get new keys.

Without --yes it shows what it would do. Exit code 1 when a service did not confirm; calling it again does no harm.

  --yes   do it
${serverHelp}`,
  options: { ...serverOptions, yes: { type: 'boolean' } },
  async run(terminal, typed) {
    if (typed.words.length > 0) {
      throw misuse(`“${typed.words[0]}” is one word too many. See: toolcrib panic --help`);
    }
    const isReal = typed.has('yes');
    const report = await openApi(terminal, typed).post<WirePanicReport>('/v1/panic', { dry_run: !isReal });
    writeReport(terminal, report);
    if (!isReal) terminal.err('Nothing was done. To do it: toolcrib panic --yes');
    const outcomes = report.services.flatMap(({ accounts }) => accounts.map(({ outcome }) => outcome));
    return isReal && outcomes.includes('unreachable') ? 1 : 0;
  },
};

const done = { revoked: 'revoked', disabled: 'disabled only', unreachable: 'unreachable' } as const;
const planned = { revoked: 'would be revoked', disabled: 'would be disabled only', unreachable: '' } as const;

function writeReport(terminal: Terminal, report: WirePanicReport): void {
  const words = report.dry_run ? planned : done;
  for (const { slug, accounts, by_hand } of report.services) {
    terminal.out(`${visible(slug)}: ${accounts.length === 0 ? 'no credentials' : ''}`.trimEnd());
    for (const { owner, account, outcome } of accounts) {
      terminal.out(`  ${words[outcome]}   ${visible(owner)}${account ? `   ${visible(account)}` : ''}`);
    }
    if (by_hand) terminal.out(`  ! ${visible(by_hand)}`);
  }
  for (const { url } of report.webhooks_disabled) {
    terminal.out(`webhook ${report.dry_run ? 'would be turned off' : 'turned off'}: ${visible(url)}`);
  }
  for (const { client_id, of } of report.apps) {
    terminal.out(`! Make a new client secret for your app ${visible(client_id)} (${visible(of)}).`);
  }
  for (const { vault_id, name } of report.secrets_kept) {
    terminal.out(
      `! Make the secret “${visible(name)}” (${visible(vault_id)}) anew where it is from: it stays here.`,
    );
  }
  const verb = report.dry_run ? 'would be revoked' : 'revoked';
  terminal.out(`${plural(report.keys_revoked.length, 'key')} ${verb}; the admin key in use goes on working.`);
}

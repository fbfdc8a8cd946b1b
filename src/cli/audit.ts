import { openApi, Refusal } from './api.ts';
import { serverHelp, serverOptions, type Command, type Typed } from './command.ts';
import { Failure, misuse } from './failure.ts';
import type { Terminal } from './terminal.ts';
import type { WireChainCheck } from './wire.ts';
import { plural } from './write-text.ts';

export const audit: Command = {
  name: 'audit',
  summary: 'Check that the audit log is whole',
  help: `toolcrib audit verify

Walks the hash chain of every organization: by the running server, or, where none answers, in the data
directory or DATABASE_URL itself. Exit code 0 when every row holds; 1 with the first row that does not. A chain
alone cannot show that its end was cut: compare the last hash with the anchors in the server's log.
${serverHelp}`,
  options: serverOptions,
  async run(terminal, typed) {
    if (typed.words.join(' ') !== 'verify') throw misuse('Write “toolcrib audit verify”.');
    const checks = (await askServer(terminal, typed)) ?? (await openItself(terminal));
    for (const { organization_id, rows, last_hash, bad } of checks) {
      if (bad) {
        terminal.err(`${organization_id}: row ${bad.seq}${bad.id ? ` (${bad.id})` : ''}: ${bad.reason}`);
      } else terminal.out(`${organization_id}: ${plural(rows, 'row')} hold, last hash ${last_hash}`);
    }
    return checks.some(({ bad }) => bad) ? 1 : 0;
  },
};

/** Null where no server answers and none was named. */
async function askServer(terminal: Terminal, typed: Typed): Promise<readonly WireChainCheck[] | null> {
  const isNamed = typed.text('url') !== undefined || Boolean(terminal.env['TOOLCRIB_URL']);
  try {
    return await openApi(terminal, typed).get<WireChainCheck[]>('/v1/audit/verify');
  } catch (error) {
    if (isNamed || error instanceof Refusal || !(error instanceof Failure)) throw error;
    return null;
  }
}

async function openItself(terminal: Terminal): Promise<readonly WireChainCheck[]> {
  const { verifyAudit } = await import('../main.ts');
  const checks = await verifyAudit(terminal.env);
  return checks.map(({ organizationId, rows, lastHash, bad }) => ({
    organization_id: organizationId,
    rows,
    last_hash: lastHash,
    bad,
  }));
}

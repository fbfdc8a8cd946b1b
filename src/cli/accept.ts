import { openApi, type Api } from './api.ts';
import { serverHelp, serverOptions, type Command } from './command.ts';
import { Failure, misuse } from './failure.ts';
import { findConnection } from './find-connection.ts';
import { nearest } from './nearest.ts';
import type { WireAccepted, WireImpact, WireTool } from './wire.ts';
import { impactLines } from './write-impact.ts';
import { plural, visible } from './write-text.ts';

export const accept: Command = {
  name: 'accept',
  summary: 'Accept what a service changed',
  help: `toolcrib accept SLUG [TOOL…] [--dry-run]

From now on agents are served what the service says now, of all its tools or of these. New tools may then be enabled.
A connection of the catalog moves whole: toolcrib upgrade.

  --dry-run   says what would come of it, and changes nothing
${serverHelp}`,
  options: { ...serverOptions, 'dry-run': { type: 'boolean' } },
  async run(terminal, typed) {
    const [slug, ...names] = typed.words;
    if (slug === undefined) throw misuse('Name a connection. See: toolcrib accept --help');
    const api = openApi(terminal, typed);
    const connection = await findConnection(api, slug);
    const body = names.length > 0 ? { tool_ids: await idsOf(api, connection.id, names) } : {};
    const path = `/v1/connections/${connection.id}/accept`;
    if (typed.has('dry-run')) {
      const impact = await api.post<WireImpact>(`${path}?dry_run=true`, body);
      for (const line of impactLines(impact)) terminal.out(line);
      return 0;
    }
    const done = await api.post<WireAccepted>(path, body);
    for (const { slug: tool, kind, class: what, ...stale } of done.accepted) {
      terminal.out(`${visible(tool)}  ${kind === what ? kind : `${kind}, ${what}`}`);
      const left = [...stale.stale_inputs, ...stale.stale_paths];
      if (left.length > 0) terminal.err(`  stale from now on: ${visible(left.join(', '))}`);
    }
    terminal.err(
      done.accepted.length === 0
        ? 'Nothing was held: nothing has changed.'
        : `Accepted ${plural(done.accepted.length, 'change')}; ${connection.slug} is on version ${done.schema_version}.`,
    );
    return 0;
  },
};

async function idsOf(api: Api, connectionId: string, names: readonly string[]): Promise<string[]> {
  const tools = await api.list<WireTool>(`/v1/connections/${connectionId}/tools`);
  return names.map((named) => {
    const found = tools.find(({ id, name, slug }) => [id, name, slug].includes(named));
    if (found) return found.id;
    const near = nearest(
      named,
      tools.map(({ name }) => name),
    );
    throw new Failure(`The connection has no tool “${named}”.${near ? ` Did you mean “${near}”?` : ''}`);
  });
}

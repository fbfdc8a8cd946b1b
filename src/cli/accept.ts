import { openApi } from './api.ts';
import { serverHelp, serverOptions, type Command } from './command.ts';
import { Failure, misuse } from './failure.ts';
import { findConnection } from './find-connection.ts';
import { nearest } from './nearest.ts';
import type { WireAccepted, WireImpact, WireTool } from './wire.ts';
import { impactLines } from './write-impact.ts';
import { seenOf } from './seen.ts';
import { plural, visible } from './write-text.ts';

export const accept: Command = {
  name: 'accept',
  summary: 'Accept what a service changed',
  help: `toolcrib accept SLUG [TOOL…] [--seen WORD] [--dry-run]

From now on agents are served what the service says now, of all its tools or of these. New tools may then be enabled.
A connection of the catalog moves whole: toolcrib upgrade.

  --seen      accepts what toolcrib drift showed when it gave this word, or nothing: a service may have changed since
  --dry-run   says what would come of it, and changes nothing
${serverHelp}`,
  options: { ...serverOptions, seen: { type: 'string' }, 'dry-run': { type: 'boolean' } },
  async run(terminal, typed) {
    const [slug, ...names] = typed.words;
    if (slug === undefined) throw misuse('Name a connection. See: toolcrib accept --help');
    const api = openApi(terminal, typed);
    const connection = await findConnection(api, slug);
    const tools = await api.list<WireTool>(`/v1/connections/${connection.id}/tools`);
    const body = {
      ...(names.length > 0 ? { tool_ids: idsOf(tools, names) } : {}),
      ...digestsOf(tools, slug, typed.text('seen')),
    };
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

/** What is held is what was looked at, or nothing is accepted: also where it changes between this and that. */
function digestsOf(
  tools: readonly WireTool[],
  slug: string,
  seen: string | undefined,
): { digests?: string[] } {
  if (seen === undefined) return {};
  const digests = tools.flatMap(({ held }) => (held ? [held.digest] : []));
  if (seenOf(digests) === seen) return { digests };
  throw new Failure(
    `What is held of ${slug} is not what was shown any more. Look again: toolcrib drift ${slug}`,
  );
}

function idsOf(tools: readonly WireTool[], names: readonly string[]): string[] {
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

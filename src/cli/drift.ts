import { openApi, type Api } from './api.ts';
import { serverHelp, serverOptions, type Command } from './command.ts';
import { misuse } from './failure.ts';
import { findConnection } from './find-connection.ts';
import { seenOf } from './seen.ts';
import type { Terminal } from './terminal.ts';
import type { WireConnection, WireDifference, WireTool } from './wire.ts';
import { versionLines } from './version-lines.ts';
import { exact, paintsFor, visible, type Paints } from './write-text.ts';

export const drift: Command = {
  name: 'drift',
  summary: 'Show what services changed that nobody has accepted',
  help: `toolcrib drift [SLUG]

Shows what the service says now beside what agents are served: for each tool whether it is new, gone or changed, what
the change means, and each difference on one line, before → after. Words that speak to the model are pointed out.
A connection of the catalog stays on its version: a newer one is named.

  text         words only
  widening     what worked goes on working
  breaking     a call that worked may fail
  permission   it does more than it said before
${serverHelp}`,
  options: serverOptions,
  async run(terminal, typed) {
    const [slug, ...others] = typed.words;
    if (others.length > 0) throw misuse(`“${others[0]}” is one word too many. See: toolcrib drift --help`);
    const api = openApi(terminal, typed);
    const connections = slug
      ? [await findConnection(api, slug)]
      : await api.list<WireConnection>('/v1/connections');
    let shown = 0;
    for (const connection of connections) {
      const lines = await versionLines(api, connection);
      for (const line of lines) terminal.out(line);
      shown += lines.length;
      if ((connection.held_count ?? 0) > 0) shown += await showHeld(terminal, api, connection);
    }
    if (shown === 0) terminal.err('Nothing waits: what the services say is what agents are served.');
    return 0;
  },
};

async function showHeld(terminal: Terminal, api: Api, connection: WireConnection): Promise<number> {
  const tools = await api.list<WireTool>(`/v1/connections/${connection.id}/tools`);
  const held = tools.filter((tool) => tool.held);
  const paints = paintsFor(terminal);
  for (const tool of held) for (const line of linesOf(tool, paints)) terminal.out(line);
  if (held.length > 0) {
    const seen = seenOf(held.map((tool) => tool.held!.digest));
    terminal.err(`To accept all of it, and nothing else: toolcrib accept ${connection.slug} --seen ${seen}`);
  }
  return held.length;
}

function linesOf(tool: WireTool, { strong, bad, faint }: Paints): string[] {
  const held = tool.held!;
  const what = held.kind === held.class ? held.kind : `${held.kind}, ${held.class}`;
  const isGrave = held.class === 'breaking' || held.class === 'permission' || held.class === 'removed';
  return [
    `${strong(visible(tool.slug))}  ${isGrave ? bad(what) : what}  ${faint(`since ${held.since}`)}`,
    ...held.flags.map((flag) => bad(`  !! ${warnings[flag] ?? visible(flag)}`)),
    ...(held.kind === 'added'
      ? [`  ${tool.effect}  ${exact(tool.definition?.description ?? '')}`.trimEnd()]
      : []),
    ...held.diff.map(lineOf),
    ...(held.stale_inputs.length > 0
      ? [`  rules that would go stale: ${exact(held.stale_inputs.join(', '))}`]
      : []),
    ...(held.stale_paths.length > 0
      ? [`  mapped paths that would go: ${exact(held.stale_paths.join(', '))}`]
      : []),
  ];
}

const hidden = 'ITS WORDS HELD CHARACTERS THAT CANNOT BE SEEN. They were taken out.';
const warnings: Readonly<Record<string, string>> = {
  instructions: 'ITS WORDS SPEAK TO THE MODEL. Read them before you accept it.',
  invisible_characters: hidden,
  control_characters: hidden,
  bidi_characters: 'ITS WORDS TURNED THE TEXT AROUND THEM. What did it was taken out.',
  too_long: 'Its words are cut: there are more of them than anybody reads.',
};

const lineOf = ({ path, class: kind, before, after }: WireDifference): string =>
  `  ${kind.padEnd(10)}  ${exact(path)}  ${written(before)} → ${written(after)}`;

const written = (value: unknown): string =>
  value === null || value === undefined ? 'nothing' : exact(JSON.stringify(value));

import { openApi, Refusal, type Api } from './api.ts';
import { serverHelp, serverOptions, type Command } from './command.ts';
import { Failure } from './failure.ts';
import { textOf, type WireCall, type WirePack, type WireTool, type WireTried } from './wire.ts';
import { number, paintsFor, visible, type Paints } from './write-text.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'See what curation does, on the sample pack',
  help: `toolcrib demo

Makes four real calls to the sample helpdesk and shows what each came to: a reply that was trimmed, an input
an agent may not set, the same call done right, and a tool that is off.
${serverHelp}`,
  options: serverOptions,
  async run(terminal, typed) {
    const api = openApi(terminal, typed);
    const sample = await findSample(api);
    const paints = paintsFor(terminal);
    const say = (name: string, lines: readonly string[]): void => {
      for (const [index, line] of lines.entries()) {
        terminal.out(`  ${paints.strong((index === 0 ? name : '').padEnd(14))} ${line}`);
      }
    };
    const ticketId = await firstTicket(api, sample);
    say('get_ticket', await trimmed(api, sample, ticketId, paints));
    say('create_reply', await refusedSender(api, sample, ticketId, paints));
    say('create_reply', await goodReply(api, sample, ticketId, paints));
    say('delete_ticket', await switchedOff(api, sample, ticketId, paints));
    terminal.out('');
    terminal.out(`These were real calls: each is in the call log. Connect a client to the pack with`);
    terminal.out(`  toolcrib client claude-code --pack ${sample.pack.slug}`);
    return 0;
  },
};

type SampleTools = { pack: WirePack; tools: readonly WireTool[] };

async function findSample(api: Api): Promise<SampleTools> {
  const pack = (await api.list<WirePack>('/v1/packs')).find(({ is_sample }) => is_sample);
  const entry = pack?.entries[0];
  if (!pack || !entry) {
    throw new Failure(
      'There is no sample pack here: start with TOOLCRIB_SAMPLE=on and a new data directory.',
    );
  }
  return { pack, tools: await api.list<WireTool>(`/v1/connections/${entry.connection_id}/tools`) };
}

function toolNamed({ tools }: SampleTools, name: string): WireTool {
  const found = tools.find((tool) => tool.name === name);
  if (!found) throw new Failure(`The sample has lost its tool ${name}: start with a new data directory.`);
  return found;
}

const callTool = (api: Api, sample: SampleTools, name: string, given: object): Promise<WireCall> =>
  api.call({ pack: sample.pack.slug, tool: toolNamed(sample, name).slug, arguments: given });

async function firstTicket(api: Api, sample: SampleTools): Promise<number> {
  const result = await callTool(api, sample, 'list_tickets', {});
  const { tickets } = (result.structuredContent ?? {}) as { tickets?: readonly { id: number }[] };
  const [ticket] = tickets ?? [];
  if (ticket) return ticket.id;
  throw new Failure(`The sample helpdesk answered with no tickets: ${visible(textOf(result))}`);
}

async function trimmed(api: Api, sample: SampleTools, ticketId: number, paints: Paints): Promise<string[]> {
  const tool = toolNamed(sample, 'get_ticket');
  const { bytes, tokens } = await api.post<WireTried>(`/v1/tools/${tool.id}/try`, {
    arguments: { ticket_id: ticketId },
  });
  const widths = [bytes.raw, bytes.served].map((size) => number(size).length);
  const size = (value: number): string => number(value).padStart(Math.max(...widths));
  return [
    `the service sent ${size(bytes.raw)} B, ${number(tokens.raw)} tokens`,
    `the agent saw    ${size(bytes.served)} B, ${paints.good(`${number(tokens.served)} tokens`)}`,
  ];
}

async function refusedSender(
  api: Api,
  sample: SampleTools,
  ticketId: number,
  paints: Paints,
): Promise<string[]> {
  const from = 'ceo@helpdesk.example';
  const result = await callTool(api, sample, 'create_reply', {
    ticket_id: ticketId,
    from,
    body: 'Wire the money.',
  });
  const said = visible(textOf(result)).split('\n')[0]!;
  return result.isError
    ? [`from: "${from}"`, `${paints.bad('REFUSED')}: ${said}`]
    : [`from: "${from}" was not refused: the pin on “from” has been taken away`];
}

async function goodReply(api: Api, sample: SampleTools, ticketId: number, paints: Paints): Promise<string[]> {
  const body = 'Thank you for your patience: we are looking into it.';
  const result = await callTool(api, sample, 'create_reply', { ticket_id: ticketId, body });
  if (result.isError) return [`failed: ${visible(textOf(result))}`];
  const { from, to } = (result.structuredContent ?? {}) as { from?: string; to?: string };
  return [`without "from": ${paints.good('sent')} from ${from} to ${to}`];
}

async function switchedOff(
  api: Api,
  sample: SampleTools,
  ticketId: number,
  paints: Paints,
): Promise<string[]> {
  try {
    const result = await callTool(api, sample, 'delete_ticket', { ticket_id: ticketId });
    return [
      result.isError
        ? `${paints.bad('REFUSED')}: ${visible(textOf(result))}`
        : 'was called: it has been switched on',
    ];
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unknown_tool') {
      return [`${paints.bad('REFUSED')}: ${error.message} It is off, and the service never heard of it.`];
    }
    throw error;
  }
}

import { openApi, Refusal, type Api } from './api.ts';
import { chosenNames, parseChoice, summarizeTools, type Choice, type Choosable } from './choose-tools.ts';
import { inspectMcp, type Facts, type Found } from './inspect-mcp.ts';
import { commaList, onlyWord, serverHelp, serverOptions, type Command, type Typed } from './command.ts';
import { Failure, misuse } from './failure.ts';
import { readAddress, type Address } from './read-address.ts';
import { readSignIn } from './read-sign-in.ts';
import type { Terminal } from './terminal.ts';
import type { WireConnection, WireTool } from './wire.ts';
import { number, paintsFor, plural, table, visible } from './write-text.ts';

export const add: Command = {
  name: 'add',
  summary: 'Connect a service: an OpenAPI document or an MCP server',
  help: `toolcrib add ADDRESS

ADDRESS is an OpenAPI document (an address or a file) or an MCP server; which of the two is found out. Shows
its tools with their effects and what they cost a model, and asks which are to be on. Those that are off stay
there and can be turned on later.

  --name NAME           what to call the connection
  --all, --read         turn all on, or those that only read (the default when nobody can be asked)
  --tools a,b           turn these on
  --tag TAG             import only operations with this tag
  --base-url URL        where the service is, when the document does not say
  --token T             sign in with a bearer token; - takes it from standard input
  --api-key K           sign in with an API key; --header NAME says in which header
  --basic USER:PASS     sign in with a name and a password
  --client-id ID        sign in with OAuth as this client, where an MCP server knows its clients alone;
  --client-secret S     its secret, if it has one; - takes it from standard input
  --yes                 ask nothing

An MCP server that wants you to sign in is found out too: the page to open in a browser is printed, and when
you have signed in there it goes on with the tools.
${serverHelp}`,
  options: {
    ...serverOptions,
    name: { type: 'string' },
    all: { type: 'boolean' },
    read: { type: 'boolean' },
    tools: { type: 'string' },
    tag: { type: 'string' },
    'base-url': { type: 'string' },
    token: { type: 'string' },
    'api-key': { type: 'string' },
    header: { type: 'string' },
    basic: { type: 'string' },
    'client-id': { type: 'string' },
    'client-secret': { type: 'string' },
    yes: { type: 'boolean' },
  },
  async run(terminal, typed) {
    const word = onlyWord('add', typed, 'an address or a file');
    const address = readAddress(word, terminal.directory, typed.text('base-url'));
    const ways = ['all', 'read'].filter((option) => typed.has(option)).length + (typed.text('tools') ? 1 : 0);
    if (ways > 1) throw misuse('Give one of --all, --read and --tools.');
    const auth = await readSignIn(terminal, typed);
    const api = openApi(terminal, typed);
    const facts: Facts = {
      nickname: typed.text('name') ?? address.nickname,
      ...(auth ? { auth } : {}),
      ...(address.isLocal ? { local: true } : {}),
    };
    const found = await inspect(terminal, api, address, facts, typed);
    const tools = found.tools.map((tool) => ({ ...tool, name: visible(tool.name) }));
    if (tools.length === 0) throw new Failure('There is no tool to connect there.');
    let choice: Choice;
    try {
      choice = await choose(terminal, typed, tools);
    } catch (error) {
      await found.abandon();
      throw error;
    }
    const connection = await found.connect();
    const isOn = await turnOn(api, connection, chosenNames(choice, tools));
    terminal.out(`connected "${connection.slug}": ${plural(isOn.on, 'tool')} on, ${isOn.off} off`);
    if (choice === 'read' && isOn.off > 0 && !typed.has('read')) {
      terminal.out(`Only reading tools are on: choose others with --all or --tools,.`);
    }
    terminal.out(`Next: toolcrib pack NAME --from ${connection.slug}`);
    return 0;
  },
};

/** OpenAPI first where the address looks like a document, MCP first elsewhere; then the other. */
async function inspect(
  terminal: Terminal,
  api: Api,
  address: Address,
  facts: Facts,
  typed: Typed,
): Promise<Found> {
  const asOpenapi = (): Promise<Found> => inspectOpenapi(api, address, facts, typed);
  const isOAuth = facts.auth?.type === 'oauth';
  if (isOAuth && address.kind === 'document') throw misuse('--client-id goes with an MCP server.');
  if (address.kind === 'document') return asOpenapi();
  const asMcp = (): Promise<Found> => inspectMcp(terminal, api, address.url, facts);
  if (isOAuth) return asMcp();
  const isDocumentOnly = typed.text('tag') !== undefined || typed.text('base-url') !== undefined;
  if (isDocumentOnly) return asOpenapi();
  const [first, second] = address.looksLikeDocument ? [asOpenapi, asMcp] : [asMcp, asOpenapi];
  try {
    return await first();
  } catch (error) {
    if (!isNotThat(error)) throw error;
    try {
      return await second();
    } catch (other) {
      if (!isNotThat(other)) throw other;
      const [openapi, mcp] = address.looksLikeDocument ? [error, other] : [other, error];
      throw new Failure(
        `Neither could be read there. As an OpenAPI document: ${openapi.message} As an MCP server: ${mcp.message}`,
      );
    }
  }
}

/** The server could not make that of the address; anything else (key, rights, limits) is final. */
const isNotThat = (error: unknown): error is Refusal =>
  error instanceof Refusal && [400, 422, 502, 504].includes(error.status);

type DryRun = { tools: readonly Choosable[]; left_out: readonly { operation: string; reason: string }[] };

async function inspectOpenapi(api: Api, address: Address, facts: Facts, typed: Typed): Promise<Found> {
  const tag = typed.text('tag');
  const body = {
    kind: 'openapi',
    ...facts,
    ...(address.kind === 'url' ? { document_url: address.url } : { document: address.text }),
    ...(typed.text('base-url') ? { base_url: typed.text('base-url') } : {}),
    ...(tag ? { include: { tags: commaList(tag) } } : {}),
  };
  const { tools } = await api.post<DryRun>('/v1/connections?dry_run=true', body);
  return {
    tools,
    connect: () => api.post<WireConnection>('/v1/connections', body),
    abandon: async () => undefined,
  };
}

async function choose(terminal: Terminal, typed: Typed, tools: readonly Choosable[]): Promise<Choice> {
  const summary = summarizeTools(tools);
  const asked = typed.text('tools');
  if (asked !== undefined || typed.has('all') || typed.has('read')) {
    terminal.out(summary);
    return asked === undefined ? (typed.has('all') ? 'all' : 'read') : parseChoice(asked, tools);
  }
  const { faint } = paintsFor(terminal);
  const rows = tools.map(({ name, effect, token_cost }) => [name, effect, `${number(token_cost)} tokens`]);
  for (const line of table(rows)) terminal.out(faint(line));
  if (!terminal.isInteractive || typed.has('yes')) {
    terminal.out(summary);
    return 'read';
  }
  for (;;) {
    const answer = await terminal.ask(`${summary} Which? [all, read, none, or names; read] `);
    try {
      return answer === '' ? 'read' : parseChoice(answer, tools);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      terminal.err(error.message);
    }
  }
}

/** Turns on exactly the chosen tools; no pack holds the connection yet, so nobody sees the steps between. */
async function turnOn(
  api: Api,
  connection: WireConnection,
  names: ReadonlySet<string>,
): Promise<{ on: number; off: number }> {
  const tools = await api.list<WireTool>(`/v1/connections/${connection.id}/tools`);
  for (const tool of tools) {
    const isWanted = names.has(tool.name);
    if (tool.is_enabled !== isWanted) await api.patch(`/v1/tools/${tool.id}`, { is_enabled: isWanted });
  }
  const on = tools.filter(({ name }) => names.has(name)).length;
  return { on, off: tools.length - on };
}

import { openApi, Refusal, type Api } from './api.ts';
import { onlyWord, serverHelp, serverOptions, type Command } from './command.ts';
import { Failure, misuse } from './failure.ts';
import { findPack } from './find-pack.ts';
import { nearest } from './nearest.ts';
import { parseArguments } from './parse-arguments.ts';
import { textOf, type WirePack, type WireTool } from './wire.ts';
import { visible } from './write-text.ts';

export const call: Command = {
  name: 'call',
  summary: 'Call a tool of a pack, as an agent would',
  help: `toolcrib call TOOL [--pack NAME] [--arg name=value …] [--json '{…}']

Prints what an agent would get; exit code 1 when the call failed or was refused. TOOL is the name the pack
lists, or the short name in a pack of one connection.

  --user ID          on behalf of this registered user, whose account it is called with
  --pack NAME        the pack; may be left out when only one has the tool's connection
  --arg name=value   one argument; a value that reads as JSON is taken as JSON
  --json '{…}'       all arguments at once
${serverHelp}`,
  options: {
    ...serverOptions,
    pack: { type: 'string' },
    user: { type: 'string' },
    arg: { type: 'string', multiple: true },
    json: { type: 'string' },
  },
  async run(terminal, typed) {
    const named = onlyWord('call', typed, 'a tool');
    const given = parseArguments(typed.text('json'), typed.texts('arg'));
    const user = typed.text('user');
    const api = openApi(terminal, typed);
    const { pack, tool } = await placeOf(api, named, typed.text('pack'));
    const result = await api
      .call({ pack, tool, arguments: given, ...(user === undefined ? {} : { user }) })
      .catch((error: unknown) => explainUnknown(api, error, pack, tool));
    const said =
      result.structuredContent === undefined
        ? textOf(result)
        : JSON.stringify(result.structuredContent, null, 2);
    if (result.isError) terminal.err(visible(said));
    else terminal.out(visible(said));
    const missing = result.isError ? missingAccount(result.structuredContent, tool) : null;
    if (missing) terminal.err(visible(missing));
    return result.isError ? 1 : 0;
  },
};

/** What to do about an account that is not connected; null where that is not what is missing. */
function missingAccount(said: unknown, tool: string): string | null {
  const { error, magic_link_url: link } = (said ?? {}) as { error?: unknown; magic_link_url?: unknown };
  if (error !== 'reauth_required') return null;
  if (typeof link === 'string') return `Connect the account in a browser: ${link}`;
  const [slug, ...rest] = tool.split('__');
  return rest.length > 0 ? `Connect the account with: toolcrib connect ${slug}` : null;
}

/** The pack and the full name meant. A key that may only call cannot read packs: then names go as they are. */
async function placeOf(
  api: Api,
  tool: string,
  packName: string | undefined,
): Promise<{ pack: string; tool: string }> {
  if (packName && tool.includes('__')) return { pack: packName, tool };
  let packs: WirePack[];
  try {
    packs = await api.list<WirePack>('/v1/packs');
  } catch (error) {
    if (error instanceof Refusal && error.status === 403) {
      if (packName) return { pack: packName, tool };
      throw misuse('Name the pack: --pack NAME (this key cannot list them).');
    }
    throw error;
  }
  const [slug] = tool.split('__');
  const fitting = packs.filter((pack) =>
    packName
      ? pack.slug === packName || pack.id === packName
      : !tool.includes('__') || pack.entries.some((entry) => entry.slug === slug),
  );
  const [pack, ...others] = fitting;
  if (!pack)
    throw new Failure(
      `There is no such pack: choose one of ${packs.map(({ slug }) => slug).join(', ') || 'none yet'}.`,
    );
  if (others.length > 0) {
    throw misuse(`Name the pack with --pack: ${fitting.map(({ slug }) => slug).join(', ')}.`);
  }
  const [entry] = pack.entries;
  const isShort = !tool.includes('__') && pack.names !== 'plain' && pack.entries.length === 1;
  return { pack: pack.slug, tool: isShort ? `${entry!.slug}__${tool}` : tool };
}

/** Says which tool may have been meant, where this key may look. */
async function explainUnknown(api: Api, error: unknown, packName: string, tool: string): Promise<never> {
  if (!(error instanceof Refusal) || error.status !== 404) throw error;
  if (error.code !== 'unknown_tool') {
    // Names the pack and the nearest one; a key that may only call is told as the server says it.
    const pack = await findPack(api, packName).catch((why: unknown) => (why instanceof Failure ? why : null));
    throw pack instanceof Failure ? pack : error;
  }
  const known: string[] = [];
  try {
    const { entries } = await findPack(api, packName);
    for (const { connection_id: id } of entries) {
      const tools = await api.list<WireTool>(`/v1/connections/${id}/tools`);
      known.push(...tools.filter((one) => one.is_enabled).map(({ slug }) => slug));
    }
  } catch {
    // a key that may only call: the sentence below has no names then
  }
  const near = nearest(tool, known);
  const hint = near
    ? `Did you mean ${near}?`
    : known.length > 0
      ? `Those that are on: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}.`
      : 'Names are written connection__tool; a tool that is off cannot be called.';
  throw new Failure(`The pack “${packName}” has no tool “${tool}”. ${hint}`);
}

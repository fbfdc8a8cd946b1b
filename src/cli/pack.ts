import { openApi } from './api.ts';
import { commaList, onlyWord, serverHelp, serverOptions, type Command, type Typed } from './command.ts';
import { misuse } from './failure.ts';
import type { WireEntry, WirePack } from './wire.ts';
import { number, plural } from './write-text.ts';

const scopes: Readonly<Record<string, string>> = {
  organization: 'ORGANIZATION',
  individual: 'INDIVIDUAL',
  shared: 'SHARED',
};

const usualScope = 'ORGANIZATION';

export const pack: Command = {
  name: 'pack',
  summary: 'Bundle tools of connections into a pack',
  help: `toolcrib pack NAME --from SLUG[,SLUG]

Makes the pack, or adds the connections to the pack of this name. Prints its MCP address and what its tools
cost a model. A connection that is in the pack already keeps what is not named here.

  --from SLUG,…    the connections (toolcrib add names them)
  --tools a,b      only these tools; with several connections as slug__tool. All that are on when left out
  --scope SCOPE    whose credential its tools run with: organization (the default), individual or shared
${serverHelp}`,
  options: {
    ...serverOptions,
    from: { type: 'string' },
    tools: { type: 'string' },
    scope: { type: 'string' },
  },
  async run(terminal, typed) {
    const name = onlyWord('pack', typed, 'the pack');
    const slugs = [...new Set(commaList(typed.text('from')))];
    if (slugs.length === 0) throw misuse('Name the connections: --from SLUG. See: toolcrib pack --help');
    const authScope = scopeOf(typed);
    const chosen = toolsBySlug(slugs, commaList(typed.text('tools')));
    const api = openApi(terminal, typed);
    const packs = await api.list<WirePack>('/v1/packs');
    let made = packs.find((known) => known.slug === name || known.name === name);
    const isNew = !made;
    if (made) {
      for (const slug of slugs) {
        const held = made.entries.find((entry) => entry.slug === slug);
        const path = `/v1/packs/${made.id}/entries/${encodeURIComponent(slug)}`;
        await api.put(path, entryWish(held, authScope, chosen?.get(slug)));
      }
    } else {
      const entries = slugs.map((slug) => {
        const tools = chosen?.get(slug);
        return { slug, auth_scope: authScope ?? usualScope, ...(tools ? { tools } : {}) };
      });
      made = await api.post<WirePack>('/v1/packs', { name, entries });
    }
    const now = await api.get<WirePack>(`/v1/packs/${made.id}`);
    const connections = plural(now.entries.length, 'connection');
    terminal.out(
      `${isNew ? 'made' : 'changed'} pack "${now.slug}": ${connections}, ${number(now.token_cost)} tokens`,
    );
    terminal.out(`  ${now.mcp_url}`);
    terminal.out(`Connect a client: toolcrib client claude-code --pack ${now.slug}`);
    return 0;
  },
};

/** A PUT says all of an entry: what was not asked for stays as it is, what the pack says of tools included. */
function entryWish(held: WireEntry | undefined, authScope: string | null, tools?: readonly string[]): object {
  const kept = held?.selection === 'exactly' ? held.tools : null;
  const names = tools ?? kept;
  const selection = names ? { selection: 'exactly', tools: names } : { selection: 'all' };
  const overrides = Object.keys(held?.overrides ?? {}).length > 0 ? { overrides: held!.overrides } : {};
  return { auth_scope: authScope ?? held?.auth_scope ?? usualScope, ...selection, ...overrides };
}

/** Null where none was asked for. */
function scopeOf(typed: Typed): string | null {
  const wanted = typed.text('scope');
  if (wanted === undefined) return null;
  const scope = Object.hasOwn(scopes, wanted.toLowerCase()) ? scopes[wanted.toLowerCase()] : undefined;
  if (!scope) throw misuse(`--scope is organization, individual or shared, not “${wanted}”.`);
  return scope;
}

/** Which tools of which connection; null: all. With several connections a bare name could mean either. */
export function toolsBySlug(
  slugs: readonly string[],
  tools: readonly string[],
): ReadonlyMap<string, readonly string[]> | null {
  if (tools.length === 0) return null;
  const chosen = new Map<string, string[]>();
  for (const tool of tools) {
    const slug =
      slugs.find((candidate) => tool.startsWith(`${candidate}__`)) ?? (slugs.length === 1 ? slugs[0] : null);
    if (!slug) throw misuse(`Say whose tool “${tool}” is: ${slugs[0]}__${tool}, for example.`);
    const bare = tool.startsWith(`${slug}__`) ? tool.slice(slug.length + 2) : tool;
    chosen.set(slug, [...(chosen.get(slug) ?? []), bare]);
  }
  const without = slugs.find((slug) => !chosen.has(slug));
  if (without)
    throw misuse(`--tools names no tool of ${without}: name one, or leave ${without} out of --from.`);
  return chosen;
}

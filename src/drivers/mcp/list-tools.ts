import type { Definition } from '../../connectors/index.ts';
import { badReply } from '../../egress/index.ts';
import { Fault, isObject, takingTurns } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { Refusal } from '../types.ts';
import { legalNames } from './legal-names.ts';
import { readTool } from './read-tool.ts';
import type { ListedTool } from './read-tool.ts';

const mostTools = 10_000;
const mostPages = 1_000;
/** Characters of all pages together. */
const longestListing = 32 * 1024 * 1024;

/** Asks for one page of `tools/list`. */
export type AskPage = (params: { readonly cursor?: string }) => Promise<Json>;

/**
 * All pages of a server's tools. Throws Fault `upstream` code `bad_reply` for a list without end: a part of it
 * would look as if the rest had been removed.
 */
export async function listTools(ask: AskPage): Promise<ListedTool[]> {
  const tools = new Map<string, ListedTool>();
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let left = longestListing;
  for (let page = 1; ; page += 1) {
    const result = await ask(cursor === undefined ? {} : { cursor });
    if (!isObject(result) || !Array.isArray(result['tools'])) {
      throw badReply('The service answered its listing with something that is no list of tools.');
    }
    for (const tool of result['tools'] as Json[]) {
      // A name listed twice cannot be called apart: the first counts.
      if (!isListed(tool) || tools.has(tool.name)) continue;
      left -= JSON.stringify(tool).length;
      if (left < 0)
        throw badReply(`The service lists more than ${longestListing / 1024 / 1024} MiB of tools.`);
      tools.set(tool.name, tool);
    }
    if (tools.size > mostTools) throw badReply(`The service lists more than ${mostTools} tools.`);
    const next = result['nextCursor'];
    if (typeof next !== 'string' || next === '') return [...tools.values()];
    if (cursors.has(next) || page === mostPages) throw badReply('The list of tools has no end.');
    left -= next.length;
    cursors.add(next);
    cursor = next;
  }
}

/** Reads listed tools into definitions, leaving room for other work in between. */
export async function readTools(tools: readonly ListedTool[], mirrors: boolean): Promise<Definition[]> {
  const names = legalNames(tools.map((tool) => tool.name));
  const definitions: Definition[] = [];
  const turn = takingTurns();
  for (const tool of tools) {
    await turn();
    definitions.push(readTool(tool, names.get(tool.name)!, mirrors));
  }
  return definitions;
}

function isListed(tool: Json): tool is ListedTool {
  return isObject(tool) && typeof tool['name'] === 'string' && tool['name'] !== '';
}

/** What a listing that was answered with an error means. */
export function listingFault(status: number | null, code: number | null, refusal?: Refusal): Fault {
  const said = code === null ? `status ${status}` : `error ${code}`;
  return new Fault('upstream', `The service answered its listing with ${said}.`, {
    code: status === 401 || status === 403 ? 'unauthorized' : 'service_error',
    details: { ...(status === null ? {} : { status }), ...(refusal ? { refusal } : {}) },
  });
}

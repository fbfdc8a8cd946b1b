import { needsNoCredential } from '../../connections/index.ts';
import { compileTool, type CompiledTool } from '../../gateway/index.ts';
import { canonicalJson } from '../../kernel/index.ts';
import { servedName, toolsServed, type AuthScope, type Pack, type PackEntry } from '../../packs/index.ts';
import { confirmationOf, getOwn, type Confirmation, type ResponseMap, type Tool } from '../../tools/index.ts';
import type { State } from './state.ts';

/** A tool as one pack serves it: compiled by the very function that calls are compiled by. */
export type Served = {
  compiled: CompiledTool;
  /** When its calls ask a person first, whoever says so. */
  confirmation: Confirmation;
  responseMap: ResponseMap | null;
  /** Whose account it runs with; null: it needs none. */
  authScope: AuthScope | null;
  /** Where they are the same, so are calls; the second: so is what is sent. */
  fingerprint: string;
  inputFingerprint: string;
};

/** How a call of this name, by this pack, is served; null: there is no such tool there. */
export type Serving = (call: {
  packId: string | null;
  tool: string;
  registeredUserId: string | null;
}) => Served | null;

type Offer = { tool: Tool; entry: PackEntry };

/** Compiles what calls ask for, when they first do: most packs and tools are never asked for. */
export function servingOf({ packs, agents, tools }: State): Serving {
  const all = [...packs, ...agents.map(({ served }) => served)];
  const byId = new Map(all.map((pack) => [pack.id, pack]));
  const offers = new Map<string, ReadonlyMap<string, Offer>>();
  const compiled = new Map<Offer, Served>();
  const offersOf = (pack: Pack): ReadonlyMap<string, Offer> => {
    const known = offers.get(pack.id) ?? offersIn(pack, tools);
    offers.set(pack.id, known);
    return known;
  };
  return ({ packId, tool, registeredUserId }) => {
    const pack = packId === null ? undefined : byId.get(packId);
    const offer = pack && offersOf(pack).get(tool);
    if (!offer) return null;
    const found = compiled.get(offer) ?? serve(offer);
    compiled.set(offer, found);
    // An entry that needs a user is not there for a caller who acts for none.
    return found.authScope !== null && found.authScope !== 'ORGANIZATION' && registeredUserId === null
      ? null
      : found;
  };
}

function offersIn(pack: Pack, tools: readonly Tool[]): ReadonlyMap<string, Offer> {
  return new Map(
    pack.entries.flatMap((entry) =>
      toolsServed(entry, tools).map((tool): [string, Offer] => [servedName(pack, tool), { tool, entry }]),
    ),
  );
}

function serve({ tool, entry }: Offer): Served {
  const { connection, overrides } = entry;
  const packCuration = getOwn(overrides, tool.name) ?? null;
  const compiled = compileTool(tool, connection, packCuration);
  const authScope = needsNoCredential(connection) || connection.kind === 'stdio' ? null : entry.authScope;
  const { inputs, responseMap } = tool.curation;
  const inputFingerprint = canonicalJson([
    tool.definition.inputSchema,
    tool.definition.binding,
    tool.newest?.inputSchema ?? null,
    inputs,
    packCuration?.inputs ?? null,
    compiled.target,
  ]);
  const confirmation = confirmationOf(tool, connection);
  const fingerprint = canonicalJson([inputFingerprint, confirmation, responseMap, authScope]);
  return { compiled, confirmation, responseMap, authScope, fingerprint, inputFingerprint };
}

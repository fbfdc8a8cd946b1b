import { mayUseWorkspace, type Principal } from '../../access/index.ts';
import type { Connection } from '../../connections/index.ts';
import type { Definition } from '../../connectors/index.ts';
import { canonicalJson, takingTurns } from '../../kernel/index.ts';
import { servedName, toolsServed, type Pack } from '../../packs/index.ts';
import {
  classifyChange,
  confirmationOf,
  effectiveTool,
  getOwn,
  isServable,
  mergeRules,
  responseSchemaOf,
  staleInputFields,
  staleMapPaths,
  type PackCuration,
  type Tool,
} from '../../tools/index.ts';
import type { AffectedTool } from './impact.ts';
import type { State, Touched } from './state.ts';

/** A tool where it is looked at: as its connection has it, or as one pack does. */
type Seen = {
  tool: Tool;
  connection: Connection;
  name: string;
  packCuration: PackCuration | null;
  place: 'connection' | 'pack';
  isServed: boolean;
};
/** What becomes of a tool, and its bare names where it is served, before and after. */
export type Affected = { connectionId: string; names: readonly string[]; said: AffectedTool };

/** What becomes of each tool that is affected, in the order the connections list them. */
export async function compareTools(
  before: State,
  after: State,
  touched: Touched,
  principal: Principal,
): Promise<readonly Affected[]> {
  const was = seenTools(before, touched, principal);
  const is = seenTools(after, touched, principal);
  const affected: Affected[] = [];
  const turn = takingTurns();
  for (const toolId of new Set([...was.keys(), ...is.keys()])) {
    await turn();
    const [old, now] = [was.get(toolId), is.get(toolId)];
    const said = compare(old, now);
    if (!said) continue;
    const names = old?.isServed || now?.isServed ? namesOf(old, now) : [];
    affected.push({ connectionId: (now ?? old)!.tool.connectionId, names, said });
  }
  return affected;
}

function seenTools(state: State, touched: Touched, principal: Principal): ReadonlyMap<string, Seen> {
  const seen = new Map<string, Seen>();
  const may = (workspaceId: string): boolean => mayUseWorkspace(principal, workspaceId);
  if ('packId' in touched || 'agentId' in touched) {
    for (const pack of [...state.packs, ...state.agents.map(({ served }) => served)])
      for (const one of inPack(pack, state.tools, may)) seen.set(one.tool.id, one);
    return seen;
  }
  for (const tool of state.tools) {
    const connection = state.connections.get(tool.connectionId);
    if (!connection || !may(connection.workspaceId)) continue;
    const isServed = connection.isActive && isServable(tool, connection);
    seen.set(tool.id, {
      tool,
      connection,
      name: tool.slug,
      packCuration: null,
      place: 'connection',
      isServed,
    });
  }
  return seen;
}

const namesOf = (...seen: readonly (Seen | undefined)[]): readonly string[] =>
  seen.flatMap((one) => (one ? [one.tool.name] : []));

const inPack = (pack: Pack, tools: readonly Tool[], may: (workspaceId: string) => boolean): readonly Seen[] =>
  pack.entries.flatMap((entry) => {
    if (!may(entry.connection.workspaceId)) return [];
    const { connection, overrides } = entry;
    return toolsServed(entry, tools).map((tool) => ({
      tool,
      connection,
      name: servedName(pack, tool),
      packCuration: getOwn(overrides, tool.name) ?? null,
      place: 'pack',
      isServed: true,
    }));
  });

function compare(was: Seen | undefined, is: Seen | undefined): AffectedTool | null {
  const { tool } = (is ?? was)!;
  const isServed = (was?.isServed || is?.isServed) ?? false;
  const isThere = (seen: Seen | undefined): seen is Seen =>
    (isServed ? seen?.isServed : isKnown(seen)) ?? false;
  const none = { slug: tool.slug, diff: [], staleInputs: [], stalePaths: [] };
  if (!isThere(was)) return isThere(is) ? { ...none, class: 'added' } : null;
  const stale = newlyStale(was, is);
  if (!isThere(is)) return { ...none, class: 'removed', ...stale };
  const change = isServed
    ? classifyChange(servedDefinition(was), servedDefinition(is))
    : classifyChange(was.tool.definition, is.tool.definition);
  const isSame = !isServed || canonicalJson(unseen(was)) === canonicalJson(unseen(is));
  const isStale = stale.staleInputs.length > 0 || stale.stalePaths.length > 0;
  return change.class === null && !isStale && isSame ? null : { slug: tool.slug, ...change, ...stale };
}

/** What of its curation the change makes stale: all of it where the tool itself goes, and not only from a pack. */
function newlyStale(was: Seen, is: Seen | undefined): Pick<AffectedTool, 'staleInputs' | 'stalePaths'> {
  const { responseMap } = was.tool.curation;
  const isGone = was.place === 'connection' && !isKnown(is);
  const inputs = isGone ? Object.keys(rulesOf(was) ?? {}) : is ? staleInputsOf(was, is) : [];
  const paths = isGone
    ? (responseMap?.field_mappings ?? []).map(({ path }) => path)
    : is
      ? stalePathsOf(is)
      : [];
  return { staleInputs: newOf(staleInputsOf(was, was), inputs), stalePaths: newOf(stalePathsOf(was), paths) };
}

/** Whether the connection has the tool, served or not: somebody said yes to it, and the service lists it. */
const isKnown = (seen: Seen | undefined): boolean =>
  seen !== undefined && seen.tool.acceptedAt !== null && seen.tool.vanishedAt === null;

/** The tool as an agent sees it, in the form in which definitions are compared. */
function servedDefinition({ tool, name, packCuration }: Seen): Definition {
  const beside = { responseSchema: responseSchemaOf(tool) };
  const { tool: seen } = effectiveTool(tool.definition, beside, tool.curation, packCuration, name);
  const { title, description, input_schema: inputSchema, output_schema: outputSchema } = seen;
  return { ...tool.definition, name, title, description, inputSchema, outputSchema };
}

/** What is said of a tool that an agent does not see. */
function unseen(seen: Seen): unknown {
  const { tool, connection } = seen;
  const { responseMap, maxCallsPerTurn } = tool.curation;
  const limits = [maxCallsPerTurn, connection.maxCallsPerTurn];
  return [rulesOf(seen), responseMap, confirmationOf(tool, connection), limits];
}

const rulesOf = ({ tool, packCuration }: Seen) =>
  mergeRules(tool.curation.inputs, packCuration?.inputs ?? null).rules;

const staleInputsOf = (was: Seen, is: Seen): readonly string[] =>
  staleInputFields(rulesOf(is), is.tool.definition.inputSchema, was.tool.definition.inputSchema);

const stalePathsOf = ({ tool }: Seen): readonly string[] =>
  staleMapPaths(tool.curation.responseMap, responseSchemaOf(tool));

const newOf = (before: readonly string[], after: readonly string[]): readonly string[] =>
  after.filter((one) => !before.includes(one));

import { mayUseWorkspace, type Principal } from '../../access/index.ts';
import type { Definition } from '../../connectors/index.ts';
import { canonicalJson, takingTurns } from '../../kernel/index.ts';
import { servedName, toolsServed, type Pack } from '../../packs/index.ts';
import {
  classifyChange,
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
type Seen = { tool: Tool; name: string; packCuration: PackCuration | null; isServed: boolean };
/** Its bare names before and after, and what becomes of it. */
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
    const names = [old, now].flatMap((seen) => (seen ? [seen.tool.name] : []));
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
    seen.set(tool.id, { tool, name: tool.slug, packCuration: null, isServed });
  }
  return seen;
}

const inPack = (pack: Pack, tools: readonly Tool[], may: (workspaceId: string) => boolean): readonly Seen[] =>
  pack.entries.flatMap((entry) => {
    if (!may(entry.connection.workspaceId)) return [];
    const { overrides } = entry;
    return toolsServed(entry, tools).map((tool) => ({
      tool,
      name: servedName(pack, tool),
      packCuration: getOwn(overrides, tool.name) ?? null,
      isServed: true,
    }));
  });

function compare(was: Seen | undefined, is: Seen | undefined): AffectedTool | null {
  const { tool } = (is ?? was)!;
  const none = { slug: tool.slug, diff: [], staleInputs: [], stalePaths: [] };
  if (!was?.isServed && !is?.isServed) return null;
  if (!was?.isServed) return { ...none, class: 'added' };
  if (!is?.isServed) return { ...none, class: 'removed' };
  const change = classifyChange(servedDefinition(was), servedDefinition(is));
  const staleInputs = newOf(staleInputsOf(was, was), staleInputsOf(was, is));
  const stalePaths = newOf(stalePathsOf(was), stalePathsOf(is));
  const isSame = canonicalJson(unseen(was)) === canonicalJson(unseen(is));
  if (change.class === null && staleInputs.length === 0 && stalePaths.length === 0 && isSame) return null;
  return { slug: tool.slug, ...change, staleInputs, stalePaths };
}

/** The tool as an agent sees it, in the form in which definitions are compared. */
function servedDefinition({ tool, name, packCuration }: Seen): Definition {
  const beside = { responseSchema: responseSchemaOf(tool) };
  const { tool: seen } = effectiveTool(tool.definition, beside, tool.curation, packCuration, name);
  const { title, description, input_schema: inputSchema, output_schema: outputSchema } = seen;
  return { ...tool.definition, name, title, description, inputSchema, outputSchema };
}

/** What is said of a tool that an agent does not see. */
function unseen(seen: Seen): unknown {
  const { responseMap, requiresConfirmation, maxCallsPerTurn } = seen.tool.curation;
  return [rulesOf(seen), responseMap, requiresConfirmation, maxCallsPerTurn];
}

const rulesOf = ({ tool, packCuration }: Seen) =>
  mergeRules(tool.curation.inputs, packCuration?.inputs ?? null).rules;

const staleInputsOf = (was: Seen, is: Seen): readonly string[] =>
  staleInputFields(rulesOf(is), is.tool.definition.inputSchema, was.tool.definition.inputSchema);

const stalePathsOf = ({ tool }: Seen): readonly string[] =>
  staleMapPaths(tool.curation.responseMap, responseSchemaOf(tool));

const newOf = (before: readonly string[], after: readonly string[]): readonly string[] =>
  after.filter((one) => !before.includes(one));

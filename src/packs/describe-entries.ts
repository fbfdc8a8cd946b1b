import { read } from '../access/index.ts';
import type { Connection } from '../connections/index.ts';
import { listFaces, type ConnectorFace } from '../connectors/index.ts';
import type { JsonSchema } from '../kernel/index.ts';
import {
  effectiveTool,
  getOwn,
  isServable,
  responseSchemaOf,
  toolsOfConnections,
  type PackCuration,
  type Tool,
} from '../tools/index.ts';
import type { Pack, PackEntry } from './pack.ts';
import type { PacksCtx } from './resolve-wish.ts';

/** A tool as agents see it, and whether they do: a chosen tool may be switched off, or gone from the service. */
export type ShownTool = {
  name: string;
  description: string | null;
  inputSchema: JsonSchema;
  state: 'served' | 'disabled' | 'stale';
};

/** What a person sees of a connection or a connector: whose it is and where it lives. */
export type Face = {
  name: string;
  sourceUrl: string | null;
  logoUrl: string | null;
  categories: readonly string[];
};
export type ShownEntry = { entry: PackEntry; face: Face; tools: readonly ShownTool[] };

/**
 * The entries of these packs, by pack id, with what agents see of each tool. The packs are ones the caller
 * has been given already, so nothing more is asked of the key.
 */
export async function describeEntries(
  ctx: PacksCtx,
  packs: readonly Pack[],
): Promise<ReadonlyMap<string, readonly ShownEntry[]>> {
  const { organizationId } = ctx.caller.principal;
  const ids = packs.flatMap(({ entries }) => entries.map(({ connection }) => connection.id));
  const { tools, faces } = await read(ctx, async (tx) => ({
    tools: await toolsOfConnections(tx, organizationId, [...new Set(ids)]),
    faces:
      ids.length === 0 ? new Map<string, ConnectorFace>() : await listFaces(tx, ctx.catalog, organizationId),
  }));
  const byConnection = Map.groupBy(tools, (tool) => tool.connectionId);
  return new Map(
    packs.map(({ id, entries }) => [
      id,
      entries.map((entry) => ({
        entry,
        face: faceOf(entry.connection, faces),
        tools: toolsOfEntry(entry, byConnection.get(entry.connection.id) ?? []),
      })),
    ]),
  );
}

/** A connection made on first use goes by its connector's name, any other by the one it was given. */
export function faceOf(connection: Connection, faces: ReadonlyMap<string, ConnectorFace>): Face {
  const file = faces.get(connection.connectorSlug)?.file;
  return {
    name: connection.metadata.default && file ? file.name : connection.nickname,
    sourceUrl: file?.source_url ?? null,
    logoUrl: file?.logo_url ?? null,
    categories: file?.categories ?? [],
  };
}

/** Of an entry with all tools the servable ones; of an exact selection every chosen one, in the service's order. */
function toolsOfEntry(entry: PackEntry, tools: readonly Tool[]): readonly ShownTool[] {
  const { connection, selection, overrides } = entry;
  const shown = (tool: Tool): ShownTool => shownTool(tool, connection, getOwn(overrides, tool.name) ?? null);
  if (selection.kind === 'all') return servedTools(connection, tools, overrides);
  const chosen = new Set(selection.names);
  return tools.filter((tool) => chosen.has(tool.name)).map(shown);
}

/** What a connection serves to a pack that says nothing of single tools, or these things of them. */
export function servedTools(
  connection: Connection,
  tools: readonly Tool[],
  overrides: PackEntry['overrides'] = {},
): readonly ShownTool[] {
  return tools
    .map((tool) => shownTool(tool, connection, getOwn(overrides, tool.name) ?? null))
    .filter(({ state }) => state === 'served');
}

/** Tools of one reading that no pack says anything of are the same in every pack. */
const shownAlready = new WeakMap<Tool, ShownTool>();

function shownTool(tool: Tool, connection: Connection, curation: PackCuration | null): ShownTool {
  if (curation !== null) return showTool(tool, connection, curation);
  const shown = shownAlready.get(tool) ?? showTool(tool, connection, null);
  shownAlready.set(tool, shown);
  return shown;
}

function showTool(tool: Tool, connection: Connection, curation: PackCuration | null): ShownTool {
  const { name, definition } = tool;
  const state =
    tool.vanishedAt !== null
      ? 'stale'
      : connection.isActive && isServable(tool, connection)
        ? 'served'
        : 'disabled';
  if (definition.quarantine !== null) {
    // Its schema cannot be read, so no rule can be laid over it.
    return { name, description: definition.description, inputSchema: definition.inputSchema, state };
  }
  const beside = { responseSchema: responseSchemaOf(tool) };
  const { tool: seen } = effectiveTool(definition, beside, tool.curation, curation, name);
  return { name, description: seen.description, inputSchema: seen.input_schema, state };
}

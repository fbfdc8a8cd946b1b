import type { Definition } from '../connectors/index.ts';
import { freeName, type FieldStep, type Tool } from '../tools/index.ts';
import type { Move } from './migration-steps.ts';

/** Where a known tool is after some steps. */
export type Placed = {
  tool: Tool;
  path: string;
  name: string;
  /** As the version has it; null: it has no such tool. */
  definition: Definition | null;
  steps: readonly FieldStep[];
};

type Row = { tool: Tool; path: string; steps: FieldStep[] };

/**
 * Takes a connection's tools through the steps to the version with these definitions. A tool whose path another one
 * is renamed to has gone from the service: it gives way with all that was said of it, so that nothing said of the one
 * falls to the other, and comes back when a version has it again. `fresh` are the tools nobody knew.
 */
export function placeTools(
  tools: readonly Tool[],
  moves: readonly Move[],
  definitions: readonly Definition[],
): { placed: readonly Placed[]; fresh: readonly Definition[] } {
  const rows = tools
    .filter(({ source }) => source === 'service')
    .map((tool): Row => ({ tool, path: tool.path, steps: [] }));
  for (const move of moves) takeMove(rows, move);

  const wanted = new Map(definitions.map((definition) => [definition.path, definition]));
  const found = new Map<string, Definition>();
  for (const { tool, path } of rows) {
    const definition = wanted.get(path);
    if (definition) found.set(tool.id, definition);
    wanted.delete(path);
  }
  for (const row of rows) {
    const returned = row.path === awayFrom(row.tool) ? wanted.get(row.tool.accepted.path) : undefined;
    if (!returned) continue;
    found.set(row.tool.id, returned);
    wanted.delete(returned.path);
    row.path = returned.path;
  }
  const names = nameRows(rows, found, tools);
  const placed = rows.map(({ tool, path, steps }): Placed => {
    return { tool, path, steps, name: names.get(tool.id)!, definition: found.get(tool.id) ?? null };
  });
  const taken = new Set([...names.values(), ...authored(tools)]);
  const fresh = [...wanted.values()].map((definition) => {
    const name = freeName(definition, taken);
    taken.add(name);
    return { ...definition, name };
  });
  return { placed, fresh };
}

/** The path of a tool that has given way to another. No service's: it holds the tool's own id. */
const awayFrom = ({ id, accepted }: Tool): string => `${accepted.path}~${id}`;

function takeMove(rows: readonly Row[], move: Move): void {
  const moving = rows.filter(({ path }) => move.tools.has(path));
  const taken = new Set(moving.map(({ path }) => move.tools.get(path)!));
  for (const row of rows) {
    const renamed = move.tools.get(row.path);
    if (renamed === undefined && taken.has(row.path)) {
      row.path = awayFrom(row.tool);
      continue;
    }
    row.path = renamed ?? row.path;
    const step = move.fields.get(row.path);
    if (step) row.steps.push(step);
  }
}

const authored = (tools: readonly Tool[]): readonly string[] =>
  tools.filter(({ source }) => source === 'author').map(({ name }) => name);

/** The bare names of tools by their ids. One keeps its name while its path stays; a renamed one takes the new name. */
function nameRows(
  rows: readonly Row[],
  found: ReadonlyMap<string, Definition>,
  tools: readonly Tool[],
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(authored(tools));
  const give = (row: Row, wish: string): void => {
    const name = freeName({ name: wish, path: row.path }, taken);
    taken.add(name);
    names.set(row.tool.id, name);
  };
  const stay = rows.filter(({ tool, path }) => path === tool.path);
  for (const row of stay) give(row, row.tool.name);
  const moved = rows.filter(({ tool, path }) => path !== tool.path);
  for (const row of moved) if (found.has(row.tool.id)) give(row, found.get(row.tool.id)!.name);
  for (const row of moved) if (!found.has(row.tool.id)) give(row, row.tool.name);
  return names;
}

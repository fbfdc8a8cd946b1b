import { isServable, type Tool } from '../tools/index.ts';
import type { Pack, PackEntry } from './pack.ts';

/** The tools an entry serves, of those of its connection, to whoever may sign in for it. */
export function toolsServed({ connection, selection }: PackEntry, tools: readonly Tool[]): readonly Tool[] {
  if (!connection.isActive) return [];
  const selected = selection.kind === 'exactly' ? new Set(selection.names) : null;
  return tools.filter(
    (tool) =>
      tool.connectionId === connection.id &&
      isServable(tool, connection) &&
      (selected === null || selected.has(tool.name)),
  );
}

/** The name agents call a tool by. */
export const servedName = (pack: Pick<Pack, 'names'>, tool: Pick<Tool, 'name' | 'slug'>): string =>
  pack.names === 'plain' ? tool.name : tool.slug;

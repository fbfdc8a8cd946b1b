import { isOffered, type Tool } from '../tools/index.ts';
import type { PackEntry } from '../packs/index.ts';
import { sentence } from './refusals.ts';
import type { ToolResult } from './types.ts';

/** A tool that is enabled and selected and cannot be served: it is not listed, and who calls it is told why. */
export type RefusedTool = {
  toolId: string;
  connectionId: string;
  reason: 'tool_removed' | 'tool_quarantined';
  result: ToolResult;
};

/** The tools an entry would serve if the service still had them, or described them in a way that can be read. */
export function refusedTools(
  { connection, selection }: PackEntry,
  tools: readonly Tool[],
): readonly { tool: Tool; refused: RefusedTool }[] {
  const selected = selection.kind === 'exactly' ? new Set(selection.names) : null;
  return tools.flatMap((tool) => {
    const isSelected = tool.connectionId === connection.id && (selected?.has(tool.name) ?? true);
    if (!isSelected || !isOffered(tool, connection) || tool.acceptedAt === null) return [];
    const why = whyRefused(tool, connection.nickname);
    return why ? [{ tool, refused: { toolId: tool.id, connectionId: connection.id, ...why } }] : [];
  });
}

function whyRefused(tool: Tool, nickname: string): Pick<RefusedTool, 'reason' | 'result'> | null {
  if (tool.vanishedAt !== null) {
    const result = sentence(`${nickname} no longer has this tool.`);
    return { reason: 'tool_removed', result };
  }
  if (tool.definition.quarantine === null) return null;
  const result = sentence(
    `${nickname} describes this tool in a way that cannot be read, so it cannot be called.`,
  );
  return { reason: 'tool_quarantined', result };
}

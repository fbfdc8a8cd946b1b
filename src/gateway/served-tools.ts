import type { Connection } from '../connections/index.ts';
import type { JsonSchema } from '../kernel/index.ts';
import { effectiveTool, isServable, responseSchemaOf, type PackCuration, type Tool } from '../tools/index.ts';

/** The MCP tool object without its name. */
export type ServedObject = {
  title?: string;
  description?: string;
  inputSchema: JsonSchema;
  outputSchema?: JsonSchema;
  annotations: Record<string, boolean>;
};

/** A tool as the MCP tool object that is served, without the name it has at an address. */
export function servedObject(tool: Tool, packCuration: PackCuration | null): ServedObject {
  const { tool: seen } = effectiveTool(
    tool.definition,
    { responseSchema: responseSchemaOf(tool) },
    tool.curation,
    packCuration,
    tool.name,
  );
  return {
    ...(seen.title === null ? {} : { title: seen.title }),
    ...(seen.description === null ? {} : { description: seen.description }),
    inputSchema: seen.input_schema,
    ...(seen.output_schema === null ? {} : { outputSchema: seen.output_schema }),
    annotations: seen.annotations,
  };
}

/** The tool objects that a pack of this connection alone serves under bare names, in their order. */
export function servedTools(
  connection: Connection,
  tools: readonly Tool[],
): readonly (ServedObject & { name: string })[] {
  if (!connection.isActive) return [];
  return tools
    .filter((tool) => isServable(tool, connection))
    .map((tool) => ({ name: tool.name, ...servedObject(tool, null) }));
}

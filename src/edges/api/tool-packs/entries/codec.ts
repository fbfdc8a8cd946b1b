import type { z } from '@hono/zod-openapi';
import type { EntryWish, Face, ShownEntry, ShownTool, ToolsWish } from '../../../../packs/index.ts';
import type { entrySchema, packConnectorSchema, toolSchema } from './schema.ts';

/** Read against a list that is put in the old one's place (`replace`), or laid over it (`merge`). */
type How = 'replace' | 'merge';

export function readEntry(entry: z.output<typeof entrySchema>, how: How): EntryWish {
  return {
    slug: entry.slug,
    connectorId: entry.connector_id,
    authScope: entry.auth_scope,
    tools: readToolNames(entry.tool_names, how),
  };
}

/** The one place where the list of names is told apart; past it nobody asks what an empty one means. */
function readToolNames(names: readonly string[] | undefined, how: How): ToolsWish {
  if (names === undefined) return { kind: how === 'merge' ? 'untouched' : 'all' };
  return names.length === 0 ? { kind: 'remove' } : { kind: 'exactly', names };
}

export function writeConnector(shown: ShownEntry): z.input<typeof packConnectorSchema> {
  const { entry, face, tools } = shown;
  return {
    slug: entry.connection.slug,
    ...writeFace(face),
    auth_scope: entry.authScope,
    tools: tools.map(writeTool),
    connector_id: entry.connection.id,
    selection: entry.selection.kind,
  };
}

export function writeFace(face: Face) {
  return {
    name: face.name,
    source_url: face.sourceUrl,
    logo_url: face.logoUrl ?? '',
    categories: [...face.categories],
  };
}

export function writeTool(tool: ShownTool): z.input<typeof toolSchema> {
  return {
    name: tool.name,
    description: tool.description,
    input_schema: tool.inputSchema,
    credit_type: 'default',
    ...(tool.state === 'stale' ? { stale: true } : {}),
    ...(tool.state === 'disabled' ? { disabled: true } : {}),
  };
}

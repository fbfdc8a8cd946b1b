import { read } from '../access/index.ts';
import { getOwn, toolsOfConnections, type InputRules } from '../tools/index.ts';
import type { Pack } from './pack.ts';
import type { PacksCtx } from './resolve-wish.ts';

export type PackDescriptionRow = {
  connectorSlug: string;
  toolName: string;
  description: string;
  /** Who said it: the pack's word goes before the connection's. */
  definedBy: 'pack' | 'connection';
};
export type PackInputsRow = { connectorSlug: string; toolName: string; rules: InputRules };

/**
 * Descriptions in force in a pack that are not the service's own: one for each tool of its connections,
 * chosen or not, so that whatever was set can be seen. In the order of entries and of the services' lists.
 */
export async function describeDescriptions(
  ctx: PacksCtx,
  pack: Pack,
): Promise<readonly PackDescriptionRow[]> {
  const rows = await eachTool(ctx, pack);
  return rows.flatMap(({ connectorSlug, tool, curation }): PackDescriptionRow[] => {
    const row = { connectorSlug, toolName: tool.name };
    if (curation?.description !== undefined) {
      return [{ ...row, description: curation.description, definedBy: 'pack' }];
    }
    const { description } = tool.curation;
    return description === null ? [] : [{ ...row, description, definedBy: 'connection' }];
  });
}

/** The input rules that hold in this pack alone. */
export async function describeInputs(ctx: PacksCtx, pack: Pack): Promise<readonly PackInputsRow[]> {
  const rows = await eachTool(ctx, pack);
  return rows.flatMap(({ connectorSlug, tool, curation }) =>
    curation?.inputs ? [{ connectorSlug, toolName: tool.name, rules: curation.inputs }] : [],
  );
}

async function eachTool(ctx: PacksCtx, pack: Pack) {
  const ids = pack.entries.map(({ connection }) => connection.id);
  const tools = await read(ctx, (tx) => toolsOfConnections(tx, pack.organizationId, ids));
  return pack.entries.flatMap(({ connection, overrides }) =>
    tools
      .filter((tool) => tool.connectionId === connection.id)
      .map((tool) => ({
        connectorSlug: connection.slug,
        tool,
        curation: getOwn(overrides, tool.name) ?? null,
      })),
  );
}

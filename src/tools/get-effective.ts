import { authorize, type Ctx } from '../access/index.ts';
import type { PackCuration } from './curation.ts';
import { effectiveTool, type Origins, type ServedTool } from './effective-tool.ts';
import { getTool } from './get-tool.ts';
import { responseSchemaOf } from './tool.ts';

/**
 * The tool as an agent sees it, and who said each part. `pack` brings the pack's word on it, for packs live
 * in a later room: its curation of the tool and how it names tools.
 */
export async function getEffectiveTool(
  ctx: Ctx,
  toolId: string,
  pack: { curation: PackCuration | null; names: 'prefixed' | 'plain' } | null,
): Promise<{ tool: ServedTool; origins: Origins }> {
  authorize(ctx.caller.principal, 'tools:read');
  const { tool } = await getTool(ctx, { toolId });
  return effectiveTool(
    tool.definition,
    { responseSchema: responseSchemaOf(tool) },
    tool.curation,
    pack?.curation ?? null,
    pack?.names === 'plain' ? tool.name : tool.slug,
  );
}

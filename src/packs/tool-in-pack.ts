import type { Ctx } from '../access/index.ts';
import { notFound, parseId } from '../kernel/index.ts';
import { getOwn, getTool, type PackCuration } from '../tools/index.ts';
import { getPack } from './get-pack.ts';
import type { Pack } from './pack.ts';

/** The caller's pack of this id or slug. Fault `not_found` where there is none. */
export function packNamed(ctx: Ctx, named: string): Promise<Pack> {
  const id = parseId(named);
  return getPack(ctx, id ? { id } : { slug: named });
}

/** What a pack says of one tool and how it names tools. Fault `not_found` where the pack does not hold its connection. */
export async function toolInPack(
  ctx: Ctx,
  toolId: string,
  named: string,
): Promise<{ curation: PackCuration | null; names: Pack['names'] }> {
  const pack = await packNamed(ctx, named);
  const { tool } = await getTool(ctx, { toolId });
  const entry = pack.entries.find(({ connection }) => connection.id === tool.connectionId);
  if (!entry) throw notFound();
  return { curation: getOwn(entry.overrides, tool.name) ?? null, names: pack.names };
}

import { authorize } from '../access/index.ts';
import { alterPack } from './change-pack.ts';
import { layEntries } from './lay-entries.ts';
import type { EntryWish, Pack } from './pack.ts';
import { homeWorkspace, type PacksCtx } from './resolve-wish.ts';

/** Puts one connection into a pack as the request says, whatever it was there before; others stay. */
export async function putEntry(
  ctx: PacksCtx,
  packId: string,
  wish: EntryWish & { slug: string },
): Promise<Pack> {
  authorize(ctx.caller.principal, 'packs:write');
  const workspace = await homeWorkspace(ctx);
  return alterPack(ctx, 'pack.entries_changed', packId, async (tx, before) => {
    const entries = await layEntries(tx, ctx, before.entries, [wish], {
      how: 'merge',
      workspace,
      path: [],
      namesField: 'tools',
      isOnlyItem: true,
    });
    return { ...before, entries };
  });
}

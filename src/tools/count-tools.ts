import { read, type Ctx } from '../access/index.ts';
import type { Connection } from '../connections/index.ts';
import { countToolRows, type ToolCount } from './store.ts';

/** How many tools each of these connections has, which the caller has been shown already. */
export async function countTools(
  ctx: Ctx,
  connections: readonly Connection[],
): Promise<ReadonlyMap<string, ToolCount>> {
  const { organizationId } = ctx.caller.principal;
  const ids = connections.map((connection) => connection.id);
  return read(ctx, (tx) => countToolRows(tx, organizationId, ids));
}

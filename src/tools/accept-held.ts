import { takingTurns, type Clock, type Tx } from '../kernel/index.ts';
import { heldChange } from './held-change.ts';
import { updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

/**
 * Accepts what is held of these tools: what the service said last is served from now on, a new tool may be enabled,
 * and one that went stays away with its curation. Nothing else of them moves but `updatedAt`, so that a yes to a call
 * of the old form is void. Answers the tools as they are then, those of which nothing was held as they were.
 */
export async function acceptHeld(tx: Tx, clock: Clock, tools: readonly Tool[]): Promise<readonly Tool[]> {
  const now = clock.now();
  const accepted: Tool[] = [];
  const turn = takingTurns();
  for (const tool of tools) {
    await turn();
    const held = heldChange(tool);
    if (!held) {
      accepted.push(tool);
      continue;
    }
    const takesNewest = held.kind === 'changed' && tool.newest !== null;
    accepted.push(
      await updateToolRow(tx, tool.organizationId, tool.id, {
        ...(takesNewest ? { definition: JSON.stringify(tool.newest) } : {}),
        newest: null,
        accepted_at: now,
        held_since: null,
        updated_at: now,
      }),
    );
  }
  return accepted;
}

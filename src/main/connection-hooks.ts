import type { Caller } from '../access/index.ts';
import {
  activateHeldAgents,
  deactivateAgents,
  findAgentUses,
  findHeldAgents,
  removeToolsFromAgents,
} from '../agents/index.ts';
import type { ConnectionHooks } from '../connections/index.ts';
import type { Clock } from '../kernel/index.ts';
import { announceDrift, announceFlip, disableWebhooks } from '../notices/index.ts';
import { findUses, isLinkCurrent, removeEntriesOf } from '../packs/index.ts';
import { takeListing } from '../revisions/index.ts';
import { removeTools } from '../tools/index.ts';
import type { Vault } from '../vault/index.ts';

/** What later rooms do in a connection's transactions. `caller` is who has it done; null: nobody with a key. */
export const connectionHooksOf = (
  { vault, clock }: { vault: Vault; clock: Clock },
  caller: Caller | null,
): ConnectionHooks => ({
  async onListed(tx, at, connection, listing) {
    const taken = await takeListing(tx, { clock: at, vault }, connection, listing);
    await announceDrift(tx, at, connection, taken);
    return taken;
  },
  async findUses(tx, connection) {
    return [...(await findUses(tx, connection)), ...(await findAgentUses(tx, connection))];
  },
  async onFlip(tx, at, flip) {
    await announceFlip(tx, at, flip);
    await deactivateAgents(tx, at, flip);
  },
  findHeld: (tx, connection) => findHeldAgents(tx, caller, connection),
  activateHeld: (tx, at, connection, agentIds) =>
    activateHeldAgents(tx, { clock: at, caller }, connection, agentIds),
  isLinkCurrent,
  // Panic is a key's to ask for: where nobody with one acts there is nothing to turn off.
  disableWebhooks: async (tx, at, options) => (caller ? disableWebhooks(tx, at, caller, options) : []),
  async onRemove(tx, connection) {
    await removeEntriesOf(tx, vault, connection);
    await removeToolsFromAgents(tx, clock, connection);
    await removeTools(tx, vault, connection);
  },
});

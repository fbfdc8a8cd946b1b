import { mayActFor, mayUsePack, type Principal } from '../access/index.ts';
import { enterAgent, mayEnter } from '../agents/index.ts';
import { notFound, readOneMoment, type Tx } from '../kernel/index.ts';
import type { Pack } from '../packs/index.ts';
import { createToolCache } from './compiled-tool.ts';
import { actingUser, compileView, packOfAddress, type CompiledView } from './compile-view.ts';
import type { GatewayDeps } from './ctx.ts';
import type { Address } from './types.ts';

/** What is in memory of one organization; dropped whole when its configuration moves. */
type Snapshot = {
  /** Names of packs and agents seen, to the pack's id. */
  packIds: Map<string, string>;
  views: Map<string, CompiledView>;
  pending: Map<string, Promise<CompiledView>>;
};

export type Snapshots = {
  view(principal: Principal, address: Address): CompiledView | Promise<CompiledView>;
  onChange(listener: (organizationId: string) => void): () => void;
  close(): void;
};

const viewsAtMost = 5_000;

/** Compiled views, read from memory until a change of their organization drops them. */
export function createSnapshots(deps: GatewayDeps): Snapshots {
  const cache = createToolCache();
  const organizations = new Map<string, Snapshot>();
  const listeners = new Set<(organizationId: string) => void>();

  const drop = (organizationId: string): void => {
    organizations.delete(organizationId);
    for (const listener of listeners) listener(organizationId);
  };
  const unsubscribe = deps.watch.onChange(drop);

  const snapshotOf = (organizationId: string): Snapshot => {
    let snapshot = organizations.get(organizationId);
    if (!snapshot) {
      snapshot = { packIds: new Map(), views: new Map(), pending: new Map() };
      organizations.set(organizationId, snapshot);
      deps.watch.track(organizationId);
    }
    return snapshot;
  };

  const load = async (snapshot: Snapshot, principal: Principal, address: Address): Promise<CompiledView> =>
    deps.database.transaction({ organizationId: principal.organizationId }, async (tx) => {
      // A change that commits meanwhile is in all of it or in none: a pack's pins go by the names of tools.
      await readOneMoment(tx);
      const { pack, ...entered } = await enter(tx, principal, address);
      const user = await actingUser(tx, principal, address.userId);
      const compiled = await compileView(
        tx,
        cache,
        pack,
        principal,
        user,
        address.authenticatedOnly ?? false,
      );
      const view = { ...compiled, ...entered };
      snapshot.packIds.set(nameOf(address), pack.id);
      if (snapshot.views.size >= viewsAtMost) snapshot.views.clear();
      snapshot.views.set(viewKey(pack.id, user?.id ?? null, address, principal), view);
      return view;
    });

  return {
    view(principal, address) {
      const snapshot = snapshotOf(principal.organizationId);
      const userId = address.userId ?? (principal.userIds?.length === 1 ? principal.userIds[0]! : null);
      const packId = snapshot.packIds.get(nameOf(address));
      if (packId !== undefined) {
        const isAllowed = 'agent' in address ? mayEnter(principal, packId) : mayUsePack(principal, packId);
        if (!isAllowed) throw notFound();
        if (userId !== null && !mayActFor(principal, userId)) throw notFound();
        const known = snapshot.views.get(viewKey(packId, userId, address, principal));
        if (known) return known;
      }
      // Callers that ask for the same at once share one compilation; what one may not see, each is told itself.
      const key = `${principal.id}|${viewKey(nameOf(address), userId, address, principal)}`;
      const pending = snapshot.pending.get(key);
      if (pending) return pending;
      const loading = load(snapshot, principal, address).finally(() => snapshot.pending.delete(key));
      snapshot.pending.set(key, loading);
      return loading;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: unsubscribe,
  };
}

/** Whose tools an address serves, if the caller may come in there. Fault `not_found` for everything else. */
async function enter(
  tx: Tx,
  principal: Principal,
  address: Address,
): Promise<{ pack: Pack } & Pick<CompiledView, 'agent'>> {
  if ('pack' in address) return { pack: await packOfAddress(tx, principal, address.pack) };
  const { pack, deactivated } = await enterAgent(tx, principal, address.agent);
  return { pack, agent: { deactivated } };
}

/** Packs and agents are remembered apart: who may use a pack of some name need not be let in to an agent of it. */
const nameOf = (address: Address): string =>
  'agent' in address ? `agent ${address.agent.toLowerCase()}` : `pack ${address.pack}`;

/** Views differ by what they are compiled for: keys bound to workspaces see less of the same pack. */
function viewKey(pack: string, userId: string | null, address: Address, { workspaceIds }: Principal): string {
  const workspaces = workspaceIds === null ? '' : `|${workspaceIds.toSorted().join()}`;
  return `${pack}|${userId ?? ''}|${address.authenticatedOnly ? 1 : 0}${workspaces}`;
}

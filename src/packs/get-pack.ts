import { authorize, mayUsePack, read, type Ctx } from '../access/index.ts';
import { notFound, type Listed, type ListPage } from '../kernel/index.ts';
import type { Connection, Use } from '../connections/index.ts';
import type { Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import { sealedIn, type Pack } from './pack.ts';
import { findPack, knownPackCount, listPackRows, packsUsing, writeEntries } from './store.ts';

/** One pack of the caller's, by id or slug. Fault `not_found` for absent, foreign and outside the key's packs. */
export async function getPack(ctx: Ctx, by: { id: string } | { slug: string }): Promise<Pack> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:read');
  const pack = await read(ctx, (tx) => findPack(tx, principal.organizationId, by));
  if (!pack || !mayUsePack(principal, pack.id)) throw notFound();
  return pack;
}

/** The caller's packs, newest first. */
export async function listPacks(ctx: Ctx, filter: { name?: string }, page: ListPage): Promise<Listed<Pack>> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:read');
  return read(ctx, (tx) =>
    listPackRows(tx, principal.organizationId, { ...filter, ids: principal.packIds }, page),
  );
}

/** Whether every one of these is a pack of the organization. */
export async function areKnownPacks(
  tx: Tx,
  organizationId: string,
  ids: readonly string[],
): Promise<boolean> {
  const distinct = [...new Set(ids)];
  return (await knownPackCount(tx, organizationId, distinct)) === distinct.length;
}

/** Who uses a connection: for the refusal to delete it. */
export async function findUses(tx: Tx, connection: Connection): Promise<readonly Use[]> {
  const packs = await packsUsing(tx, connection.organizationId, connection.id);
  return packs.map((pack) => ({ type: 'pack', id: pack.id, name: pack.name }));
}

/** The connection goes: its entries go first, with what packs had sealed for its tools. */
export async function removeEntriesOf(tx: Tx, vault: Vault, connection: Connection): Promise<void> {
  const { organizationId } = connection;
  for (const { id } of await packsUsing(tx, organizationId, connection.id)) {
    const pack = (await findPack(tx, organizationId, { id }, true))!;
    const gone = pack.entries.filter((entry) => entry.connection.id === connection.id);
    const kept = pack.entries.filter((entry) => entry.connection.id !== connection.id);
    await writeEntries(tx, pack, kept);
    await vault.discard(tx, organizationId, sealedIn(gone));
  }
}

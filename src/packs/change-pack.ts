import { authorize, change, holdsScope, holdSlugs, mayUsePack, slugOf } from '../access/index.ts';
import {
  bodyProblem,
  canonicalJson,
  Fault,
  invalid,
  newId,
  notFound,
  type JsonPath,
  type Tx,
} from '../kernel/index.ts';
import { getOwn } from '../tools/index.ts';
import { layEntries } from './lay-entries.ts';
import { sealedIn, type EntryWish, type Pack, type PackEntry } from './pack.ts';
import { homeWorkspace, type PacksCtx } from './resolve-wish.ts';
import { deletePackRow, findPack, insertPack, takenPackSlugs, updatePackRow, writeEntries } from './store.ts';

export type PackInput = {
  name?: string;
  description?: string | null;
  names?: 'prefixed' | 'plain' | null;
  approveBy?: Pack['approveBy'] | null;
  /** The whole list. */
  entries?: readonly EntryWish[];
  /** Where the list stands in the body. */
  entriesPath?: JsonPath;
  /** What the contract calls an entry's list of tool names. */
  namesField?: string;
  isSample?: boolean;
};

/** Words that are addresses of their own beside `/mcp/{pack}`. */
const reservedSlugs = new Set(['agents']);

/** Makes a pack. Fault `invalid` for bad entries, `forbidden` for a key bound to its packs. */
export async function createPack(ctx: PacksCtx, input: PackInput & { name: string }): Promise<Pack> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:write');
  if (principal.packIds)
    throw new Fault('forbidden', 'This key is bound to its packs and cannot make another.');
  const { organizationId } = principal;
  const workspace = await homeWorkspace(ctx);
  return change(ctx, 'pack.created', async (tx) => {
    await holdSlugs(tx, organizationId);
    const now = ctx.clock.now();
    const id = newId<'pack'>();
    await insertPack(tx, {
      organization_id: organizationId,
      pack_id: id,
      slug: await freePackSlug(tx, organizationId, input.name),
      name: input.name,
      description: input.description ?? '',
      names: input.names ?? 'prefixed',
      is_sample: input.isSample ?? false,
      agent_id: null,
      approve_by: input.approveBy ?? 'client',
      mode: 'list',
      favourites: '[]',
      created_at: now,
      updated_at: now,
    });
    const empty = (await findPack(tx, organizationId, { id }))!;
    const path = input.entriesPath ?? ['entries'];
    const entries = await layEntries(tx, ctx, [], input.entries ?? [], {
      how: 'replace',
      workspace,
      path,
      namesField: input.namesField,
    });
    assertPlain(empty.names, entries, path);
    await writeEntries(tx, empty, entries);
    const pack = { ...empty, entries };
    return {
      result: pack,
      target: { type: 'pack', id },
      changes: { name: pack.name, entries: saidOf(entries) },
    };
  });
}

async function freePackSlug(tx: Tx, organizationId: string, name: string): Promise<string> {
  const stem = slugOf(name, 'pack');
  const taken = await takenPackSlugs(tx, organizationId, stem);
  for (let number = 1; ; number += 1) {
    const slug = number === 1 ? stem : `${stem}-${number}`;
    if (!taken.has(slug) && !reservedSlugs.has(slug)) return slug;
  }
}

/** Changes a pack; what comes out the same as before moves nothing, `updatedAt` included. */
export async function updatePack(ctx: PacksCtx, packId: string, input: PackInput): Promise<Pack> {
  authorize(ctx.caller.principal, 'packs:write');
  const workspace = await homeWorkspace(ctx);
  const path = input.entriesPath ?? ['entries'];
  const plainPath = input.entries === undefined ? ['names'] : path;
  const work = async (tx: Tx, before: Pack): Promise<Pack> => {
    return {
      ...before,
      name: input.name ?? before.name,
      description: input.description === undefined ? before.description : (input.description ?? ''),
      names: input.names === undefined ? before.names : (input.names ?? 'prefixed'),
      approveBy: input.approveBy === undefined ? before.approveBy : (input.approveBy ?? 'client'),
      entries:
        input.entries === undefined
          ? before.entries
          : await layEntries(tx, ctx, before.entries, input.entries, {
              how: 'replace',
              workspace,
              path,
              namesField: input.namesField,
            }),
    };
  };
  return alterPack(ctx, 'pack.updated', packId, work, plainPath);
}

/** Upserts and removes the listed entries (`merge`), or puts the list in the place of the old one (`replace`). */
export async function changeEntries(
  ctx: PacksCtx,
  packId: string,
  wishes: readonly EntryWish[],
  how: 'merge' | 'replace',
  path: JsonPath = [],
): Promise<Pack> {
  authorize(ctx.caller.principal, 'packs:write');
  const workspace = await homeWorkspace(ctx);
  const work = async (tx: Tx, before: Pack): Promise<Pack> => ({
    ...before,
    entries: await layEntries(tx, ctx, before.entries, wishes, { how, workspace, path }),
  });
  return alterPack(ctx, 'pack.entries_changed', packId, work, path);
}

/** Takes one connection out of a pack, by its slug. Fault `not_found` when it is not in it. */
export async function removeEntry(ctx: PacksCtx, packId: string, slug: string): Promise<Pack> {
  return alterPack(ctx, 'pack.entries_changed', packId, async (_tx, before) => {
    const entries = before.entries.filter((entry) => entry.connection.slug !== slug);
    if (entries.length === before.entries.length) throw notFound();
    return { ...before, entries };
  });
}

/**
 * The one way a pack changes: locked, computed as a value, compared, written, audited. Two requests at the
 * same moment take turns, so changes of different entries both survive.
 */
export async function alterPack(
  ctx: PacksCtx,
  action: string,
  packId: string,
  work: (tx: Tx, before: Pack) => Promise<Pack>,
  /** Where in the body a refusal of plain names points. */
  plainPath: JsonPath = [],
): Promise<Pack> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:write');
  if (!mayUsePack(principal, packId)) throw notFound();
  return change(ctx, action, async (tx) => {
    await holdSlugs(tx, principal.organizationId);
    const before = await findPack(tx, principal.organizationId, { id: packId }, true);
    if (!before) throw notFound();
    const after = await work(tx, before);
    assertPlain(after.names, after.entries, plainPath);
    if (principal.packIds && holdsScope(principal, 'runtime:all')) assertNoWider(before, after);
    const target = { type: 'pack', id: packId };
    const was = shape(before);
    const is = shape(after);
    if (canonicalJson(was) === canonicalJson(is)) return { result: before, target, changes: null };
    const updatedAt = ctx.clock.now();
    await updatePackRow(tx, principal.organizationId, packId, {
      name: after.name,
      description: after.description,
      names: after.names,
      approve_by: after.approveBy,
      updated_at: updatedAt,
    });
    if (canonicalJson(was.entries) !== canonicalJson(is.entries)) {
      await writeEntries(tx, after, after.entries);
      const kept = new Set(sealedIn(after.entries));
      const dropped = sealedIn(before.entries).filter((secret) => !kept.has(secret));
      await ctx.vault.discard(tx, principal.organizationId, dropped);
    }
    return { result: { ...after, updatedAt }, target, changes: { from: was, to: is } };
  });
}

const shape = (pack: Pack) => ({
  name: pack.name,
  description: pack.description,
  names: pack.names,
  approve_by: pack.approveBy,
  entries: saidOf(pack.entries),
});

const saidOf = (entries: readonly PackEntry[]) =>
  entries.map((entry) => ({
    connection: entry.connection.slug,
    auth_scope: entry.authScope,
    // A selection is a set: the order it was written in is no change.
    tools: entry.selection.kind === 'all' ? 'all' : entry.selection.names.toSorted(),
    overrides: entry.overrides,
  }));

function assertPlain(names: Pack['names'], entries: readonly PackEntry[], path: JsonPath): void {
  if (names === 'plain' && entries.length > 1) {
    const message = 'Plain tool names need a pack of one connection: with two, names could mean either.';
    throw invalid(bodyProblem('value_error', path, message));
  }
}

/**
 * A key bound to its packs that may also call is bound to what they hold: it could otherwise put any tool into its
 * pack and call it there. Fault `forbidden` for an entry, a tool or an owner of credentials that the pack did not have.
 */
function assertNoWider(before: Pack, after: Pack): void {
  const held = new Map(before.entries.map((entry) => [entry.connection.id, entry]));
  const isWithin = ({ connection, authScope, selection, overrides }: PackEntry): boolean => {
    const old = held.get(connection.id);
    if (!old || old.authScope !== authScope || !keepsRules(old.overrides, overrides)) return false;
    if (old.selection.kind === 'all') return true;
    const names = new Set(old.selection.names);
    return selection.kind === 'exactly' && selection.names.every((name) => names.has(name));
  };
  const asksFewer = before.approveBy === 'member' && after.approveBy === 'client';
  if (asksFewer || !after.entries.every(isWithin)) {
    throw new Fault('forbidden', 'This key is bound to its packs and cannot add to what they hold.');
  }
}

/** A pack's input rules narrow what its tools may be called with: none is gone or other than it was. */
function keepsRules(before: PackEntry['overrides'], after: PackEntry['overrides']): boolean {
  return Object.entries(before).every(([tool, { inputs }]) => {
    const now = getOwn(after, tool)?.inputs ?? {};
    return Object.entries(inputs ?? {}).every(
      ([field, rule]) => canonicalJson(getOwn(now, field) ?? null) === canonicalJson(rule),
    );
  });
}

export async function deletePack(ctx: PacksCtx, packId: string): Promise<void> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:write');
  if (!mayUsePack(principal, packId)) throw notFound();
  await change(ctx, 'pack.deleted', async (tx) => {
    await holdSlugs(tx, principal.organizationId);
    const pack = await findPack(tx, principal.organizationId, { id: packId }, true);
    if (!pack) throw notFound();
    await deletePackRow(tx, principal.organizationId, packId);
    await ctx.vault.discard(tx, principal.organizationId, sealedIn(pack.entries));
    return { result: undefined, target: { type: 'pack', id: packId }, changes: { name: pack.name } };
  });
}

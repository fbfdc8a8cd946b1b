import { Fault, notFound, type Listed, type ListPage, type Tx } from '../kernel/index.ts';
import { agentKeyBounds, handsOutAgents } from './agent-key.ts';
import { assertLiveKey } from './assert-live-key.ts';
import { change, read, type Ctx } from './change.ts';
import { keyOf, type Key } from './key.ts';
import { assertReach, assertWithin } from './key-bounds.ts';
import { hashKey, keyHint, newKeyText } from './key-text.ts';
import { authorize, type Principal } from './principal.ts';
import {
  findKey,
  holdKeys,
  listKeys as listKeyRows,
  liveDescendants,
  updateKey,
  type KeyBound,
  type KeyRow,
} from './store.ts';

/** The organization's keys, newest first, without their text. A bound key sees those bound as closely. */
export async function listKeys(ctx: Ctx, page: ListPage): Promise<Listed<Key>> {
  const { principal } = ctx.caller;
  authorize(principal, 'keys:write');
  const listed = await read(ctx, (tx) => listKeyRows(tx, principal.organizationId, principal, page));
  return { ...listed, rows: listed.rows.map(keyOf) };
}

export async function getKey(ctx: Ctx, keyId: string): Promise<Key> {
  const { principal } = ctx.caller;
  authorize(principal, 'keys:write');
  const row = await read(ctx, (tx) => findKey(tx, principal.organizationId, keyId));
  if (!row || !isWithin(principal, keyOf(row))) throw notFound();
  return keyOf(row);
}

/** What `listKeys` shows to this principal, for one key. */
function isWithin(bound: KeyBound, key: KeyBound): boolean {
  return (['packIds', 'userIds', 'workspaceIds'] as const).every((dimension) => {
    const limit = bound[dimension];
    return limit === null || (key[dimension]?.every((id) => limit.includes(id)) ?? false);
  });
}

/**
 * Gives a key a new text; the old one stops working at the commit. The caller must be able to make such a
 * key itself, since this hands it out. An agent's key is made anew, also when it was revoked or ran out: its agent
 * lives on, and from then on the key is the caller's.
 */
export async function regenerateKey(ctx: Ctx, keyId: string): Promise<{ key: Key; text: string }> {
  const { principal } = ctx.caller;
  authorize(principal, 'keys:write');
  const { organizationId } = principal;
  return change(ctx, 'key.regenerated', async (tx) => {
    await holdKeys(tx, organizationId);
    await assertLiveKey(tx, principal);
    const row = await findKey(tx, organizationId, keyId);
    if (!row || !isWithin(principal, keyOf(row))) throw notFound();
    if (row.revoked_at && row.kind !== 'agent') throw notFound();
    await assertMayHandle(tx, principal, row);
    const text = newKeyText(row.kind);
    const regeneratedBy = [...new Set([...row.regenerated_by, principal.id])];
    const written = { hash: hashKey(text), hint: keyHint(text), regenerated_by: regeneratedBy };
    if (row.kind === 'agent') {
      await updateKey(tx, organizationId, keyId, { ...written, ...renewed(principal, row, ctx.clock.now()) });
    } else {
      assertWithin(principal, {
        scopes: row.scopes,
        packIds: row.pack_ids,
        userIds: row.user_ids,
        workspaceIds: row.workspace_ids,
        expiresAt: row.expires_at,
        ratePerMinute: row.rate_per_minute,
        ratePerHour: row.rate_per_hour,
      });
      await updateKey(tx, organizationId, keyId, written);
    }
    const key = keyOf((await findKey(tx, organizationId, keyId))!);
    return { result: { key, text }, target: { type: 'key', id: keyId }, changes: { hint: key.hint } };
  });
}

/** An agent's key as this caller would make it now; where it reaches stays as it was. */
function renewed(principal: Principal, row: KeyRow, now: Date) {
  const bounds = agentKeyBounds(principal, row.key_id, now);
  return {
    parent_id: principal.id,
    revoked_at: null,
    expires_at: bounds.expiresAt,
    rate_per_minute: bounds.ratePerMinute,
    rate_per_hour: bounds.ratePerHour,
  };
}

/** An admin key is more than its scopes (the operator's makes organizations): only another one handles it. */
async function assertMayHandle(tx: Tx, principal: Principal, row: KeyRow): Promise<void> {
  if (row.kind !== 'admin') return;
  const own = await findKey(tx, principal.organizationId, principal.id);
  if (own?.kind === 'admin') return;
  throw new Fault('forbidden', 'Only an admin key may do this to an admin key.', {
    code: 'wider_than_parent',
  });
}

/** Ends a key and every key made with it. Doing it twice changes nothing. */
export async function revokeKey(ctx: Ctx, keyId: string): Promise<Key> {
  const { principal } = ctx.caller;
  authorize(principal, 'keys:write');
  const { organizationId } = principal;
  return change(ctx, 'key.revoked', async (tx) => {
    await holdKeys(tx, organizationId);
    const row = await findKey(tx, organizationId, keyId);
    if (!row || !isWithin(principal, keyOf(row))) throw notFound();
    await assertMayHandle(tx, principal, row);
    assertReach(principal, {
      scopes: row.kind === 'agent' && handsOutAgents(principal) ? [] : row.scopes,
      packIds: row.pack_ids,
      userIds: row.user_ids,
      workspaceIds: row.workspace_ids,
    });
    const ended = row.revoked_at ? [] : await liveDescendants(tx, organizationId, keyId);
    for (const id of ended) await updateKey(tx, organizationId, id, { revoked_at: ctx.clock.now() });
    const key = keyOf((await findKey(tx, organizationId, keyId))!);
    return {
      result: key,
      target: { type: 'key', id: keyId },
      changes: ended.length > 0 ? { revoked: ended } : null,
    };
  });
}

import { Fault, type Tx } from '../kernel/index.ts';
import { assertLiveKey } from './assert-live-key.ts';
import type { Ctx } from './change.ts';
import { boundsWithin, type KeyBounds } from './key-bounds.ts';
import { hashKey, keyHint, newKeyText } from './key-text.ts';
import { holdsScope, type Principal } from './principal.ts';
import { deleteKey, holdKeys, insertKey, updateKey } from './store.ts';

/**
 * What an agent's key may do: call the tools of its own pack, in its maker's workspaces, as long as its maker's key
 * lasts. Calling is what agents are for, so `agents:write` is enough to hand it out: whoever holds that decides what
 * agents call anyway. Fault `forbidden` for a maker that neither makes agents nor calls, or not everywhere: in every
 * other dimension no key is wider than its maker's.
 */
export function agentKeyBounds(maker: Principal, agentId: string, now: Date): KeyBounds {
  if (maker.packIds || maker.userIds) {
    throw new Fault(
      'forbidden',
      'This key is bound to packs or registered users; an agent is bound to neither.',
    );
  }
  return {
    ...boundsWithin(maker, { scopes: handsOutAgents(maker) ? [] : ['runtime:all'], expiresAt: null }, now),
    scopes: ['runtime:all'],
    packIds: [agentId],
    userIds: null,
  };
}

/** Whether a key may handle the keys of agents though it calls nothing itself. */
export const handsOutAgents = (maker: Principal): boolean => holdsScope(maker, 'agents:write');

/** Makes the key of a new agent in the transaction that makes the agent; both have one id. Answers its text, once. */
export async function makeAgentKey(tx: Tx, ctx: Ctx, agent: { id: string; name: string }): Promise<string> {
  const { principal } = ctx.caller;
  const now = ctx.clock.now();
  const bounds = agentKeyBounds(principal, agent.id, now);
  await holdKeys(tx, principal.organizationId);
  await assertLiveKey(tx, principal);
  const text = newKeyText('agent');
  await insertKey(tx, {
    organization_id: principal.organizationId,
    key_id: agent.id,
    kind: 'agent',
    name: agent.name,
    hash: hashKey(text),
    hint: keyHint(text),
    scopes: bounds.scopes,
    pack_ids: bounds.packIds,
    user_ids: bounds.userIds,
    workspace_ids: bounds.workspaceIds,
    parent_id: principal.id,
    rate_per_minute: bounds.ratePerMinute,
    rate_per_hour: bounds.ratePerHour,
    is_test: false,
    expires_at: bounds.expiresAt,
    revoked_at: null,
    created_at: now,
  });
  return text;
}

/** An agent was given another name: lists of keys show its key under it. */
export async function nameAgentKey(
  tx: Tx,
  organizationId: string,
  agentId: string,
  name: string,
): Promise<void> {
  await holdKeys(tx, organizationId);
  await updateKey(tx, organizationId, agentId, { name });
}

/** An agent goes, and its key with it: nobody can be let in with it, or make it anew, from the commit on. */
export async function removeAgentKey(tx: Tx, organizationId: string, agentId: string): Promise<void> {
  await holdKeys(tx, organizationId);
  await deleteKey(tx, organizationId, agentId);
}

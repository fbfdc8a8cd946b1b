import { bodyProblem, invalid, newId, type Tx } from '../kernel/index.ts';
import { assertLiveKey } from './assert-live-key.ts';
import { change, type Ctx } from './change.ts';
import { keyOf, type Key } from './key.ts';
import { boundsWithin, type KeyWish } from './key-bounds.ts';
import { hashKey, keyHint, newKeyText } from './key-text.ts';
import { authorize } from './principal.ts';
import { findKey, holdKeys, insertKey, listUsers, listWorkspaces } from './store.ts';

export type CreateKeyInput = KeyWish & {
  name?: string;
  isTest?: boolean;
  /** Whether these packs are the organization's; passed in because packs live in a later room. */
  knownPacks: (tx: Tx, packIds: readonly string[]) => Promise<boolean>;
};

/**
 * Makes an access key within the bounds of the caller's own. Answers the key's text, once.
 * Fault `forbidden` when more is asked for than the caller has, `invalid` for ids that do not exist.
 */
export async function createKey(ctx: Ctx, input: CreateKeyInput): Promise<{ key: Key; text: string }> {
  const { principal } = ctx.caller;
  authorize(principal, 'keys:write');
  const now = ctx.clock.now();
  const bounds = boundsWithin(principal, input, now);
  const text = newKeyText('access');
  return change(ctx, 'key.created', async (tx) => {
    await holdKeys(tx, principal.organizationId);
    await assertLiveKey(tx, principal);
    await assertKnown(tx, principal.organizationId, input);
    const keyId = newId<'key'>();
    await insertKey(tx, {
      organization_id: principal.organizationId,
      key_id: keyId,
      kind: 'access',
      name: input.name ?? '',
      hash: hashKey(text),
      hint: keyHint(text),
      scopes: bounds.scopes,
      pack_ids: bounds.packIds,
      user_ids: bounds.userIds,
      workspace_ids: bounds.workspaceIds,
      parent_id: principal.id,
      rate_per_minute: bounds.ratePerMinute,
      rate_per_hour: bounds.ratePerHour,
      is_test: input.isTest ?? false,
      expires_at: bounds.expiresAt,
      revoked_at: null,
      created_at: now,
    });
    const key = keyOf((await findKey(tx, principal.organizationId, keyId))!);
    return {
      result: { key, text },
      target: { type: 'key', id: keyId },
      changes: { name: key.name, scopes: key.scopes, pack_ids: key.packIds, user_ids: key.userIds },
    };
  });
}

/** One sentence for ids that are absent and ids that are another organization's. */
async function assertKnown(tx: Tx, organizationId: string, input: CreateKeyInput): Promise<void> {
  const { packIds, userIds, workspaceIds } = input;
  if (packIds?.length && !(await input.knownPacks(tx, packIds)))
    throw unknownIds('tool_pack_ids', 'tool pack');
  if (userIds?.length) {
    const ids = [...new Set(userIds)];
    const { rows } = await listUsers(tx, organizationId, { ids }, { limit: ids.length, after: null });
    if (rows.length !== ids.length) throw unknownIds('registered_user_ids', 'registered user');
  }
  if (workspaceIds?.length) {
    const known = new Set((await listWorkspaces(tx, organizationId)).map((row) => row.workspace_id));
    if (workspaceIds.some((id) => !known.has(id))) throw unknownIds('workspace_ids', 'workspace');
  }
}

const unknownIds = (field: string, noun: string) =>
  invalid(bodyProblem('value_error', [field], `One of these is no ${noun} of this organization.`));

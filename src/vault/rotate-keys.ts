import { systemChange } from '../access/index.ts';
import { Fault } from '../kernel/index.ts';
import { organizationKeyContext } from './contexts.ts';
import { dropUnusedKeys, type KeyUse } from './drop-unused-keys.ts';
import {
  countSealedBefore,
  deleteMasterKeysBut,
  organizationKeys,
  organizationStates,
  rewrapOrganizationKey,
  rotatingSince,
  setRotatingSince,
  type OrganizationState,
} from './keys-store.ts';
import { newOrganizationKey } from './organization-keys.ts';
import { resealSecrets, type KeysDeps } from './reseal-secrets.ts';
import { findOrganizationKey, insertOrganizationKey } from './store.ts';

/** What a rotation tells while it runs. */
export type RotationStep =
  | { kind: 'resumed'; since: Date }
  | { kind: 'rewrapped'; keys: number; organizations: number }
  | { kind: 'resealing'; organizationId: string; version: number; done: number; of: number };

export type Rotated = {
  organizations: number;
  /** Values that are sealed anew. */
  values: number;
  /** By organization, values that nothing opens: they were changed in the database, and stay as they are. */
  unreadable: readonly { organizationId: string; count: number }[];
  dropped: number;
};

/** What replicas write while the rotation passes is caught by another pass; more than this is no coincidence. */
const mostPasses = 20;

/**
 * Rotates the keys while replicas serve: every organization's key is wrapped by the current master key, then each
 * organization gets a new version, and its values are sealed anew in batches. Everything it does is read off the rows,
 * so a run that was killed is gone on with by the next. Fault `conflict` while replicas with the old master key in
 * their environment keep writing with it, or where a key opens with neither.
 */
export async function rotateKeys(
  deps: KeysDeps,
  uses: readonly KeyUse[],
  tell: (step: RotationStep) => void,
): Promise<Rotated> {
  const { database, clock, masterKeys } = deps;
  const before = await database.transaction('system', rotatingSince);
  if (before) tell({ kind: 'resumed', since: before });
  const since = before ?? clock.now();
  if (!before) await database.transaction('system', (tx) => setRotatingSince(tx, since));

  const states = () => database.transaction('system', (tx) => organizationStates(tx, masterKeys.id));
  const unreadable = new Map<string, number>();
  let values = 0;
  for (let pass = 0; ; pass += 1) {
    const now = await states();
    const left: OrganizationState[] = [];
    for (const state of now) if (await isLeft(deps, state, since, unreadable)) left.push(state);
    if (left.length === 0) break;
    if (pass === mostPasses) throw stillWritten();
    await rewrapAll(deps, left, tell);
    for (const state of left) {
      const newest = await makeVersion(deps, state, since);
      values += await reseal(deps, state.organization_id, newest, unreadable, tell);
    }
  }

  await database.transaction('system', async (tx) => {
    await deleteMasterKeysBut(tx, masterKeys.wrappedBy);
    await setRotatingSince(tx, null);
  });
  return {
    organizations: (await states()).length,
    values,
    unreadable: [...unreadable].flatMap(([organizationId, count]) =>
      count > 0 ? [{ organizationId, count }] : [],
    ),
    dropped: await dropUnusedKeys(deps, uses),
  };
}

/** Whether an organization's keys or values are not all as the rotation leaves them. */
async function isLeft(
  { database }: KeysDeps,
  { organization_id: organizationId, foreign, newest, newest_at }: OrganizationState,
  since: Date,
  unreadable: ReadonlyMap<string, number>,
): Promise<boolean> {
  if (foreign > 0 || newest_at < since) return true;
  const old = await database.transaction({ organizationId }, (tx) =>
    countSealedBefore(tx, organizationId, newest),
  );
  return old > (unreadable.get(organizationId) ?? 0);
}

/** Wraps by the current master key whatever another one wraps. */
async function rewrapAll(
  { database, masterKeys }: KeysDeps,
  states: readonly OrganizationState[],
  tell: (step: RotationStep) => void,
): Promise<void> {
  let keys = 0;
  let organizations = 0;
  for (const { organization_id: organizationId, foreign } of states) {
    if (foreign === 0) continue;
    organizations += 1;
    keys += await database.transaction({ organizationId }, async (tx) => {
      const rows = await organizationKeys(tx, organizationId, true);
      const others = rows.filter((row) => row.master_key !== masterKeys.id);
      for (const { version, wrapped } of others) {
        const context = organizationKeyContext(organizationId, version);
        const key = await masterKeys.unwrap(wrapped, context).catch(() => {
          throw foreignKey(organizationId, version);
        });
        await rewrapOrganizationKey(tx, organizationId, version, {
          wrapped: await masterKeys.wrap(key, context),
          master_key: masterKeys.id,
        });
      }
      return others.length;
    });
  }
  if (organizations > 0) tell({ kind: 'rewrapped', keys, organizations });
}

/** The version this rotation seals with, made unless an earlier run has made it. */
async function makeVersion(deps: KeysDeps, state: OrganizationState, since: Date): Promise<number> {
  const organizationId = state.organization_id;
  if (state.newest_at >= since) return state.newest;
  return systemChange(deps, organizationId, 'vault.key_made', async (tx) => {
    const rows = await organizationKeys(tx, organizationId, true);
    const target = { type: 'organization', id: organizationId };
    const [newest] = rows;
    // Another run was here between the look and the lock.
    if (newest!.created_at >= since) return { result: newest!.version, target, changes: null };
    const version = newest!.version + 1;
    await insertOrganizationKey(tx, await newOrganizationKey(deps, organizationId, version));
    return { result: version, target, changes: { version } };
  });
}

async function reseal(
  deps: KeysDeps,
  organizationId: string,
  version: number,
  unreadable: Map<string, number>,
  tell: (step: RotationStep) => void,
): Promise<number> {
  const of = await deps.database.transaction({ organizationId }, (tx) =>
    countSealedBefore(tx, organizationId, version),
  );
  if (of === 0) return 0;
  tell({ kind: 'resealing', organizationId, version, done: 0, of });
  const resealed = await resealSecrets(deps, organizationId, version, (done) =>
    tell({ kind: 'resealing', organizationId, version, done, of }),
  );
  unreadable.set(organizationId, resealed.unreadable.length);
  if (resealed.count === 0) return 0;
  await systemChange(deps, organizationId, 'vault.resealed', async (tx) => {
    const key = await findOrganizationKey(tx, organizationId, 'newest');
    return {
      result: undefined,
      target: { type: 'organization', id: organizationId },
      changes: {
        version: key?.version ?? version,
        values: resealed.count,
        unreadable: resealed.unreadable.length,
      },
    };
  });
  return resealed.count;
}

const foreignKey = (organizationId: string, version: number): Fault =>
  new Fault(
    'conflict',
    `Version ${version} of the key of organization ${organizationId} opens with neither TOOLCRIB_MASTER_KEY nor TOOLCRIB_MASTER_KEY_PREVIOUS.`,
  );

const stillWritten = (): Fault =>
  new Fault(
    'conflict',
    'Something keeps writing with the old keys: give every replica the new TOOLCRIB_MASTER_KEY (and the old one as TOOLCRIB_MASTER_KEY_PREVIOUS), then run this again.',
  );

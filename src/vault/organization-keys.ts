import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Fault, type Clock, type Database, type Tx } from '../kernel/index.ts';
import { organizationKeyContext } from './contexts.ts';
import type { MasterKeys } from './master-key.ts';
import { findOrganizationKey, type OrganizationKeyRow } from './store.ts';

/** How long an unwrapped organization key may stay in memory. */
export const keyLife = 10 * 60 * 1000;

export const unreadable = (cause?: unknown): Fault =>
  new Fault('upstream', 'The stored credential cannot be read. Set it again.', {
    code: 'credential_unreadable',
    cause,
  });

export type OpenKey = { key: KeyObject; version: number };

export type OrganizationKeys = {
  /** One version, or the newest this process knows of. */
  of(organizationId: string, version: number | 'newest'): Promise<OpenKey>;
  /** Read through an open transaction: the embedded database has but one connection. Newer than any memory. */
  within(tx: Tx, organizationId: string, version: number | 'newest'): Promise<OpenKey>;
  /** Looks anew which version is the newest. */
  forget(organizationId: string): void;
};

/** Organization keys, unwrapped and in memory ten minutes at most. */
export function createOrganizationKeys(deps: {
  database: Database;
  clock: Clock;
  masterKeys: MasterKeys;
}): OrganizationKeys {
  const { database, clock, masterKeys } = deps;
  const keys = new Map<string, OpenKey & { until: number }>();
  const newest = new Map<string, number>();

  const remember = (organizationId: string, open: OpenKey, isNewest: boolean): OpenKey => {
    const entry = { ...open, until: clock.now().getTime() + keyLife };
    const place = `${organizationId}:${open.version}`;
    keys.set(place, entry);
    // Gone from memory when its time is up, whether or not anybody asks for it again.
    setTimeout(() => keys.get(place) === entry && keys.delete(place), keyLife).unref();
    if (isNewest) newest.set(organizationId, open.version);
    return entry;
  };

  return {
    async of(organizationId, version) {
      const wanted = version === 'newest' ? newest.get(organizationId) : version;
      const known = wanted === undefined ? undefined : keys.get(`${organizationId}:${wanted}`);
      if (known && known.until > clock.now().getTime()) return known;
      const row = await database.transaction({ organizationId }, (tx) =>
        findOrganizationKey(tx, organizationId, version),
      );
      const open = await unwrapKey(masterKeys, organizationId, row);
      return remember(organizationId, open, version === 'newest');
    },
    within: async (tx, organizationId, version) =>
      unwrapKey(masterKeys, organizationId, await findOrganizationKey(tx, organizationId, version)),
    forget: (organizationId) => void newest.delete(organizationId),
  };
}

/** Fault `upstream` code `credential_unreadable`; `unavailable` where the row needs a master key that is not ours. */
export async function unwrapKey(
  masterKeys: MasterKeys,
  organizationId: string,
  row: OrganizationKeyRow | undefined,
): Promise<OpenKey> {
  if (!row) throw unreadable();
  try {
    const bytes = await masterKeys.unwrap(row.wrapped, organizationKeyContext(organizationId, row.version));
    return { key: createSecretKey(bytes), version: row.version };
  } catch (error) {
    if (masterKeys.isOurs(row.master_key)) throw unreadable(error);
    // The credential is as good as ever: this replica was left behind by a rotation, and others can read it.
    throw new Fault('unavailable', 'This server’s master key is not the current one. Try again shortly.', {
      code: 'master_key_replaced',
      retryAfter: 2,
    });
  }
}

/** A version of an organization's key, wrapped and ready to be stored. */
export async function newOrganizationKey(
  { masterKeys, clock }: { masterKeys: MasterKeys; clock: Clock },
  organizationId: string,
  version: number,
) {
  return {
    organization_id: organizationId,
    version,
    wrapped: await masterKeys.wrap(randomBytes(32), organizationKeyContext(organizationId, version)),
    created_at: clock.now(),
    master_key: masterKeys.id,
  };
}

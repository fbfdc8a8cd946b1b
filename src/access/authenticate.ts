import { Fault, type Clock, type Database } from '../kernel/index.ts';
import type { ConfigWatch } from '../journal/index.ts';
import { hasGoodChecksum, hashKey, hashText } from './key-text.ts';
import type { Principal } from './principal.ts';
import { findKeyByHash, type KeyRow } from './store.ts';

export type PresentedKeys = {
  /** Every `Authorization` header of the request, as sent. */
  authorization: readonly string[];
  /** Every `x-api-key` header. */
  apiKey: readonly string[];
};

export type Authenticator = {
  /** The one verifier. Throws Fault `unauthenticated`; its message never says which part was wrong. */
  authenticate(presented: PresentedKeys): Promise<Principal>;
  /** The same without waiting where the key was seen before; null when the database must be asked. */
  recall(presented: PresentedKeys): Principal | null;
};

const unauthenticated = (): Fault =>
  new Fault('unauthenticated', 'A valid key is needed: Authorization: Bearer KEY, or x-api-key: KEY.');

const rememberAtMost = 20_000;

/**
 * Keys seen before are answered from memory until their organization's configuration moves: revoking a key
 * moves it, so a revocation is in force when its transaction commits.
 */
export function createAuthenticator(deps: {
  database: Database;
  clock: Clock;
  watch: ConfigWatch;
}): Authenticator {
  const remembered = new Map<string, Principal>();
  // Counts changes: a look-up that a change overtook is used once and not remembered.
  let generation = 0;
  deps.watch.onChange((organizationId) => {
    generation += 1;
    for (const [hash, principal] of remembered) {
      if (principal.organizationId === organizationId) remembered.delete(hash);
    }
  });

  const stillValid = (principal: Principal): boolean =>
    principal.expiresAt === null || principal.expiresAt > deps.clock.now();

  const lookUp = async (hash: Buffer): Promise<Principal> => {
    const before = generation;
    const row = await deps.database.transaction('system', (tx) => findKeyByHash(tx, hash));
    if (!row || row.revoked_at !== null) throw unauthenticated();
    const principal = principalOf(row);
    if (!stillValid(principal)) throw unauthenticated();
    deps.watch.track(principal.organizationId);
    if (generation !== before) return principal;
    if (remembered.size >= rememberAtMost) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(hash.toString('base64'), principal);
    return principal;
  };

  return {
    recall(presented) {
      const principal = remembered.get(hashText(presentedKey(presented)));
      return principal && stillValid(principal) ? principal : null;
    },
    async authenticate(presented) {
      const text = presentedKey(presented);
      const hash = hashKey(text);
      const known = remembered.get(hash.toString('base64'));
      if (known) {
        if (!stillValid(known)) throw unauthenticated();
        return known;
      }
      // A mistyped generated key never reaches the database; an operator's own admin key has no checksum.
      if (text.startsWith('tck_') && text.length === 43 && !hasGoodChecksum(text)) throw unauthenticated();
      return lookUp(hash);
    },
  };
}

/** The one key a request presents; two different ones are an error, not a choice. */
function presentedKey(presented: PresentedKeys): string {
  const keys = new Set<string>(presented.apiKey);
  for (const header of presented.authorization) {
    const match = /^bearer +(\S+)$/i.exec(header.trim());
    if (!match) throw unauthenticated();
    keys.add(match[1]!);
  }
  const [key] = keys;
  if (keys.size !== 1 || !key || key.length > 512) throw unauthenticated();
  return key;
}

export function principalOf(row: KeyRow & { is_operator?: boolean }): Principal {
  return {
    type: row.kind === 'agent' ? 'agent' : 'key',
    id: row.key_id,
    organizationId: row.organization_id,
    isOperator: row.is_operator ?? false,
    scopes: new Set(row.scopes),
    packIds: row.pack_ids,
    userIds: row.user_ids,
    workspaceIds: row.workspace_ids,
    rateLimit: { perMinute: row.rate_per_minute, perHour: row.rate_per_hour },
    expiresAt: row.expires_at,
  };
}

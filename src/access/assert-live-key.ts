import { Fault, type Tx } from '../kernel/index.ts';
import type { Principal } from './principal.ts';
import { isLiveKey } from './store.ts';

/**
 * For what outlives the key that asks for it (another key, a webhook): refused where that key was revoked while its
 * request was under way. Whoever revokes keys and ends such things takes the same lock, held by the caller. Fault
 * `unauthenticated`.
 */
export async function assertLiveKey(tx: Tx, { organizationId, id }: Principal): Promise<void> {
  if (await isLiveKey(tx, organizationId, id)) return;
  throw new Fault('unauthenticated', 'The key that asks for this has been revoked.');
}

import { randomBytes } from 'node:crypto';
import type { Tx } from '../kernel/index.ts';
import { Plaintext } from './plaintext.ts';
import { findInstallation, insertInstallation } from './store.ts';
import type { Vault } from './types.ts';

/** Seals the value that every replica derives its signing keys from; part of founding the first organization. */
export async function sealInstallation(tx: Tx, vault: Vault, organizationId: string): Promise<void> {
  const secret = new Plaintext(randomBytes(32).toString('base64'));
  await insertInstallation(tx, organizationId, await vault.keep(tx, organizationId, secret));
}

/** Where that value lies; null before the first organization. Needs a system transaction. */
export const installationSecret = findInstallation;

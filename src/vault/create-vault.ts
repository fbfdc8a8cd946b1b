import { Fault, newId, type Clock, type Database, type Tx } from '../kernel/index.ts';
import { secretContexts, type FieldPlace } from './contexts.ts';
import { rememberFields, type HeldFields } from './credential-fields.ts';
import type { MasterKeys } from './master-key.ts';
import { createOrganizationKeys, newOrganizationKey, unreadable } from './organization-keys.ts';
import { reveal } from './plaintext.ts';
import { openBytes, openInPlace, sealBytes } from './sealing.ts';
import { deleteSecrets, findSecret, insertOrganizationKey, insertSecret } from './store.ts';
import type { Vault } from './types.ts';

const cipherCacheLimit = 20_000;

type HeldCipher = { ciphertext: Buffer; keyVersion: number; organizationId: string };

/**
 * The vault over the master keys. Organization keys stay in memory ten minutes at most and ciphertext may
 * be remembered; plaintext never is.
 */
export function createVault(deps: { database: Database; clock: Clock; masterKeys: MasterKeys }): Vault {
  const { database, clock } = deps;
  const keys = createOrganizationKeys(deps);
  const ciphers = new Map<string, HeldCipher>();
  const credentialFields = rememberFields(database, cipherCacheLimit);

  const readCipher = async (organizationId: string, secretId: string): Promise<HeldCipher> => {
    const row = await database.transaction({ organizationId }, (tx) =>
      findSecret(tx, organizationId, secretId),
    );
    if (!row) throw unreadable();
    const held = { ciphertext: row.ciphertext, keyVersion: row.key_version, organizationId };
    if (ciphers.size >= cipherCacheLimit) ciphers.delete(ciphers.keys().next().value ?? '');
    ciphers.set(secretId, held);
    return held;
  };

  const openCipher = async (
    held: HeldCipher,
    secretId: string,
    place: FieldPlace | null,
  ): Promise<string> => {
    const { organizationId, keyVersion, ciphertext } = held;
    try {
      const { key } = await keys.of(organizationId, keyVersion);
      return openInPlace(key, secretContexts(organizationId, secretId, place), ciphertext).toString('utf8');
    } catch (error) {
      if (error instanceof Fault && error.kind === 'unavailable') throw error;
      throw unreadable(error);
    }
  };

  const openSecret = async (
    organizationId: string,
    secretId: string,
    place: FieldPlace | null = null,
  ): Promise<string> => {
    const held = ciphers.get(secretId);
    if (held?.organizationId === organizationId) {
      try {
        return await openCipher(held, secretId, place);
      } catch (error) {
        if (error instanceof Fault && error.kind === 'unavailable') throw error;
        // What was remembered may be from before a rotation whose old key is gone by now.
        ciphers.delete(secretId);
      }
    }
    return openCipher(await readCipher(organizationId, secretId), secretId, place);
  };

  const openFields = async ({
    fields,
    place,
    organizationId,
  }: HeldFields): Promise<Record<string, string>> => {
    const opened: Record<string, string> = {};
    for (const [field, secretId] of Object.entries(fields)) {
      opened[field] = await openSecret(organizationId, secretId, { ...place, field });
    }
    return opened;
  };

  const keepBytes = async (
    tx: Tx,
    organizationId: string,
    plaintext: Buffer,
    place: FieldPlace | null,
  ): Promise<string> => {
    const { key, version } = await keys.within(tx, organizationId, 'newest');
    const secretId = newId<'secret'>();
    const [context] = secretContexts(organizationId, secretId, place);
    await insertSecret(tx, {
      organization_id: organizationId,
      secret_id: secretId,
      key_version: version,
      ciphertext: sealBytes(key, context, plaintext),
      created_at: clock.now(),
    });
    return secretId;
  };

  const copy: Vault['copy'] = async (tx, organizationId, secretId, { from, to }) => {
    const sealed = await findSecret(tx, organizationId, secretId);
    if (!sealed) throw unreadable();
    const { key } = await keys.within(tx, organizationId, sealed.key_version);
    let plaintext: Buffer;
    try {
      plaintext = openInPlace(key, secretContexts(organizationId, secretId, from), sealed.ciphertext);
    } catch (error) {
      throw unreadable(error);
    }
    return keepBytes(tx, organizationId, plaintext, to);
  };

  return {
    unsealer: {
      openSecret: (organizationId, secretId) => openSecret(organizationId, secretId),
      async openCredential(organizationId, credentialId, atLeast = 0) {
        const found = await credentialFields.read(organizationId, credentialId, atLeast);
        if (!found) throw unreadable();
        try {
          return await openFields(found);
        } catch (error) {
          if (error instanceof Fault && error.kind === 'unavailable') throw error;
          // A refresh may have put others in their place between the reading of the fields and of their secrets.
          credentialFields.forget(organizationId, credentialId);
          const now = await credentialFields.read(organizationId, credentialId, atLeast);
          if (!now || now.version === found.version) throw error;
          return openFields(now);
        }
      },
    },
    async prepare(tx, organizationId) {
      await insertOrganizationKey(tx, await newOrganizationKey(deps, organizationId, 1));
    },
    keep: (tx, organizationId, plaintext, place) =>
      keepBytes(tx, organizationId, Buffer.from(reveal(plaintext), 'utf8'), place ?? null),
    copy,
    async move(tx, organizationId, secretId, places) {
      const moved = await copy(tx, organizationId, secretId, places);
      await deleteSecrets(tx, organizationId, [secretId]);
      ciphers.delete(secretId);
      return moved;
    },
    async discard(tx, organizationId, secretIds) {
      await deleteSecrets(tx, organizationId, secretIds);
      for (const secretId of secretIds) ciphers.delete(secretId);
    },
    async seal(organizationId, context, plaintext) {
      const { key, version } = await keys.of(organizationId, 'newest');
      return { sealed: sealBytes(key, context, plaintext), keyVersion: version };
    },
    async open(organizationId, context, { sealed, keyVersion }) {
      const { key } = await keys.of(organizationId, keyVersion);
      try {
        return openBytes(key, context, sealed);
      } catch (error) {
        throw unreadable(error);
      }
    },
    async openInstallation({ organizationId, secretId }) {
      return Buffer.from(await openSecret(organizationId, secretId), 'base64');
    },
    forget(organizationId, credentialId) {
      credentialFields.forget(organizationId, credentialId);
      if (credentialId !== undefined) return;
      keys.forget(organizationId);
      for (const [id, held] of ciphers) if (held.organizationId === organizationId) ciphers.delete(id);
    },
  };
}

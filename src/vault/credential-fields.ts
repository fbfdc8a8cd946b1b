import type { Database } from '../kernel/index.ts';
import type { FieldPlace } from './contexts.ts';
import { findCredentials } from './store.ts';

/** Where a credential's fields are sealed, and what they are bound to. */
export type HeldFields = {
  fields: Readonly<Record<string, string>>;
  place: Omit<FieldPlace, 'field'>;
  organizationId: string;
  version: number;
};

export type CredentialFields = {
  /** The fields as they are in this version or a later one; null where the credential is gone. */
  read(organizationId: string, credentialId: string, atLeast: number): Promise<HeldFields | null>;
  /** All of an organization's, or one. */
  forget(organizationId: string, credentialId?: string): void;
};

/** Remembers ids of secrets, so that one call after another reads nothing; a refresh is noticed by the version. */
export function rememberFields(database: Database, limit: number): CredentialFields {
  const remembered = new Map<string, HeldFields>();
  let forgotten = 0;
  return {
    async read(organizationId, credentialId, atLeast) {
      const known = remembered.get(credentialId);
      if (known?.organizationId === organizationId && known.version >= atLeast) return known;
      const before = forgotten;
      const [row] = await database.transaction({ organizationId }, (tx) =>
        findCredentials(tx, organizationId, { credentialId }),
      );
      if (!row) return null;
      const owner = { type: row.owner_type, id: row.owner_id };
      const place = { credentialId, connectionId: row.connection_id, owner, origin: row.origin };
      const fields = row.fields as Record<string, string>;
      const held = { fields, place, organizationId, version: row.version };
      // What was being read while somebody said that it moved is used once, and not kept.
      if (before === forgotten) {
        if (remembered.size >= limit) remembered.delete(remembered.keys().next().value ?? '');
        remembered.set(credentialId, held);
      }
      return held;
    },
    forget(organizationId, credentialId) {
      forgotten += 1;
      if (credentialId !== undefined) return void remembered.delete(credentialId);
      for (const [id, held] of remembered) {
        if (held.organizationId === organizationId) remembered.delete(id);
      }
    },
  };
}

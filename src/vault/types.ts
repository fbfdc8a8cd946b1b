import type { Tx } from '../kernel/index.ts';
import type { FieldPlace } from './contexts.ts';
import type { Plaintext } from './plaintext.ts';

/**
 * Opens what drivers/authorize.ts needs to sign one request. Nothing else in the program may call it; the
 * room check (scripts/check-rooms.ts) enforces that. Values are used at once and never kept.
 */
export type Unsealer = {
  /**
   * Field name to value of one credential, as it is in this version or a later one. Throws Fault `upstream` code
   * `credential_unreadable` when it cannot be read.
   */
  openCredential(
    organizationId: string,
    credentialId: string,
    atLeast?: number,
  ): Promise<Readonly<Record<string, string>>>;
  /** One sealed value. Same error. */
  openSecret(organizationId: string, secretId: string): Promise<string>;
};

/** Bytes sealed with an organization's key, and which version of it. */
export type Sealed = { sealed: Buffer; keyVersion: number };

export type Vault = {
  readonly unsealer: Unsealer;
  /** Makes an organization's key; part of founding it. */
  prepare(tx: Tx, organizationId: string): Promise<void>;
  /**
   * Seals a value into a row of its own and answers the row's id. `place` binds it to one field of one credential,
   * which alone can open it then. A row's value never changes; a rotation seals it anew.
   */
  keep(tx: Tx, organizationId: string, plaintext: Plaintext, place?: FieldPlace): Promise<string>;
  /** Binds a value to another place, or to none: seals it into a new row and shreds the old. Answers the new row's id. */
  move(
    tx: Tx,
    organizationId: string,
    secretId: string,
    places: { from: FieldPlace | null; to: FieldPlace | null },
  ): Promise<string>;
  /** Seals a value anew for another place and leaves it where it is. Answers the new row's id. */
  copy(
    tx: Tx,
    organizationId: string,
    secretId: string,
    places: { from: FieldPlace | null; to: FieldPlace | null },
  ): Promise<string>;
  /** Deletes sealed values: shreds them. */
  discard(tx: Tx, organizationId: string, secretIds: readonly string[]): Promise<void>;
  /** Seals bytes that are kept elsewhere (a stored response, a call's view); `context` binds them to their row. */
  seal(organizationId: string, context: string, plaintext: Buffer): Promise<Sealed>;
  open(organizationId: string, context: string, sealed: Sealed): Promise<Buffer>;
  /** The installation's own secret, for signing keys that every replica derives alike. */
  openInstallation(place: { organizationId: string; secretId: string }): Promise<Buffer>;
  /** Drops ciphertext remembered for an organization, after a change; of one credential where it is named. */
  forget(organizationId: string, credentialId?: string): void;
};

import { newId, type Clock, type Tx } from '../kernel/index.ts';
import type { FieldPlace } from './contexts.ts';
import type { Plaintext } from './plaintext.ts';
import {
  deleteCredential as deleteCredentialRow,
  findCredentials as findCredentialRows,
  insertCredential,
  updateCredential,
  type CredentialFilter,
  type CredentialRow,
  type CredentialStatus,
} from './store.ts';
import type { Vault } from './types.ts';

export type OwnerType = 'organization' | 'company' | 'user';
export type Owner = { type: OwnerType; id: string };

/** Whose account it is at the service, as the connector's identity call said. */
export type Identity = { id: string; label: string };

/** What a connection signs in with for one owner: names of fields, never their values. */
export type Credential = {
  id: string;
  connectionId: string;
  owner: Owner;
  origin: string;
  method: unknown;
  fields: readonly string[];
  createdAt: Date;
  /** Moves with every refresh; a new authorization is a new credential. */
  version: number;
  status: CredentialStatus;
  statusReason: string | null;
  /** When the access token runs out; null: never, or nobody said. */
  expiresAt: Date | null;
  /** When it is to be refreshed ahead of that; null: nothing to refresh with. */
  refreshDueAt: Date | null;
  scopes: readonly string[] | null;
  identity: Identity | null;
  /** Where its tokens are refreshed and revoked (drivers' OAuthGrant); null for keys given by hand. */
  oauth: unknown;
  failures: number;
  /** Cool-down: no refresh before. */
  retryAt: Date | null;
  refreshedAt: Date | null;
  /** What the next consent asks for beyond the usual; null: nothing. */
  wantedScopes: readonly string[] | null;
  /** How often more was wanted of it since it last got that. */
  stepUps: number;
  /** Which fields were taken from secrets kept by themselves, and their ids there. */
  refs: Readonly<Record<string, string>>;
};

export const credentialOf = (row: CredentialRow): Credential => ({
  id: row.credential_id,
  connectionId: row.connection_id,
  owner: { type: row.owner_type, id: row.owner_id },
  origin: row.origin,
  method: row.method,
  fields: Object.keys(row.fields as object),
  createdAt: row.created_at,
  version: row.version,
  status: row.status,
  statusReason: row.status_reason,
  expiresAt: row.expires_at,
  refreshDueAt: row.refresh_due_at,
  scopes: row.scopes,
  identity: row.identity as Identity | null,
  oauth: row.oauth,
  failures: row.failures,
  retryAt: row.retry_at,
  refreshedAt: row.refreshed_at,
  wantedScopes: row.wanted_scopes,
  stepUps: row.step_ups,
  refs: row.refs as Record<string, string>,
});

/** What a credential's fields are bound to. */
export const placeOf = (
  row: Pick<CredentialRow, 'credential_id' | 'connection_id' | 'owner_type' | 'owner_id' | 'origin'>,
): Omit<FieldPlace, 'field'> => ({
  credentialId: row.credential_id,
  connectionId: row.connection_id,
  owner: { type: row.owner_type, id: row.owner_id },
  origin: row.origin,
});

export async function findCredentials(
  tx: Tx,
  organizationId: string,
  filter: CredentialFilter,
): Promise<readonly Credential[]> {
  return (await findCredentialRows(tx, organizationId, filter)).map(credentialOf);
}

/** What is known of tokens besides the tokens. */
export type CredentialFacts = {
  expiresAt?: Date | null;
  refreshDueAt?: Date | null;
  scopes?: readonly string[] | null;
  identity?: Identity | null;
  oauth?: unknown;
  wantedScopes?: readonly string[] | null;
  stepUps?: number;
};

/**
 * Seals the fields and puts the credential in the place of the owner's old one, which is shredded. Each field is bound
 * to the credential, its connection, owner and origin: those of a credential never change.
 */
export async function putCredential(
  tx: Tx,
  deps: { vault: Vault; clock: Clock },
  organizationId: string,
  input: CredentialFacts & {
    connectionId: string;
    owner: Owner;
    origin: string;
    method: unknown;
    fields: Readonly<Record<string, Plaintext>>;
    /** Fields that are sealed already, by name: the ids of their secrets, which are shredded as they move here. */
    sealed?: Readonly<Record<string, string>>;
    /** Fields taken from secrets kept by themselves, by name: each gets a copy that is bound to its place here. */
    refs?: Readonly<Record<string, { vaultId: string; secretId: string }>>;
    /** Why nothing can be signed with it as it is, such as a field that is missing. */
    unusable?: string | null;
  },
): Promise<Credential> {
  const { connectionId, owner } = input;
  for (const old of await findCredentialRows(tx, organizationId, { connectionId, owner })) {
    await removeRow(tx, deps.vault, organizationId, old);
  }
  const credentialId = newId<'credential'>();
  const place = { credentialId, connectionId, owner, origin: input.origin };
  const moved: Record<string, string> = {};
  for (const [field, secretId] of Object.entries(input.sealed ?? {})) {
    moved[field] = await deps.vault.move(tx, organizationId, secretId, {
      from: null,
      to: { ...place, field },
    });
  }
  const refs: Record<string, string> = {};
  for (const [field, { vaultId, secretId }] of Object.entries(input.refs ?? {})) {
    const places = { from: null, to: { ...place, field } };
    moved[field] = await deps.vault.copy(tx, organizationId, secretId, places);
    refs[field] = vaultId;
  }
  await insertCredential(tx, {
    organization_id: organizationId,
    credential_id: credentialId,
    connection_id: connectionId,
    owner_type: owner.type,
    owner_id: owner.id,
    origin: input.origin,
    method: JSON.stringify(input.method),
    fields: JSON.stringify({
      ...moved,
      ...(await sealFields(tx, deps.vault, organizationId, place, input.fields)),
    }),
    created_at: deps.clock.now(),
    version: 1,
    status: input.unusable ? 'auth_failed' : 'connected',
    status_reason: input.unusable ?? null,
    expires_at: input.expiresAt ?? null,
    refresh_due_at: input.refreshDueAt ?? null,
    scopes: input.scopes ? [...input.scopes] : null,
    identity: input.identity ? JSON.stringify(input.identity) : null,
    oauth: input.oauth ? JSON.stringify(input.oauth) : null,
    failures: 0,
    retry_at: null,
    refreshed_at: null,
    wanted_scopes: input.wantedScopes ? [...input.wantedScopes] : null,
    step_ups: input.stepUps ?? 0,
    refs: JSON.stringify(refs),
  });
  const [row] = await findCredentialRows(tx, organizationId, { credentialId });
  return credentialOf(row!);
}

async function sealFields(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  place: Omit<FieldPlace, 'field'>,
  values: Readonly<Record<string, Plaintext>>,
): Promise<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [field, value] of Object.entries(values))
    fields[field] = await vault.keep(tx, organizationId, value, { ...place, field });
  return fields;
}

/**
 * Puts refreshed tokens into a credential that is still in the version they were had for: its version moves, fields
 * that are not given stay, replaced ones are shredded. Null where it was overtaken or is gone: then nothing changes.
 */
export async function renewCredential(
  tx: Tx,
  deps: { vault: Vault; clock: Clock },
  organizationId: string,
  at: { credentialId: string; version: number },
  input: CredentialFacts & { fields: Readonly<Record<string, Plaintext>> },
): Promise<Credential | null> {
  const [before] = await findCredentialRows(tx, organizationId, { credentialId: at.credentialId });
  if (!before || before.version !== at.version) return null;
  const old = before.fields as Record<string, string>;
  const fresh = await sealFields(tx, deps.vault, organizationId, placeOf(before), input.fields);
  const row = await updateCredential(tx, organizationId, at, {
    fields: JSON.stringify({ ...old, ...fresh }),
    version: at.version + 1,
    status: 'connected',
    status_reason: null,
    failures: 0,
    retry_at: null,
    refreshed_at: deps.clock.now(),
    ...(input.expiresAt === undefined ? {} : { expires_at: input.expiresAt }),
    ...(input.refreshDueAt === undefined ? {} : { refresh_due_at: input.refreshDueAt }),
    ...(input.scopes ? { scopes: [...input.scopes] } : {}),
  });
  if (!row) {
    await deps.vault.discard(tx, organizationId, Object.values(fresh));
    return null;
  }
  const replaced = Object.keys(fresh).flatMap((name) => (old[name] ? [old[name]] : []));
  await deps.vault.discard(tx, organizationId, replaced);
  return credentialOf(row);
}

/** Says what became of a credential, if it is still in this version. Null where it was overtaken or is gone. */
export async function markCredential(
  tx: Tx,
  organizationId: string,
  at: { credentialId: string; version: number },
  set: {
    status?: CredentialStatus;
    statusReason?: string | null;
    failures?: number;
    retryAt?: Date | null;
    refreshDueAt?: Date | null;
    identity?: Identity;
    wantedScopes?: readonly string[] | null;
    stepUps?: number;
  },
): Promise<Credential | null> {
  const row = await updateCredential(tx, organizationId, at, {
    ...(set.status === undefined ? {} : { status: set.status }),
    ...(set.statusReason === undefined ? {} : { status_reason: set.statusReason }),
    ...(set.failures === undefined ? {} : { failures: set.failures }),
    ...(set.retryAt === undefined ? {} : { retry_at: set.retryAt }),
    ...(set.refreshDueAt === undefined ? {} : { refresh_due_at: set.refreshDueAt }),
    ...(set.identity === undefined ? {} : { identity: JSON.stringify(set.identity) }),
    ...(set.wantedScopes === undefined
      ? {}
      : { wanted_scopes: set.wantedScopes === null ? null : [...set.wantedScopes] }),
    ...(set.stepUps === undefined ? {} : { step_ups: set.stepUps }),
  });
  return row ? credentialOf(row) : null;
}

/** Deletes the credentials the filter names, and their sealed values. Answers what was deleted. */
export async function removeCredentials(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  filter: CredentialFilter,
): Promise<readonly Credential[]> {
  const rows = await findCredentialRows(tx, organizationId, filter);
  for (const row of rows) await removeRow(tx, vault, organizationId, row);
  return rows.map(credentialOf);
}

async function removeRow(tx: Tx, vault: Vault, organizationId: string, row: CredentialRow): Promise<void> {
  await deleteCredentialRow(tx, organizationId, row.credential_id);
  await vault.discard(tx, organizationId, Object.values(row.fields as Record<string, string>));
}

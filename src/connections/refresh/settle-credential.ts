import { systemChange, type Ctx } from '../../access/index.ts';
import type { Tx } from '../../kernel/index.ts';
import {
  findCredentials,
  markCredential,
  type Credential,
  type CredentialStatus,
} from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { flipConnection, type FlipDeps } from '../flip-connection.ts';
import { canRefresh } from './refresh-due.ts';
import { findConnection } from '../store.ts';

/** Which credential, in which version: whoever changes it compares both. */
export type CredentialAt = { organizationId: string; credentialId: string; version: number };

/** What became of a credential, for the log: names and sentences of ours, nothing secret. */
export type StatusChange = {
  organizationId: string;
  connection: string;
  credentialId: string;
  owner: string;
  from: CredentialStatus;
  to: CredentialStatus;
  reason: string | null;
};

export type SettleDeps = Pick<Ctx, 'database'> &
  FlipDeps & {
    /** Told after the change is stored. */
    onStatus: (change: StatusChange) => void;
  };

/** A credential whose connection's row is held until the transaction ends. */
export type Held = { credential: Credential; connection: Connection };

/** Holds the connection first and reads the credential then: the order everybody takes who changes both. */
export async function holdCredential(
  tx: Tx,
  { organizationId, credentialId }: Pick<CredentialAt, 'organizationId' | 'credentialId'>,
): Promise<Held | null> {
  const [found] = await findCredentials(tx, organizationId, { credentialId });
  const connection = found && (await findConnection(tx, organizationId, { id: found.connectionId }, true));
  const [credential] = connection ? await findCredentials(tx, organizationId, { credentialId }) : [];
  return connection && credential ? { credential, connection } : null;
}

/** The message by which replicas hear that a credential has moved: its id, and the version it is in now. */
export const credentialTopic = 'credential';
export const movedTo = ({ id, version }: Pick<Credential, 'id' | 'version'>): string => `${id}:${version}`;

/**
 * What a change of a credential's status says and does beyond the credential: the organization's takes its connection
 * along, and through it whatever hangs on that; a user's or a company's is nobody else's business.
 */
export async function followStatus(
  tx: Tx,
  deps: SettleDeps,
  { credential: before, connection }: Held,
  after: Credential,
): Promise<StatusChange | null> {
  if (after.owner.type === 'organization') {
    await flipConnection(tx, deps, connection, { status: after.status, reason: after.statusReason });
  }
  if (before.status === after.status) return null;
  return {
    organizationId: connection.organizationId,
    connection: connection.slug,
    credentialId: after.id,
    owner: after.owner.type === 'organization' ? 'organization' : `${after.owner.type}:${after.owner.id}`,
    from: before.status,
    to: after.status,
    reason: after.statusReason,
  };
}

/** The audit's words for it. */
export const changesOf = (change: StatusChange | null): Record<string, unknown> | null =>
  change && {
    connection: change.connection,
    owner: change.owner,
    status: { from: change.from, to: change.to },
    reason: change.reason,
  };

/**
 * Marks a credential that is still in this version as failed. Answers it, or null where it was overtaken or is gone:
 * a late failure of an old token says nothing about a newer one.
 */
export async function failCredential(
  deps: SettleDeps,
  at: CredentialAt,
  to: { status: 'token_expired' | 'auth_failed'; reason: string },
): Promise<Credential | null> {
  type Failed = { change: StatusChange | null; credential: Credential | null };
  const action = 'credential.status_changed';
  const { change, credential } = await systemChange<Failed>(deps, at.organizationId, action, async (tx) => {
    const held = await holdCredential(tx, at);
    const target = { type: 'credential', id: at.credentialId };
    const after =
      held &&
      (await markCredential(tx, at.organizationId, at, {
        status: to.status,
        statusReason: to.reason,
        ...againFrom(held.credential, to.status, deps.clock.now()),
      }));
    if (!held || !after) return { result: { change: null, credential: null }, target, changes: null };
    const moved = await followStatus(tx, deps, held, after);
    return { result: { change: moved, credential: after }, target, changes: changesOf(moved) };
  });
  if (change) deps.onStatus(change);
  return credential;
}

/** Marks what has run out with nothing to refresh it. Answers as above. */
export const expireCredential = (deps: SettleDeps, at: CredentialAt): Promise<Credential | null> =>
  failCredential(deps, at, {
    status: 'token_expired',
    reason: 'The token ran out, and there is nothing to refresh it with. Connect the account again.',
  });

/** What has run out before its time, because the service said so, is due at once. */
export function againFrom(
  credential: Credential,
  status: CredentialStatus,
  now: Date,
): { refreshDueAt?: Date } {
  const isDue = credential.refreshDueAt !== null && credential.refreshDueAt <= now;
  return status === 'token_expired' && canRefresh(credential) && !isDue ? { refreshDueAt: now } : {};
}

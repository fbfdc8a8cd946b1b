import type { Clock, Tx } from '../../kernel/index.ts';
import {
  detachCredentials,
  putCredential,
  type Credential,
  type Identity,
  type Owner,
  type Vault,
} from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { connectAnew } from '../flip-connection.ts';
import { factsOf, type Had } from './had.ts';
import type { ConnectionHooks } from '../hooks.ts';
import { leavingOf, letGo } from '../revoke/let-go.ts';
import { stepUpAfter } from './want-scopes.ts';

export type Placed = {
  credential: Credential;
  connection: Connection;
  /** What it has taken the place of. */
  replaced: Credential | null;
  /** To be run after the commit. */
  revocation: string | null;
};

/**
 * Makes what was had the owner's credential, in the transaction of whoever connects: the old one goes, and the
 * organization's makes the connection `connected`, with all that follows from that. The caller holds the connection.
 */
export async function placeAccount(
  tx: Tx,
  deps: { vault: Vault; clock: Clock; connectionHooks: Pick<ConnectionHooks, 'onFlip'> },
  input: { connection: Connection; owner: Owner; had: Had; account: Identity | null },
): Promise<Placed> {
  const { connection, owner, had, account } = input;
  const { organizationId } = connection;
  const old = await detachCredentials(tx, deps.vault, organizationId, {
    connectionId: connection.id,
    owner,
  });
  const credential = await putCredential(tx, deps, organizationId, {
    connectionId: connection.id,
    owner,
    origin: new URL(connection.address).origin,
    method: had.method,
    fields: {},
    sealed: had.sealed,
    ...factsOf(had, account, deps.clock),
    ...stepUpAfter(old[0]?.credential, had.scopes),
  });
  // After the new one is there: its tokens may be all that keeps the old ones from being revoked.
  const revocation = await letGo(tx, deps, connection, old.map(leavingOf));
  const after = owner.type === 'organization' ? await connectAnew(tx, deps, connection) : connection;
  return { credential, connection: after, replaced: old[0]?.credential ?? null, revocation };
}

/** What the audit says of it. */
export const saidOfAccount = ({ credential, connection, replaced, revocation }: Placed) => ({
  connection: connection.slug,
  owner: `${credential.owner.type}:${credential.owner.id}`,
  method: (credential.method as { type: string }).type,
  account: credential.identity?.label ?? null,
  scopes: credential.scopes,
  ...(replaced ? { replaced: replaced.identity?.label ?? 'an account we cannot name' } : {}),
  ...(replaced?.oauth ? { old_tokens: revocation === null ? 'left' : 'being revoked' } : {}),
});

/**
 * Whether a person has to say yes to an account: always to the first one that can be named, and to another one than
 * was connected before. The same again, and one that cannot be named where none could be before, are taken as they are.
 */
export function needsYes(account: Identity | null, previous: Identity | null): boolean {
  if (previous === null) return account !== null;
  return account?.id !== previous.id;
}

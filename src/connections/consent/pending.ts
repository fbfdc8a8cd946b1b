import type { AuthMethod } from '../../connectors/index.ts';
import type { OAuthClient, OAuthGrant, OAuthServer } from '../../drivers/index.ts';
import { newId, type Clock, type Tx } from '../../kernel/index.ts';
import type { Identity, Vault } from '../../vault/index.ts';
import {
  authorizationsOfConnection,
  authorizationsOfLink,
  deleteAuthorization,
  insertAuthorization,
  updateAuthorization,
  type AuthorizationRow,
} from './authorization-store.ts';
import type { Entered } from './enter-link.ts';
import type { Had } from './had.ts';
import { letGo, type Leaving } from '../revoke/let-go.ts';
import { hashOf, newToken } from './link.ts';

/** How long a person may stay at the service. */
export const stateLife = 10 * 60 * 1000;

/** What was sent to the service, kept so that the answer is taken as the answer to it. Nothing secret. */
export type AuthorizationRequest = {
  method: AuthMethod;
  server: OAuthServer;
  client: OAuthClient;
  redirectUri: string;
  /** The link's token, sealed: the way back to its page. */
  token: { sealed: string; keyVersion: number };
};

/** What the sealed token is bound to. */
export const tokenContext = (authorizationId: string): string => `link-token:${authorizationId}`;

/** What was had by an authorization. */
export type Pending = {
  id: string;
  had: Had;
  account: Identity | null;
  /** The account it was shown to replace; the yes holds for that one only. */
  previous: Identity | null;
  /** A person was asked. Until then the service is being asked whose it is, and there is nothing to say yes to. */
  isAsked: boolean;
};

type Facts = {
  method: AuthMethod;
  grant: OAuthGrant | null;
  expiresAt: string | null;
  scopes: readonly string[] | null;
  previous: Identity | null;
  isAsked: boolean;
};

/** What waits for a yes: the newest of a link's authorizations, once its account was looked up; null where nothing waits. */
export async function pendingOf(tx: Tx, organizationId: string, linkId: string): Promise<Pending | null> {
  const [row] = await authorizationsOfLink(tx, organizationId, linkId);
  const pending = row ? pendingFrom(row) : null;
  return pending?.isAsked ? pending : null;
}

function pendingFrom(row: AuthorizationRow): Pending | null {
  const facts = row.grant_facts as Facts | null;
  if (row.fields === null || facts === null) return null;
  return {
    id: row.authorization_id,
    had: {
      method: facts.method,
      sealed: row.fields as Record<string, string>,
      grant: facts.grant,
      expiresAt: facts.expiresAt === null ? null : new Date(facts.expiresAt),
      scopes: facts.scopes,
    },
    account: row.identity as Identity | null,
    previous: facts.previous,
    isAsked: facts.isAsked,
  };
}

type Known = Pick<Pending, 'had' | 'account' | 'previous' | 'isAsked'>;

const columnsOf = ({ had, account, previous, isAsked }: Known) => ({
  fields: JSON.stringify(had.sealed),
  grant_facts: JSON.stringify({
    method: had.method,
    grant: had.grant,
    expiresAt: had.expiresAt?.toISOString() ?? null,
    scopes: had.scopes,
    previous,
    isAsked,
  } satisfies Facts),
  identity: account ? JSON.stringify(account) : null,
});

/** As it came: nobody has been asked anything about it yet. */
export const unasked = (had: Had): Known => ({ had, account: null, previous: null, isAsked: false });

/** Writes what was had by a form into an authorization of its own: one that waits for no answer. */
export async function insertPending(
  tx: Tx,
  deps: { clock: Clock },
  entered: Entered,
  had: Had,
): Promise<string> {
  const now = deps.clock.now();
  const authorizationId = newId<'authorization'>();
  await insertAuthorization(tx, {
    organization_id: entered.link.organizationId,
    authorization_id: authorizationId,
    link_id: entered.link.id,
    state_hash: hashOf(newToken()), // of a state that nobody has
    browser_hash: entered.browserHash,
    request: JSON.stringify({}),
    ...columnsOf(unasked(had)),
    expires_at: entered.link.expiresAt,
    returned_at: now,
    created_at: now,
  });
  return authorizationId;
}

/** Writes what is known of it by now. False where another step of the same link has taken its place. */
export function writePending(
  tx: Tx,
  organizationId: string,
  authorizationId: string,
  what: Known,
): Promise<boolean> {
  return updateAuthorization(tx, organizationId, authorizationId, columnsOf(what));
}

/** The verifier has done its work. */
export async function dropVerifier(tx: Tx, deps: { vault: Vault }, row: AuthorizationRow): Promise<void> {
  if (row.verifier_secret_id === null) return;
  const { organization_id: organizationId, authorization_id: authorizationId } = row;
  await updateAuthorization(tx, organizationId, authorizationId, { verifier_secret_id: null });
  await deps.vault.discard(tx, organizationId, [row.verifier_secret_id]);
}

/**
 * Drops what a link has begun, or one try of it. The caller holds the link. Answers the revocation to run after the
 * commit.
 */
export async function dropAuthorizations(
  tx: Tx,
  deps: { vault: Vault; clock: Clock },
  entered: Pick<Entered, 'link' | 'connection'>,
  which: 'all' | { id: string } = 'all',
): Promise<string | null> {
  const { link, connection } = entered;
  const all = await authorizationsOfLink(tx, link.organizationId, link.id);
  const rows = which === 'all' ? all : all.filter((row) => row.authorization_id === which.id);
  return dropRows(tx, deps, connection, `${link.owner.type}:${link.owner.id}`, rows);
}

/**
 * Drops what a link has begun, for it is done: the sealed values of `kept` have become a credential. False where it
 * is gone, and nothing is dropped.
 */
export async function forgetAuthorizations(
  tx: Tx,
  deps: { vault: Vault },
  { link }: Pick<Entered, 'link'>,
  kept: string,
): Promise<boolean> {
  const rows = await authorizationsOfLink(tx, link.organizationId, link.id);
  if (!rows.some((row) => row.authorization_id === kept)) return false;
  for (const row of rows) await deleteAuthorization(tx, link.organizationId, row.authorization_id);
  const others = rows.filter((row) => row.authorization_id !== kept);
  await deps.vault.discard(tx, link.organizationId, [
    ...rows.flatMap((row) => (row.verifier_secret_id ? [row.verifier_secret_id] : [])),
    ...others.flatMap((row) => Object.values((row.fields ?? {}) as Record<string, string>)),
  ]);
  return true;
}

/** Drops all that people have begun for a connection; answers what is to be let go with it. */
export async function takeBegun(
  tx: Tx,
  organizationId: string,
  connectionId: string,
): Promise<{ leaving: readonly Leaving[]; verifiers: readonly string[] }> {
  const rows = await authorizationsOfConnection(tx, organizationId, connectionId);
  for (const row of rows) await deleteAuthorization(tx, organizationId, row.authorization_id);
  return split(rows, 'unconfirmed');
}

async function dropRows(
  tx: Tx,
  deps: { vault: Vault; clock: Clock },
  connection: Entered['connection'],
  owner: string,
  rows: readonly AuthorizationRow[],
): Promise<string | null> {
  const { organizationId } = connection;
  for (const row of rows) await deleteAuthorization(tx, organizationId, row.authorization_id);
  const { leaving, verifiers } = split(rows, owner);
  await deps.vault.discard(tx, organizationId, verifiers);
  return letGo(tx, deps, connection, leaving);
}

function split(
  rows: readonly AuthorizationRow[],
  owner: string,
): { leaving: readonly Leaving[]; verifiers: readonly string[] } {
  return {
    verifiers: rows.flatMap((row) => (row.verifier_secret_id ? [row.verifier_secret_id] : [])),
    leaving: rows.flatMap((row) => {
      const pending = pendingFrom(row);
      if (!pending) return [];
      const { had, account } = pending;
      return [{ id: pending.id, owner, sealed: had.sealed, grant: had.grant, identity: account }];
    }),
  };
}

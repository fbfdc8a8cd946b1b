import type { AuthMethod } from '../../connectors/index.ts';
import type { CredentialRef, OAuthGrant, Tokens } from '../../drivers/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { CredentialFacts, Identity, Plaintext } from '../../vault/index.ts';
import { refreshDueAt } from '../refresh/refresh-due.ts';

/** What was had from a service or a person: sealed, and not yet anybody's credential. */
export type Had = {
  method: AuthMethod;
  /** Field name to secret id. */
  sealed: Readonly<Record<string, string>>;
  /** Null for keys given by hand. */
  grant: OAuthGrant | null;
  expiresAt: Date | null;
  scopes: readonly string[] | null;
};

/** The fields of tokens, on their way into the vault. */
export const fieldsOf = (tokens: Tokens): Readonly<Record<string, Plaintext>> => ({
  access_token: tokens.accessToken,
  ...(tokens.refreshToken ? { refresh_token: tokens.refreshToken } : {}),
});

/** What the vault is told besides the fields. Without anything to refresh with, no refresh is ever due. */
export function factsOf(had: Had, identity: Identity | null, clock: Clock): CredentialFacts {
  const { grant, expiresAt, scopes } = had;
  const canRefresh =
    grant !== null && (grant.grant === 'client_credentials' || 'refresh_token' in had.sealed);
  const due = { expiresAt, now: clock.now(), marginSeconds: grant?.server.marginSeconds };
  return {
    expiresAt,
    refreshDueAt: canRefresh ? refreshDueAt(due) : null,
    scopes,
    identity,
    oauth: grant,
  };
}

/** Points at what is sealed, so that the service can be asked whose it is before anything is stored. `id` names it in pools. */
export const refOf = (
  at: { organizationId: string; id: string; origin: string },
  had: Had,
): CredentialRef => ({
  organizationId: at.organizationId,
  credentialId: at.id,
  origin: at.origin,
  method: had.method,
  version: 0,
  expiresAt: had.expiresAt,
  isRefreshable: false,
  sealed: had.sealed,
});

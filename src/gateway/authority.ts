import { canRefresh, credentialRefOf, needsNoCredential, type Connection } from '../connections/index.ts';
import type { AuthScope } from '../packs/index.ts';
import type { Credential, Owner } from '../vault/index.ts';
import type { CallAuthority } from './compiled-tool.ts';

/** Whom a view acts for. */
export type ActingUser = { id: string; companyId: string | null } | null;

/**
 * Whose credential an entry's calls run with. There is no fallback from one scope to another. Null: the
 * entry is not served at all, because it needs a user and the caller acts for none.
 */
export function authorityFor(
  connection: Connection,
  scope: AuthScope,
  user: ActingUser,
  credentials: readonly Credential[],
): CallAuthority | null {
  if (needsNoCredential(connection) || connection.kind === 'stdio') return { kind: 'none', ranAs: 'none' };
  const owned = (owner: Owner): CallAuthority => {
    const found = credentials.find(
      (credential) =>
        credential.connectionId === connection.id &&
        credential.owner.type === owner.type &&
        credential.owner.id === owner.id,
    );
    if (found && isUsable(found)) {
      const ranAs = owner.type === 'organization' ? 'organization' : `${owner.type}:${owner.id}`;
      return { kind: 'credential', credential: credentialRefOf(connection.organizationId, found), ranAs };
    }
    // Who may set the organization's account is not for the user of one of its agents to decide.
    const consent = owner.type === 'organization' ? null : { owner, authScope: scope };
    return { kind: 'missing', reason: 'reauth_required', hasLapsed: found !== undefined, consent };
  };
  switch (scope) {
    case 'ORGANIZATION':
      return owned({ type: 'organization', id: connection.organizationId });
    case 'INDIVIDUAL':
      return user && owned({ type: 'user', id: user.id });
    case 'SHARED':
      if (!user) return null;
      if (!user.companyId) {
        const reason = 'invalid_company_for_shared_scope';
        return { kind: 'missing', reason, hasLapsed: false, consent: null };
      }
      return owned({ type: 'company', id: user.companyId });
  }
}

/** One that ran out may be refreshed by the call that wants it; one that the service refused needs a person. */
function isUsable(credential: Credential): boolean {
  switch (credential.status) {
    case 'connected':
      return true;
    case 'token_expired':
      return canRefresh(credential);
    case 'auth_failed':
      return false;
  }
}

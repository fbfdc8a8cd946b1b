import type { AuthMethod } from '../connectors/index.ts';
import type { CredentialRef } from '../drivers/index.ts';
import type { Credential } from '../vault/index.ts';
import { canRefresh } from './refresh/refresh-due.ts';

/** Turns a stored credential into what drivers are given: no value, only where it is and where it may go. */
export function credentialRefOf(organizationId: string, credential: Credential): CredentialRef {
  return {
    organizationId,
    credentialId: credential.id,
    origin: credential.origin,
    method: credential.method as AuthMethod,
    version: credential.version,
    expiresAt: credential.expiresAt,
    isRefreshable: canRefresh(credential),
    holder: { connectionId: credential.connectionId, owner: credential.owner },
  };
}

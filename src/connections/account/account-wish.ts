import { parseId, type JsonPath } from '../../kernel/index.ts';
import type { OAuthClientRow } from '../clients/oauth-client-store.ts';
import type { MethodWish } from './sign-in-choice.ts';

/** An OAuth app of a connection's own. A wish is all of it: what is absent is taken away. */
export type OwnClientWish = {
  clientId: string;
  /** Id of a secret kept by itself; null: a client without a secret, or the one it has where that came otherwise. */
  clientSecretVaultId?: string | null;
  callbackUrl?: string | null;
  /** Asked for instead of the connector's scopes; null: the connector's. */
  scopesOverride?: readonly string[] | null;
};

/** How a connection is to sign in for its organization. Absent leaves. */
export type AccountWish = MethodWish & {
  /** Field name to id of a secret kept by itself: all of them. Null and none drop the ones there are. */
  credentialRefs?: Readonly<Record<string, string>> | null;
  /** Null: none of its own. */
  connectionCredentials?: OwnClientWish | null;
};

/** Where the parts of the wish stand in the body, for error places. */
export type AccountPaths = {
  credentialRefs: JsonPath;
  authMode: JsonPath;
  authConfig: JsonPath;
  connectionCredentials: JsonPath;
};

export const usualAccountPaths: AccountPaths = {
  credentialRefs: ['credential_refs'],
  authMode: ['auth_mode'],
  authConfig: ['auth_config'],
  connectionCredentials: ['connection_credentials'],
};

/** Whether a wish leaves a client the secret it has: a value never changes, so the copy serves as long as it is the same client's. */
export const keepsSecretOf = (
  row: Pick<OAuthClientRow, 'client_id' | 'secret_vault_id'>,
  { clientId, clientSecretVaultId: named = null }: OwnClientWish,
): boolean => row.client_id === clientId && row.secret_vault_id === (named && (parseId(named) ?? named));

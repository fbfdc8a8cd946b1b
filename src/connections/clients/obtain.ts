import type { OAuthGrant, Tokens } from '../../drivers/index.ts';
import type { Tx } from '../../kernel/index.ts';
import type { Vault } from '../../vault/index.ts';
import { fieldsOf, type Had } from '../consent/had.ts';
import { appMissing, clientAt, serverAt, type OAuthDeps } from './oauth-at.ts';
import type { CredentialFields } from '../sign-in.ts';
import type { SignInAt } from '../consent/sign-in-at.ts';

/** Seals fields that are no credential yet. */
export async function keepFields(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  fields: CredentialFields,
): Promise<Record<string, string>> {
  const sealed: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    sealed[name] = await vault.keep(tx, organizationId, value);
  }
  return sealed;
}

/** Seals tokens that are no credential yet. Where the server did not say what it granted, it is what was asked for. */
export async function keepTokens(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  from: { method: Had['method']; grant: OAuthGrant; tokens: Tokens },
): Promise<Had> {
  const { method, grant, tokens } = from;
  return {
    method,
    sealed: await keepFields(tx, vault, organizationId, fieldsOf(tokens)),
    grant,
    expiresAt: tokens.expiresAt,
    scopes: tokens.scopes ?? grant.server.scopes,
  };
}

/**
 * Tokens of a client's own: nobody is sent anywhere. Fault `conflict` without a client, `upstream` code
 * `oauth_exchange` where the service refuses it.
 */
export async function clientTokens(
  deps: OAuthDeps,
  at: SignInAt,
): Promise<{ method: Had['method']; grant: OAuthGrant; tokens: Tokens }> {
  const { connection, method } = at;
  const server = await serverAt(deps, at);
  const known = await clientAt(deps, at, server);
  if (!known) throw appMissing();
  const { client } = known;
  const tokens = await deps.drivers.oauth.clientCredentials({
    organizationId: connection.organizationId,
    server,
    client,
    scopes: server.scopes,
    localOrigin: connection.localOrigin,
  });
  return { method, grant: { grant: 'client_credentials', server, client }, tokens };
}

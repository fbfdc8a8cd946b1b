import { newId } from '../../kernel/index.ts';
import { createPkce, type OAuthServer } from '../../drivers/index.ts';
import { insertAuthorization } from './authorization-store.ts';
import { deadLink, holdLink, type Entered, type FlowDeps } from './enter-link.ts';
import { hashOf, newToken } from './link.ts';
import { appMissing, clientAt, serverAt, type KnownAs } from '../clients/oauth-at.ts';
import { dropAuthorizations, stateLife, tokenContext, type AuthorizationRequest } from './pending.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { signInAt, type SignInAt } from './sign-in-at.ts';
import { askingFor, wantedOf } from './want-scopes.ts';

/**
 * Makes the way to the service: a state for one answer within ten minutes, bound to the browser, and a PKCE verifier
 * in the vault. What the link had begun before is dropped. Answers the service's page.
 */
export async function beginConsent(
  deps: FlowDeps,
  entered: Entered,
  token: string,
): Promise<{ redirectTo: string }> {
  const { organizationId } = entered.link;
  const { at, wanted } = await deps.database.transaction({ organizationId }, async (tx) => ({
    at: await signInAt(tx, deps, entered.connection),
    wanted: await wantedOf(tx, organizationId, entered.link),
  }));
  const server = askingFor(await serverAt(deps, at), wanted);
  const known = await clientAt(deps, at, server);
  if (!known) throw appMissing();
  const state = newToken();
  const challenge = await writeAuthorization(deps, entered, { at, server, known, state, token });
  const { client, redirectUri } = known;
  const request = { redirectUri, state, challenge, scopes: server.scopes };
  return { redirectTo: deps.drivers.oauth.authorizationUrl(server, client, request) };
}

async function writeAuthorization(
  deps: FlowDeps,
  entered: Entered,
  to: { at: SignInAt; server: OAuthServer; known: KnownAs; state: string; token: string },
): Promise<string | null> {
  const { organizationId } = entered.link;
  const authorizationId = newId<'authorization'>();
  const { sealed, keyVersion } = await deps.vault.seal(
    organizationId,
    tokenContext(authorizationId),
    Buffer.from(to.token),
  );
  const request: AuthorizationRequest = {
    method: to.at.method,
    server: to.server,
    ...to.known,
    token: { sealed: sealed.toString('base64'), keyVersion },
  };
  const pkce = to.server.pkce ? createPkce() : null;
  const now = deps.clock.now();
  const revocation = await deps.database.transaction({ organizationId }, async (tx) => {
    const held = await holdLink(tx, deps, entered);
    if (!held) throw deadLink();
    const dropped = await dropAuthorizations(tx, deps, held);
    await insertAuthorization(tx, {
      organization_id: organizationId,
      authorization_id: authorizationId,
      link_id: held.link.id,
      state_hash: hashOf(to.state),
      browser_hash: held.browserHash,
      verifier_secret_id: pkce ? await deps.vault.keep(tx, organizationId, pkce.verifier) : null,
      request: JSON.stringify(request),
      expires_at: new Date(now.getTime() + stateLife),
      created_at: now,
    });
    return dropped;
  });
  await runRevocation(deps, organizationId, revocation);
  return pkce?.challenge ?? null;
}

import { Fault } from '../../kernel/index.ts';
import type { Tokens } from '../../drivers/index.ts';
import { burnState, type AuthorizationRow } from './authorization-store.ts';
import type { FlowStep } from './connect-flow.ts';
import { deadLink, enterById, holdLink, type Entered, type FlowDeps } from './enter-link.ts';
import type { Had } from './had.ts';
import { letGo } from '../revoke/let-go.ts';
import { hashOf } from './link.ts';
import { expireRegistered } from '../clients/oauth-client-store.ts';
import { keepTokens } from '../clients/obtain.ts';
import { dropVerifier, tokenContext, unasked, writePending, type AuthorizationRequest } from './pending.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { failFlow, settleAccount } from './settle-account.ts';
import { wantNothing } from './want-scopes.ts';

/**
 * Takes what the service sent back. The state is used up by the first answer that brings it, whatever comes of that;
 * it has to come in time, to the address that was asked for and from the browser that was sent away. Tokens are
 * sealed as soon as they are there.
 */
export async function takeAnswer(
  deps: FlowDeps,
  answer: URL,
  browser: string,
): Promise<FlowStep & { token: string }> {
  const parameters = answer.searchParams;
  const state = parameters.get('state') ?? '';
  const now = deps.clock.now();
  const row = await deps.database.transaction('system', (tx) => burnState(tx, hashOf(state), now));
  if (!row || row.expires_at <= now || !row.browser_hash.equals(hashOf(browser))) throw deadLink();
  const request = row.request as AuthorizationRequest;
  if (request.redirectUri !== answer.origin + answer.pathname) throw deadLink();
  const organizationId = row.organization_id;
  const entered = await enterById(deps, { organizationId, linkId: row.link_id }, browser);
  const token = await openToken(deps, row, request);
  const tokens = await exchange(deps, entered, { row, request, parameters, state });
  if (tokens instanceof Fault) {
    if (tokens.details['error'] === 'invalid_client') await forgetClient(deps, entered, request);
    if (tokens.details['error'] === 'invalid_scope') await forgetWanted(deps, entered);
    const error = tokens.code === 'oauth_denied' ? 'access_denied' : tokens.code;
    const failed = { id: row.authorization_id, error, reason: tokens.message };
    return { ...(await failFlow(deps, entered, failed)), token };
  }
  const had = await sealTokens(deps, entered, { row, request, tokens });
  return { ...(await settleAccount(deps, entered, row.authorization_id, had)), token };
}

async function openToken(
  deps: FlowDeps,
  row: AuthorizationRow,
  { token }: AuthorizationRequest,
): Promise<string> {
  const sealed = { sealed: Buffer.from(token.sealed, 'base64'), keyVersion: token.keyVersion };
  const opened = await deps.vault.open(row.organization_id, tokenContext(row.authorization_id), sealed);
  return opened.toString('utf8');
}

/** The tokens, or what the person is told instead. */
async function exchange(
  deps: FlowDeps,
  { link, connection }: Entered,
  answer: {
    row: AuthorizationRow;
    request: AuthorizationRequest;
    parameters: URLSearchParams;
    state: string;
  },
): Promise<Tokens | Fault> {
  const { row, request, parameters, state } = answer;
  try {
    return await deps.drivers.oauth.exchange({
      organizationId: link.organizationId,
      server: request.server,
      client: request.client,
      localOrigin: connection.localOrigin,
      parameters,
      state,
      redirectUri: request.redirectUri,
      verifierSecretId: row.verifier_secret_id,
    });
  } catch (error) {
    if (error instanceof Fault && error.kind === 'upstream') return error;
    throw error;
  }
}

/** A server that does not know the client any more would refuse every other try too. */
function forgetClient(
  deps: FlowDeps,
  { link, connection }: Entered,
  { client }: AuthorizationRequest,
): Promise<void> {
  const { organizationId } = link;
  const at = { connectionId: connection.id, clientId: client.clientId };
  return deps.database.transaction({ organizationId }, (tx) =>
    expireRegistered(tx, organizationId, at, deps.clock.now()),
  );
}

/** Asking again would be refused again; what is usually asked for is asked for then. */
function forgetWanted(deps: FlowDeps, { link }: Entered): Promise<void> {
  const { organizationId } = link;
  return deps.database.transaction({ organizationId }, (tx) => wantNothing(tx, organizationId, link));
}

async function sealTokens(
  deps: FlowDeps,
  entered: Entered,
  { row, request, tokens }: { row: AuthorizationRow; request: AuthorizationRequest; tokens: Tokens },
): Promise<Had> {
  const { link, connection } = entered;
  const { organizationId } = link;
  const id = row.authorization_id;
  const grant = { grant: 'authorization_code', server: request.server, client: request.client } as const;
  const { isThere, had, revocation } = await deps.database.transaction({ organizationId }, async (tx) => {
    const held = await holdLink(tx, deps, entered).catch(nullIfDead);
    const kept = await keepTokens(tx, deps.vault, organizationId, { method: request.method, grant, tokens });
    if (held && (await writePending(tx, organizationId, id, unasked(kept)))) {
      await dropVerifier(tx, deps, row);
      return { isThere: true, had: kept, revocation: null };
    }
    // Used, run out or begun again while the code was on its way: what came for it is revoked.
    const owner = `${link.owner.type}:${link.owner.id}`;
    const leaving = { id, owner, sealed: kept.sealed, grant, identity: null };
    return { isThere: false, had: kept, revocation: await letGo(tx, deps, connection, [leaving]) };
  });
  await runRevocation(deps, organizationId, revocation);
  if (!isThere) throw deadLink();
  return had;
}

function nullIfDead(error: unknown): null {
  if (error instanceof Fault && error.kind === 'not_found') return null;
  throw error;
}

import { requestTokens } from './request-tokens.ts';
import type { TokenAnswer, TokenSender } from './request-tokens.ts';
import type { OAuth, OAuthGrant, Refreshed } from './types.ts';
import type { TokenRequestDraft } from './write-token-request.ts';

/** The refresh token is dead. The first is RFC 6749's, the others are GitHub's and Slack's words for it. */
const dead = new Set(['invalid_grant', 'bad_refresh_token', 'invalid_refresh_token']);
/** The client is at fault, not the account: whoever owns the client can mend it, and the tokens are good as before. */
const clientFaults = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_client_id',
  'bad_client_secret',
  'incorrect_client_credentials',
]);

/** One refresh with the credential's refresh token, or a new token for client credentials. */
export const refreshWith =
  (sender: TokenSender): OAuth['refresh'] =>
  async ({ organizationId, credentialId, grant, scopes, localOrigin, signal }) => {
    const { server, client } = grant;
    const draft: TokenRequestDraft = {
      organizationId,
      server,
      client,
      to: 'token',
      ...parametersOf(grant, credentialId, scopes),
    };
    return refreshedBy(await requestTokens(sender, draft, { localOrigin, signal }));
  };

export function parametersOf(
  { grant, server }: Pick<OAuthGrant, 'grant' | 'server'>,
  credentialId: string | null,
  scopes: readonly string[] | null,
): Pick<TokenRequestDraft, 'parameters' | 'sealed'> {
  const parameters: Record<string, string> = { ...server.tokenParams };
  if (server.resource !== null) parameters['resource'] = server.resource;
  if (grant === 'client_credentials' || credentialId === null) {
    const scope = (scopes ?? server.scopes).join(' ');
    if (scope !== '') parameters['scope'] = scope;
    return { parameters: { ...parameters, grant_type: 'client_credentials' }, sealed: {} };
  }
  // Without `scope`: the tokens keep what they have (RFC 6749, 6).
  return {
    parameters: { ...parameters, grant_type: 'refresh_token' },
    sealed: { refresh_token: { credentialId, field: 'refresh_token' } },
  };
}

/** Terminal is only what no second try can change: the grant itself is dead. */
export function refreshedBy(answer: TokenAnswer): Refreshed {
  switch (answer.kind) {
    case 'tokens':
      return answer;
    case 'failed':
      return { kind: 'passing', reason: answer.reason, retryAfter: answer.retryAfter };
    case 'nothing':
      return { kind: 'passing', reason: 'There is no refresh token to refresh with.', retryAfter: null };
    case 'refused': {
      const { error, retryAfter } = answer;
      if (error !== null && dead.has(error)) {
        const reason = `The service no longer takes the refresh token (${error}). Connect the account again.`;
        return { kind: 'terminal', reason };
      }
      return { kind: 'passing', reason: refusalOf(error, answer.status), retryAfter };
    }
  }
}

/** Why a token endpoint said no, in our words. */
export function refusalOf(error: string | null, status: number): string {
  if (error !== null && clientFaults.has(error)) {
    return `The service does not take the OAuth app (${error}): its id or secret is wrong or was changed there.`;
  }
  return `The service refused to give a token (${error ?? `status ${status}`}).`;
}

export const isClientFault = (error: string | null): boolean => error !== null && clientFaults.has(error);

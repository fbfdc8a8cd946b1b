import { AuthorizationResponseError, validateAuthResponse } from 'oauth4webapi';
import type { Fault } from '../../kernel/index.ts';
import { oauthFault } from './oauth-fault.ts';
import { refusalOf } from './refresh-tokens.ts';
import { requestTokens } from './request-tokens.ts';
import type { TokenAnswer, TokenSender } from './request-tokens.ts';
import { errorCode, serverWords } from './server-words.ts';
import type { OAuth, OAuthServer, Tokens } from './types.ts';

/** Takes the answer at the redirect address and trades its code for tokens. */
export const exchangeWith =
  (sender: TokenSender): OAuth['exchange'] =>
  async ({
    organizationId,
    server,
    client,
    parameters,
    state,
    redirectUri,
    verifierSecretId,
    localOrigin,
  }) => {
    const code = codeOf(parameters, server, client.clientId, state);
    if (server.pkce && verifierSecretId === null) {
      throw oauthFault('oauth_unsafe', 'A code is not exchanged without PKCE.');
    }
    const answer = await requestTokens(
      sender,
      {
        organizationId,
        server,
        client,
        to: 'token',
        parameters: {
          ...server.tokenParams,
          ...(server.resource === null ? {} : { resource: server.resource }),
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
        },
        sealed: verifierSecretId === null ? {} : { code_verifier: { secretId: verifierSecretId } },
      },
      { localOrigin },
    );
    return tokensOf(answer);
  };

/** The tokens, or the Fault that says why there are none. */
export function tokensOf(answer: TokenAnswer): Tokens {
  switch (answer.kind) {
    case 'tokens':
      return answer.tokens;
    case 'failed':
      throw oauthFault('oauth_exchange', answer.reason, {
        details: { terminal: false },
        retryAfter: answer.retryAfter,
        cause: answer.cause,
      });
    case 'refused': {
      const { error, status, words } = answer;
      const reason = refusalOf(error, status);
      throw oauthFault('oauth_exchange', words === null ? reason : `${reason} It says: “${words}”`, {
        details: { terminal: true, error },
      });
    }
    case 'nothing':
      throw oauthFault('oauth_exchange', 'There is nothing to ask a token with.', {
        details: { terminal: true },
      });
  }
}

/**
 * The code of an answer that belongs to this request: issuer before anything else, then state, then whether the
 * server said no (RFC 9207, RFC 9700). What a foreign answer says is not repeated.
 */
function codeOf(parameters: URLSearchParams, server: OAuthServer, clientId: string, state: string): string {
  try {
    const known = {
      issuer: expectedIssuer(server, parameters.get('iss')),
      authorization_response_iss_parameter_supported: server.sendsIssuer,
    };
    const checked = validateAuthResponse(known, { client_id: clientId }, parameters, state);
    const [code, ...more] = checked.getAll('code');
    if (code && more.length === 0) return code;
  } catch (error) {
    if (error instanceof AuthorizationResponseError) throw denied(error.error, parameters);
    throw oauthFault('oauth_answer', notOurs, { cause: error });
  }
  throw oauthFault('oauth_answer', notOurs);
}

const notOurs =
  'What came back from the service does not answer the request that was begun here. Begin again.';
/** No issuer has this name. */
const nobody = 'about:blank';

/**
 * A server without a published name that names itself all the same has to name the origin people were sent to:
 * otherwise the answer is another server's.
 */
function expectedIssuer(server: OAuthServer, said: string | null): string {
  if (server.issuer !== null) return server.issuer;
  const page = URL.parse(server.authorizationUrl ?? '');
  return said !== null && page !== null && URL.parse(said)?.origin === page.origin ? said : nobody;
}

function denied(code: string, parameters: URLSearchParams): Fault {
  const error = errorCode(code);
  if (error === 'access_denied') {
    return oauthFault('oauth_denied', 'Access was not given at the service.', { details: { error } });
  }
  const words = serverWords(parameters.get('error_description'), []);
  const said = `The service did not give access (${error ?? 'without a reason'}).`;
  return oauthFault('oauth_denied', words === null ? said : `${said} It says: “${words}”`, {
    details: { error },
  });
}

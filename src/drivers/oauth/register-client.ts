import { isLoopbackHost } from '../../egress/index.ts';
import { Fault, isObject } from '../../kernel/index.ts';
import { Plaintext } from '../../vault/index.ts';
import { userAgent } from '../user-agent.ts';
import { oauthFault } from './oauth-fault.ts';
import { postToken } from './request-tokens.ts';
import type { TokenSender } from './request-tokens.ts';
import { checkAddress } from './safe-address.ts';
import { errorCode, serverWords } from './server-words.ts';
import type { ClientAuth, OAuth, Registered } from './types.ts';

const preference: readonly ClientAuth[] = ['client_secret_basic', 'client_secret_post', 'none'];
const clientText = /^[\x20-\x7e]{1,2000}$/;

/** A client of our own by dynamic registration (RFC 7591). */
export const registerWith =
  (sender: Pick<TokenSender, 'egress' | 'limits'>): OAuth['register'] =>
  async (server, { redirectUri, name }, { localOrigin }) => {
    const { registrationUrl } = server;
    if (registrationUrl === null) {
      throw oauthFault('oauth_registration', 'The authorization server does not register clients by itself.');
    }
    await checkAddress(sender.egress, 'The address for registration', registrationUrl, localOrigin);
    const wanted = preference.find((one) => server.clientAuths.includes(one)) ?? 'none';
    const body = JSON.stringify({
      client_name: name,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: wanted,
      application_type: isLoopbackHost(new URL(redirectUri).hostname) ? 'native' : 'web',
      ...(server.scopes.length > 0 ? { scope: server.scopes.join(' ') } : {}),
    });
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json',
      'user-agent': userAgent,
    };
    const request = { url: registrationUrl, headers, body };
    try {
      const reply = await postToken(sender, request, sender.limits.patience, { localOrigin });
      return readRegistered(reply.status, reply.body.toString('utf8'), wanted);
    } catch (error) {
      if (!(error instanceof Fault) || error.code.startsWith('oauth_')) throw error;
      throw oauthFault('oauth_registration', error.message, { cause: error });
    }
  };

/** 200 is taken like the 201 the standard asks for: many servers send it. */
function readRegistered(status: number, text: string, wanted: ClientAuth): Registered {
  const answer = parse(text);
  const clientId = answer['client_id'];
  const isMade = status === 200 || status === 201;
  if (!isMade || typeof clientId !== 'string' || !clientText.test(clientId)) {
    const code = errorCode(answer['error']) ?? `status ${status}`;
    const words = serverWords(answer['error_description'], []);
    const said = `The authorization server did not register a client (${code}).`;
    throw oauthFault('oauth_registration', words === null ? said : `${said} It says: “${words}”`);
  }
  const secret = answer['client_secret'];
  const hasSecret = typeof secret === 'string' && clientText.test(secret);
  const auth = authOf(answer['token_endpoint_auth_method'], wanted, hasSecret);
  const until = answer['client_secret_expires_at'];
  const ends = auth !== 'none' && typeof until === 'number' && until > 0 && until < 1e11;
  return {
    clientId,
    secret: auth !== 'none' ? new Plaintext(secret as string) : null,
    auth,
    expiresAt: ends ? new Date(until * 1000) : null,
  };
}

/** How the server wants the new client to prove itself: its own word first (RFC 7591, 3.2.1). */
function authOf(said: unknown, wanted: ClientAuth, hasSecret: boolean): ClientAuth {
  const auth = said === undefined ? wanted : preference.find((one) => one === said);
  if (auth === undefined || (auth !== 'none' && !hasSecret)) {
    throw oauthFault(
      'oauth_registration',
      'The authorization server registered a client that cannot be used here.',
    );
  }
  return auth;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

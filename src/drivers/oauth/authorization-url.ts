import { oauthFault } from './oauth-fault.ts';
import { isSafeAddress, unsafeAddress } from './safe-address.ts';
import type { OAuth } from './types.ts';

/** Parameters that are ours alone: a connector file cannot set them. */
const own = new Set([
  'response_type',
  'client_id',
  'redirect_uri',
  'state',
  'scope',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'request',
  'request_uri',
]);

/** The page at the service. Throws Fault `upstream` code `oauth_unsafe` without PKCE where the server has it. */
export const authorizationUrl: OAuth['authorizationUrl'] = (server, client, request) => {
  if (server.authorizationUrl === null || !isSafeAddress(server.authorizationUrl)) {
    throw unsafeAddress('The page for consent');
  }
  if (server.pkce && request.challenge === null) {
    throw oauthFault('oauth_unsafe', 'An authorization without PKCE is not begun.');
  }
  const url = new URL(server.authorizationUrl);
  const parameters = url.searchParams;
  for (const [name, value] of Object.entries(server.authorizationParams)) {
    if (!own.has(name)) parameters.set(name, value);
  }
  parameters.set('response_type', 'code');
  parameters.set('client_id', client.clientId);
  parameters.set('redirect_uri', request.redirectUri);
  parameters.set('state', request.state);
  if (request.scopes.length > 0) parameters.set('scope', request.scopes.join(server.scopeSeparator ?? ' '));
  if (request.challenge !== null && server.pkce) {
    parameters.set('code_challenge', request.challenge);
    parameters.set('code_challenge_method', 'S256');
  }
  if (server.resource !== null) parameters.set('resource', server.resource);
  return url.href;
};

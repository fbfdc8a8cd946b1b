import { userAgent } from '../user-agent.ts';
import type { OAuthClient, OAuthServer } from './types.ts';

/** Where a parameter's value is sealed. */
export type SealedParameter = { secretId: string } | { credentialId: string; field: string };

/** A request to a server's token or revocation address: what is secret in it is named, not held. */
export type TokenRequestDraft = {
  organizationId: string;
  server: OAuthServer;
  client: OAuthClient;
  /** The address is the server's own and no other: nobody can have a secret sent elsewhere. */
  to: 'token' | 'revocation';
  parameters: Readonly<Record<string, string>>;
  sealed: Readonly<Record<string, SealedParameter>>;
};

/** As it leaves; `secrets` are the texts an answer must not repeat. */
export type SignedTokenRequest = {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
  secrets: readonly string[];
};

/** Writes opened values into one request: form or JSON, the client proved in the way that was agreed. */
export function writeTokenRequest(
  draft: TokenRequestDraft,
  url: string,
  opened: Readonly<Record<string, string>>,
  clientSecret: string | null,
): SignedTokenRequest {
  const { server, client } = draft;
  const body: Record<string, string> = { ...draft.parameters, ...opened };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(server.tokenHeaders ?? {})) headers[name.toLowerCase()] = value;
  headers['accept'] = 'application/json';
  headers['user-agent'] = userAgent;
  const secrets = Object.values(opened);
  if (draft.parameters['code'] !== undefined) secrets.push(draft.parameters['code']);
  if (client.auth === 'client_secret_basic') {
    const pair = `${formText(client.clientId)}:${formText(clientSecret ?? '')}`;
    const basic = Buffer.from(pair).toString('base64');
    headers['authorization'] = `Basic ${basic}`;
    secrets.push(basic);
  } else {
    body['client_id'] = client.clientId;
    if (client.auth === 'client_secret_post') body['client_secret'] = clientSecret ?? '';
  }
  if (clientSecret !== null) secrets.push(clientSecret);
  const asJson = server.tokenFormat === 'json';
  headers['content-type'] = asJson ? 'application/json' : 'application/x-www-form-urlencoded';
  return {
    url,
    headers,
    body: asJson ? JSON.stringify(body) : new URLSearchParams(body).toString(),
    secrets,
  };
}

/** RFC 6749, 2.3.1: user name and password of Basic are form-urlencoded first. */
const formText = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

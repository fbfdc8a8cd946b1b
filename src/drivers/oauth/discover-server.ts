import { Fault, isObject } from '../../kernel/index.ts';
import { userAgent } from '../user-agent.ts';
import { oauthFault } from './oauth-fault.ts';
import { isScope, readChallenge } from './read-challenge.ts';
import type { Challenge } from './read-challenge.ts';
import { offersOfflineAccess, readServer } from './read-server.ts';
import type { TokenSender } from './request-tokens.ts';
import { checkAddress, isSafeAddress, unsafeAddress } from './safe-address.ts';
import type { Discovered, OAuth, OAuthServer } from './types.ts';
import {
  canonicalResource,
  resourceMetadataAddresses,
  serverMetadataAddresses,
  speaksFor,
} from './well-known.ts';

/** A resource that lists more servers, or more scopes, than these is read so far. */
const mostServers = 5;
const mostScopes = 100;

type Deps = Pick<TokenSender, 'egress' | 'limits'>;
/** One discovery: where it may go and until when. */
type Search = Deps & { localOrigin: string | null; signal: AbortSignal };
type Resource = { identifier: string; issuers: readonly string[]; scopes: readonly string[] };
type Found = { server: OAuthServer; offersOfflineAccess: boolean };

/** How to sign in to an MCP server: the authorization part of its specification, 2025-11-25 and 2026-07-28. */
export const discoverWith =
  (deps: Deps): OAuth['discover'] =>
  async (serverUrl, { localOrigin, scopes: wished }) => {
    if (!isSafeAddress(serverUrl)) throw unsafeAddress('The address of the server');
    const signal = AbortSignal.timeout(deps.limits.discoveryPatience);
    const search: Search = { ...deps, localOrigin, signal };
    try {
      const { status, challenge } = await askWithoutToken(search, serverUrl);
      const resource = await findResource(search, serverUrl, challenge);
      if (resource === null && status < 400) {
        throw oauthFault('oauth_undiscovered', 'The server asks for no sign-in.');
      }
      const found = await findServer(search, resource ?? itself(serverUrl));
      return told(found, wished ?? scopesOf(challenge, resource));
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'upstream' || error.code.startsWith('oauth_'))
        throw error;
      throw oauthFault('oauth_undiscovered', error.message, { cause: error });
    }
  };

/** What to ask for first: what the challenge names, else all that the resource names, else nothing. */
function scopesOf(challenge: Challenge | null, resource: Resource | null): readonly string[] {
  if (challenge && challenge.scopes.length > 0) return challenge.scopes;
  return resource?.scopes ?? [];
}

function told({ server, offersOfflineAccess }: Found, scopes: readonly string[]): Discovered {
  // Alone it would take the place of the scopes a server gives to who names none.
  const more = offersOfflineAccess && scopes.length > 0 && !scopes.includes('offline_access');
  const asked = more ? [...scopes, 'offline_access'] : scopes;
  return {
    server: { ...server, scopes: asked },
    takesRegistration: server.registrationUrl !== null,
    scopes: asked,
  };
}

/** A request as any other, without a token; one that opens no session where the server lets everybody in. */
async function askWithoutToken(
  { egress, limits, localOrigin, signal }: Search,
  url: string,
): Promise<{ status: number; challenge: Challenge | null }> {
  const reply = await egress.request({
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      'user-agent': userAgent,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'tools/list', params: {} }),
    localOrigin,
    signal: AbortSignal.any([signal, AbortSignal.timeout(limits.patience)]),
  });
  reply.body.on('error', () => undefined).destroy();
  const header = reply.headers['www-authenticate'];
  return { status: reply.status, challenge: reply.status >= 400 ? readChallenge(header) : null };
}

/** The protected resource's metadata: where the challenge says, else by path, else at the root. Null without any. */
async function findResource(
  search: Search,
  serverUrl: string,
  challenge: Challenge | null,
): Promise<Resource | null> {
  const named = challenge?.resourceMetadata ?? null;
  const addresses = named === null ? resourceMetadataAddresses(serverUrl) : [named];
  for (const address of addresses) {
    const document = await getDocument(search, 'The address of its metadata', address);
    if (document === null) continue;
    const identifier = document['resource'];
    if (typeof identifier !== 'string') continue;
    if (!speaksFor(identifier, serverUrl)) {
      throw oauthFault('oauth_unsafe', 'The metadata found for this server speaks for another one.');
    }
    const issuers = list(document['authorization_servers']).filter((one) => typeof one === 'string');
    return {
      identifier,
      issuers: issuers.length > 0 ? issuers.slice(0, mostServers) : itself(serverUrl).issuers,
      scopes: list(document['scopes_supported']).filter(isScope).slice(0, mostScopes),
    };
  }
  if (named === null) return null;
  throw oauthFault('oauth_undiscovered', 'The server names metadata that is not there.');
}

/** A server of the first revisions is its own authorization server, at the root of its address. */
function itself(serverUrl: string): Resource {
  const { origin } = new URL(serverUrl);
  return { identifier: canonicalResource(serverUrl), issuers: [origin, `${origin}/`], scopes: [] };
}

/** The first authorization server that can be used; else why the last one could not. */
async function findServer(search: Search, { identifier, issuers }: Resource): Promise<Found> {
  let problem: Fault | null = null;
  for (const issuer of issuers) {
    if (!isSafeAddress(issuer)) {
      problem = unsafeAddress('The address of its authorization server');
      continue;
    }
    for (const address of serverMetadataAddresses(issuer)) {
      try {
        const document = await getDocument(search, 'The address of its authorization server', address);
        if (document === null) continue;
        const server = readServer(document, issuer, identifier);
        await checkEndpoints(search, server);
        return { server, offersOfflineAccess: offersOfflineAccess(document) };
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== 'upstream' || search.signal.aborted) throw error;
        problem = worse(problem, error);
      }
    }
  }
  throw (
    problem ??
    oauthFault(
      'oauth_undiscovered',
      'The server wants a sign-in but does not say where: no metadata was found.',
    )
  );
}

/** What was refused for safety is told before what was merely not there. */
const worse = (before: Fault | null, now: Fault): Fault =>
  before?.code === 'oauth_unsafe' && now.code !== 'oauth_unsafe' ? before : now;

async function checkEndpoints({ egress, localOrigin }: Search, server: OAuthServer): Promise<void> {
  const named = [
    ['Its token address', server.tokenUrl],
    ['Its address for registration', server.registrationUrl],
    ['Its address for revocation', server.revocationUrl],
  ] as const;
  await Promise.all(
    named.map(async ([what, url]) => url !== null && (await checkAddress(egress, what, url, localOrigin))),
  );
}

/** A JSON object, or null where none lies. Throws Fault `upstream`, `oauth_unsafe` for an address the guard refuses. */
async function getDocument(
  { egress, limits, localOrigin, signal }: Search,
  what: string,
  url: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  await checkAddress(egress, what, url, localOrigin);
  const { status, body } = await egress.exchange(
    {
      method: 'GET',
      url,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'mcp-protocol-version': '2025-11-25',
        'user-agent': userAgent,
      },
      localOrigin,
      signal: AbortSignal.any([signal, AbortSignal.timeout(limits.patience)]),
    },
    { maxBytes: limits.bytes },
  );
  if (status !== 200) return null;
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

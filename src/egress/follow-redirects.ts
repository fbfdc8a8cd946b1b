import { unreachableService } from './faults.ts';
import type { EgressRequest } from './types.ts';

const mostHops = 5;
/** Carry credentials whatever the caller says. */
const alwaysCredentials = ['authorization', 'cookie', 'proxy-authorization'];

type Head = { status: number; headers: Readonly<Record<string, string | string[] | undefined>> };

/**
 * Sends, and follows a redirect of a GET or HEAD where the request allows it. Every hop goes through `send`
 * and so through the guard, without the loopback origin the first address may have been admitted by; once a
 * hop leaves the origin, credentials do not come back. `discard` frees a reply that is not the last.
 */
export async function followRedirects<Reply extends Head>(
  request: EgressRequest,
  send: (hop: EgressRequest) => Promise<Reply>,
  discard: (reply: Reply) => void,
): Promise<{ reply: Reply; url: string }> {
  let hop = request;
  for (let hops = 0; ; hops += 1) {
    const reply = await send(hop);
    if (!request.follow || (hop.method !== 'GET' && hop.method !== 'HEAD') || !isRedirect(reply.status)) {
      return { reply, url: hop.url };
    }
    const location = reply.headers['location'];
    const next = typeof location === 'string' ? URL.parse(location, hop.url) : null;
    if (!next) return { reply, url: hop.url };
    discard(reply);
    if (hops === mostHops) throw unreachableService();
    const leaves = next.origin !== new URL(hop.url).origin;
    next.hash = '';
    hop = {
      ...hop,
      url: next.href,
      localOrigin: null,
      headers: leaves ? withoutCredentials(hop.headers, request.credentialHeaders ?? []) : hop.headers,
    };
  }
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function withoutCredentials(
  headers: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const dropped = new Set([...alwaysCredentials, ...names.map((name) => name.toLowerCase())]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase())));
}

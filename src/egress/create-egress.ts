import { breakerOpen, unreachableService, upstreamFault } from './faults.ts';
import { exchange } from './exchange.ts';
import { followRedirects } from './follow-redirects.ts';
import { createGuard, refusedAddress } from './guard.ts';
import type { Lookup } from './guard.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { createOrigins } from './origins.ts';
import type { Origin } from './origins.ts';
import type { Egress, EgressAnswer, EgressPolicy, EgressRequest } from './types.ts';

type Route = { origin: Origin; path: string };

/** Origins whose first check is remembered; the check at the socket is never skipped. */
const mostChecked = 2_000;
/** A path and query that the URL parser would leave as they are. */
const plainPath = /^\/(?!.*\/\.{1,2}(?:[/?]|$))[\w\-.~!$&()*+,;=:@%/?]*$/;
const checkPatience = 3_000;

/**
 * The only sockets out of the process. `lookup` replaces the system's resolver.
 * Throws Fault `invalid` when the policy cannot be read.
 */
export function createEgress(policy: EgressPolicy, options: { lookup?: Lookup } = {}): Egress {
  const guard = createGuard(policy, options.lookup);
  const origins = createOrigins(guard);
  const checked = new Map<string, Origin>();

  const routeOf = (url: string, localOrigin: string | null): Route => {
    const start = url.indexOf('/', url.indexOf('://') + 3);
    const prefix = start === -1 ? '' : url.slice(0, start);
    const key = localOrigin === null ? prefix : `${localOrigin} ${prefix}`;
    const known = checked.get(key);
    if (known && plainPath.test(url.slice(start))) return { origin: known, path: url.slice(start) };
    const destination = guard.admit(url, localOrigin);
    if (!destination) throw unreachableService();
    const origin = origins.at(destination);
    // Remembered only under the spelling that can mean nothing else; never with a path, which may hold secrets.
    if (prefix === destination.origin) {
      if (checked.size >= mostChecked) checked.clear();
      checked.set(key, origin);
    }
    return { origin, path: destination.path };
  };

  const openRoute = (request: EgressRequest): Route => {
    let route = routeOf(request.url, request.localOrigin ?? null);
    if (route.origin.pool.closed || route.origin.pool.destroyed) {
      checked.clear();
      route = routeOf(request.url, request.localOrigin ?? null);
    }
    const wait = route.origin.breaker.wait();
    if (wait > 0) throw breakerOpen(Math.ceil(wait / 1_000));
    return route;
  };

  const sendForStream = async (hop: EgressRequest) => {
    const { origin, path } = openRoute(hop);
    try {
      const reply = await origin.pool.request({
        path,
        method: hop.method,
        headers: hop.headers,
        body: hop.body ?? null,
        signal: hop.signal ?? null,
        ...(hop.headersTimeout === undefined ? {} : { headersTimeout: hop.headersTimeout }),
      });
      origin.breaker.connected();
      // A body dropped before its end says so by an error event, which nobody may be listening for any more.
      reply.body.on('error', () => undefined);
      return { status: reply.statusCode, headers: reply.headers, body: reply.body };
    } catch (error) {
      throw upstreamFault(error, hop.signal);
    }
  };

  const egress: Egress = {
    async check(url, { localOrigin = null, path = [] } = {}) {
      const destination = guard.admit(url, localOrigin);
      if (!destination) throw refusedAddress(path);
      const refused = await Promise.race([
        guard.resolve(destination).then(
          () => false,
          (error: Error) => error.message === 'refused',
        ),
        new Promise<false>((resolve) => setTimeout(resolve, checkPatience, false).unref()),
      ]);
      if (refused) throw refusedAddress(path);
    },

    async request(request) {
      const { reply, url } = await followRedirects(request, sendForStream, ({ body }) => {
        body.on('error', () => undefined).destroy();
      });
      return { ...reply, url };
    },

    async exchange(request, options) {
      const send = (hop: EgressRequest): Promise<EgressAnswer> => {
        const { origin, path } = openRoute(hop);
        return exchange(origin, path, hop, options);
      };
      if (!request.follow) {
        const answer = await send(request);
        answer.url = request.url;
        return answer;
      }
      const { reply, url } = await followRedirects(request, send, () => undefined);
      reply.url = url;
      return reply;
    },

    fetch: (localOrigin = null) => guardedFetch((request) => egress.request(request), localOrigin),

    async close() {
      checked.clear();
      await origins.close();
    },
  };
  return egress;
}

import { lookup as systemLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { bodyProblem, invalid } from '../kernel/index.ts';
import { isLocalhostName, isLoopbackHost, isPublicAddress, readAddress } from './classify-address.ts';
import { readAllowList } from './read-allow-list.ts';
import type { EgressPolicy } from './types.ts';

export type Resolved = { address: string; family: number };
/** Name to addresses; the system's resolver unless a test brings its own. */
export type Lookup = (hostname: string) => Promise<readonly Resolved[]>;

export type Destination = {
  origin: string;
  /** Path and query: may hold something secret, so it is kept nowhere. */
  path: string;
  /** Name without trailing dots, or a numeric address in the URL parser's spelling. */
  hostname: string;
  port: number;
  /** Admitted because the operator named this exact loopback origin for the connection. */
  local: boolean;
};

/** Decides where sockets may go: once over the parsed address, once over what the name resolves to. */
export type Guard = {
  /** The destination, or null if the address is refused by its text alone. */
  admit(url: string, localOrigin: string | null): Destination | null;
  /** The addresses a socket may be opened to; rejects if the name means any address that is refused. */
  resolve(destination: Destination): Promise<readonly Resolved[]>;
  /** `resolve` in the shape a socket wants it: what was checked is what is dialled. */
  lookupFor(destination: Destination): LookupFunction;
};

export const defaultLookup: Lookup = (hostname) => systemLookup(hostname, { all: true, verbatim: true });

export function createGuard(policy: EgressPolicy, lookup: Lookup = defaultLookup): Guard {
  const allow = readAllowList(policy.allow);
  const loopback: readonly Resolved[] = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];

  const admitsAddress = (text: string, port: number): boolean => {
    const address = readAddress(text);
    return address !== null && (isPublicAddress(address) || allow.admitsAddress(address, port));
  };

  const isOwn = (url: URL, localOrigin: string): boolean => {
    const local = URL.parse(localOrigin);
    if (!local || local.origin !== url.origin || !isLoopbackHost(local.hostname)) return false;
    return portOf(local) !== policy.ownPort;
  };

  const guard: Guard = {
    admit(text, localOrigin) {
      const url = URL.parse(text);
      if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
      if (url.username || url.password) return null;
      const port = portOf(url);
      const hostname = url.hostname.replace(/\.+$/, '');
      if (!hostname || port === 0) return null;
      const destination = {
        origin: url.origin,
        path: url.pathname + url.search,
        hostname,
        port,
        local: false,
      };
      if (localOrigin !== null && isOwn(url, localOrigin)) return { ...destination, local: true };
      if (allow.admitsName(hostname, port)) return destination;
      if (isLocalhostName(hostname)) {
        return loopback.some(({ address }) => admitsAddress(address, port)) ? destination : null;
      }
      const numeric = readAddress(hostname);
      return numeric === null || admitsAddress(hostname, port) ? destination : null;
    },

    async resolve({ hostname, port, local }) {
      const anywhere = local || allow.admitsName(hostname, port);
      // This machine's name is never asked of DNS, and only its admitted addresses are used.
      if (isLocalhostName(hostname)) {
        const usable = loopback.filter(({ address }) => anywhere || admitsAddress(address, port));
        if (usable.length === 0) throw new Error('refused');
        return usable;
      }
      const numeric = readAddress(hostname);
      const found = numeric
        ? [{ address: numeric.toString(), family: numeric.kind() === 'ipv4' ? 4 : 6 }]
        : await lookup(hostname);
      const admitted =
        found.length > 0 && (anywhere || found.every((one) => admitsAddress(one.address, port)));
      if (!admitted) throw new Error('refused');
      return found;
    },

    lookupFor: (destination) => (_hostname, options, done) => {
      guard.resolve(destination).then(
        (found) => {
          if (options.all) done(null, [...found]);
          else done(null, found[0]!.address, found[0]!.family);
        },
        (error: Error) => done(error, ''),
      );
    },
  };
  return guard;
}

function portOf(url: URL): number {
  if (url.port) return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** The one sentence for every refused address. */
export function refusedAddress(path: readonly (string | number)[]): Error {
  return invalid(
    bodyProblem(
      'value_error',
      path,
      'This address cannot be used: it must be http or https, without user name or password, and public. ' +
        'Addresses outside public address space are admitted by the operator with TOOLCRIB_EGRESS_ALLOW.',
    ),
  );
}

import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Public by its number, but the platform's own metadata and health endpoint on Azure. */
const wireServer = ipaddr.IPv4.parse('168.63.129.16').toString();
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
const mapped = ipaddr.IPv6.parseCIDR('::ffff:0:0/96');

/**
 * Reads a numeric address in its plain forms. An IPv4-mapped IPv6 address becomes the IPv4 address it
 * stands for, because that is where a socket would go. Answers null for a name and for scoped addresses.
 */
export function readAddress(text: string): Address | null {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare.includes(':')) return readIpv6(bare);
  return ipaddr.IPv4.isValidFourPartDecimal(bare) ? ipaddr.IPv4.parse(bare) : null;
}

function readIpv6(text: string): Address | null {
  // ipaddr.js reads `::1.2.3.4` as a mapped address; the URL parser writes every IPv6 address in hex first.
  const host = URL.parse(`http://[${text}]`)?.hostname;
  if (!host) return null;
  const address = ipaddr.IPv6.parse(host.slice(1, -1));
  return address.match(mapped) ? address.toIPv4Address() : address;
}

/**
 * Whether anybody on the internet may be behind this address. Everything with a special meaning is not:
 * loopback, private, link-local, shared, multicast, reserved, and the IPv6 forms that carry an IPv4 address
 * (compatible, NAT64, 6to4, Teredo), whose real destination cannot be known from here.
 */
export function isPublicAddress(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  if (address instanceof ipaddr.IPv4) return address.toString() !== wireServer;
  return address.match(globalUnicast);
}

/** Whether a literal host name of a URL means this machine. */
export function isLoopbackHost(hostname: string): boolean {
  if (isLocalhostName(hostname)) return true;
  return readAddress(hostname)?.range() === 'loopback';
}

/** `localhost` and everything below it means this machine whatever DNS says (RFC 6761). */
export function isLocalhostName(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost');
}

/** Endings that DNS on the internet never answers for (RFC 6761, 6762, 8375, and `internal`). */
const privateEnding = /\.(?:internal|local|test|home\.arpa)$/;

/**
 * Whether a host of a URL may be on the internet, by its text alone: not where it is this machine, a special
 * address, a name without a dot or below a private ending.
 */
export function isPublicName(hostname: string): boolean {
  const host = hostname.replace(/\.+$/, '').toLowerCase();
  const address = readAddress(host);
  if (address !== null) return isPublicAddress(address);
  return !isLocalhostName(host) && host.includes('.') && !privateEnding.test(host);
}

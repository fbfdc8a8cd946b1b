import { BlockList, isIP } from 'node:net';

/**
 * Who is at the other end. Forwarding headers count only as far as TOOLCRIB_TRUSTED_PROXIES vouches for
 * whoever wrote them: read from the right, the first address that is no trusted proxy is the client's.
 */
export function clientAddressReader(
  trustedProxies: readonly string[],
): (peer: string | undefined, forwardedFor: string | undefined) => string | null {
  const trusted = new BlockList();
  for (const text of trustedProxies) {
    const [address = '', bits] = text.trim().split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(bits), family);
  }
  const isTrusted = (address: string): boolean =>
    isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

  return (peer, forwardedFor) => {
    let client = plain(peer);
    if (client === null || trustedProxies.length === 0) return client;
    const hops = (forwardedFor ?? '').split(',').map((hop) => plain(hop.trim()));
    while (client !== null && isTrusted(client) && hops.length > 0) {
      const next: string | null | undefined = hops.pop();
      if (!next) break;
      client = next;
    }
    return client;
  };
}

function plain(address: string | undefined): string | null {
  const text = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(text) ? text : null;
}

import ipaddr from 'ipaddr.js';
import { Fault } from '../kernel/index.ts';
import { readAddress } from './classify-address.ts';
import type { Address } from './classify-address.ts';

type Range = { network: Address; bits: number; port: number | null };

/** What the operator admits beyond public addresses. */
export type AllowList = {
  admitsName(hostname: string, port: number): boolean;
  admitsAddress(address: Address, port: number): boolean;
};

/**
 * Reads the entries of TOOLCRIB_EGRESS_ALLOW: `host`, `host:port`, an address with or without port, a CIDR.
 * A host admits whatever addresses its name has. Throws Fault `invalid` for an entry that is none of these.
 */
export function readAllowList(entries: readonly string[]): AllowList {
  const names = new Set<string>();
  const ranges: Range[] = [];
  for (const raw of entries) {
    const entry = raw.trim().toLowerCase();
    if (!entry) continue;
    const range = readRange(entry);
    if (range) ranges.push(range);
    else names.add(readName(entry));
  }
  return {
    admitsName: (hostname, port) => names.has(hostname) || names.has(`${hostname}:${port}`),
    admitsAddress: (address, port) =>
      ranges.some((range) => (range.port === null || range.port === port) && within(address, range)),
  };
}

function within(address: Address, { network, bits }: Range): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}

function readRange(entry: string): Range | null {
  const slash = entry.indexOf('/');
  if (slash !== -1) {
    const network = readAddress(entry.slice(0, slash));
    const bits = /^\d{1,3}$/.test(entry.slice(slash + 1)) ? Number(entry.slice(slash + 1)) : Number.NaN;
    const most = network instanceof ipaddr.IPv4 ? 32 : 128;
    if (!network || !(bits <= most)) throw unreadable(entry);
    return { network, bits, port: null };
  }
  const whole = readAddress(entry);
  if (whole) return single(whole, null);
  const withPort = /^(\[[^\]]+\]|[\d.]+):(\d{1,5})$/.exec(entry);
  const address = withPort && readAddress(withPort[1]!);
  return address ? single(address, Number(withPort[2])) : null;
}

function single(network: Address, port: number | null): Range {
  return { network, bits: network instanceof ipaddr.IPv4 ? 32 : 128, port };
}

/** Spelt as the URL parser will spell it: lower case, punycode, no trailing dot. */
function readName(entry: string): string {
  const match = /^([^\s/:@?#[\]]+)(?::(\d{1,5}))?$/.exec(entry);
  const host = match && URL.parse(`http://${match[1]}`)?.hostname;
  if (!host) throw unreadable(entry);
  const name = host.replace(/\.+$/, '');
  return match[2] ? `${name}:${match[2]}` : name;
}

function unreadable(entry: string): Fault {
  return new Fault(
    'invalid',
    `TOOLCRIB_EGRESS_ALLOW: ${JSON.stringify(entry)} is not a host, host:port or CIDR.`,
  );
}

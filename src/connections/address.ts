import { bodyProblem, Fault, invalid, type JsonPath } from '../kernel/index.ts';
import type { Principal } from '../access/index.ts';
import type { Egress } from '../egress/index.ts';

/** An upstream address taken apart: what may be shown, and what must be sealed. */
export type ReadAddress = {
  /** Without query and fragment. */
  address: string;
  origin: string;
  query: Readonly<Record<string, string>>;
};

/** Reads an address from a body. Fault `invalid` at `path` for another scheme, user info or a repeated query name. */
export function readAddress(text: string, path: JsonPath): ReadAddress {
  const wrong = (message: string): Fault => invalid(bodyProblem('value_error', path, message));
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw wrong('The address must be an absolute http or https address.');
  }
  if (url.username || url.password) {
    throw wrong('The address must not hold user info; give credentials in their own fields.');
  }
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of url.searchParams) {
    if (name in query) throw wrong('The address has the same query name twice.');
    query[name] = value;
  }
  return { address: `${url.origin}${url.pathname}`, origin: url.origin, query: { ...query } };
}

/**
 * The loopback origin admitted for a connection, when the operator asks for it. Fault `forbidden` for
 * anybody else, `invalid` where the process is not one for a laptop.
 */
export function admitLocal(
  asked: boolean,
  origin: string,
  who: { principal: Principal | null; isLaptop: boolean },
): string | null {
  if (!asked) return null;
  if (!who.principal?.isOperator) {
    throw new Fault('forbidden', 'Only the operator’s admin key may admit a local address.', {
      code: 'local_refused',
    });
  }
  if (!who.isLaptop) {
    const message =
      'Local addresses can be admitted one by one only with HOST on loopback and the embedded database; elsewhere use TOOLCRIB_EGRESS_ALLOW.';
    throw invalid(bodyProblem('value_error', ['local'], message));
  }
  return origin;
}

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const reserved = new Set(
  'accept accept-encoding connection content-length content-type expect host keep-alive mcp-method mcp-name mcp-protocol-version mcp-session-id proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);

/** Extra headers of a connection: legal, and none that belongs to the protocol. */
export function checkHeaders(headers: Readonly<Record<string, string>>, path: JsonPath): void {
  for (const [name, value] of Object.entries(headers)) {
    const message = reserved.has(name.toLowerCase())
      ? 'This header belongs to the protocol and cannot be set.'
      : !headerName.test(name) || !headerValue.test(value)
        ? 'This is not a legal header.'
        : null;
    if (message) throw invalid(bodyProblem('value_error', [...path, name], message));
  }
}

/** Checks an address against the egress guard before anything is stored. */
export async function checkReachable(
  egress: Egress,
  address: string,
  localOrigin: string | null,
  path: JsonPath,
): Promise<void> {
  await egress.check(address, { localOrigin, path });
}

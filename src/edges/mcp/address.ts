import type { Address } from '../../gateway/index.ts';
import { Fault, parseId } from '../../kernel/index.ts';
import { absentPack } from './errors.ts';

/** The shapes of address agents speak MCP at. */
const byPack = /^\/mcp\/([^/]+)\/?$/;
const byAgent = /^\/mcp\/agents\/([^/]+)\/?$/;
const byUser = /^\/api\/v1\/tool-packs\/([^/]+)\/registered-users\/([^/]+)\/mcp\/?$/;

/** True for the paths this edge answers, whatever the method. */
export function isMcpPath(path: string): boolean {
  return byPack.test(path) || byAgent.test(path) || byUser.test(path);
}

/**
 * Where a request came in. Throws the same Fault as for an absent pack when a segment can name nothing, so
 * that an odd spelling tells nothing.
 */
export function readAddress(path: string, query: URLSearchParams): Address {
  const pack = byPack.exec(path);
  if (pack) return withQuery({ pack: decodeSegment(pack[1]!), userId: null }, query);
  const agent = byAgent.exec(path);
  if (agent) return withQuery({ agent: decodeSegment(agent[1]!), userId: null }, query);
  const user = byUser.exec(path);
  if (!user) throw absentPack();
  const userId = parseId(decodeSegment(user[2]!));
  if (userId === null) throw absentPack();
  return withQuery({ pack: decodeSegment(user[1]!), userId }, query);
}

/** The address again as a path, every segment encoded: safe inside a header. */
export function pathOf(path: string): string {
  return path
    .replace(/\/$/, '')
    .split('/')
    .map((segment) => encodeURIComponent(safelyDecoded(segment)))
    .join('/');
}

function withQuery(address: Address, query: URLSearchParams): Address {
  if (query.size === 0) return address;
  const wish = query.get('authenticated_only');
  if (wish === null) return address;
  if (/^(true|1|t|yes|y|on)$/i.test(wish)) return { ...address, authenticatedOnly: true };
  if (/^(false|0|f|no|n|off)$/i.test(wish)) return address;
  throw new Fault('invalid', 'authenticated_only must be true or false.', { code: 'invalid_query' });
}

function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  const text = decodedOrNull(segment);
  // No name holds a NUL, and the database takes none.
  if (text === null || text.includes('\0')) throw absentPack();
  return text;
}

const safelyDecoded = (segment: string): string => decodedOrNull(segment) ?? segment;

function decodedOrNull(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

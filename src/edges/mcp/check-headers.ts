import type { IncomingHttpHeaders } from 'node:http';
import { isObject, type Json } from '../../kernel/index.ts';
import { headerMismatch, malformedMeta, unsupportedRevision } from './errors.ts';
import { metaOf, type Message, type Params, type Request } from './message.ts';
import { isLegacyRevision, modernRevision, type Era } from './revisions.ts';

const revisionKey = 'io.modelcontextprotocol/protocolVersion';
export const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';

/** Whose value `Mcp-Name` mirrors, for the methods that have one. */
const namedBy: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
]);

/**
 * Which era a message belongs to. What the body claims decides; a header alone counts where it names no
 * revision with a handshake, so that a modern request that lost its `_meta` is told so.
 */
export function eraOf(headers: IncomingHttpHeaders, body: Json): Era {
  if (!isObject(body)) return 'legacy';
  const header = headers['mcp-protocol-version'];
  const params = body['params'];
  const claimed = isObject(params) ? metaOf(params)?.[revisionKey] : undefined;
  if (claimed !== undefined) {
    return isLegacyRevision(claimed) && (header === undefined || header === claimed) ? 'legacy' : 'modern';
  }
  return header === undefined || isLegacyRevision(header) ? 'legacy' : 'modern';
}

/** Throws unless a modern request carries its `_meta` and the headers that must equal the body. */
export function checkRequest(headers: IncomingHttpHeaders, request: Request): void {
  const revision = claimedRevision(request.params);
  const header = headers['mcp-protocol-version'];
  if (header === undefined) throw headerMismatch('MCP-Protocol-Version is missing.');
  if (header !== revision) throw headerMismatch('MCP-Protocol-Version is not the version in _meta.');
  if (revision !== modernRevision) throw unsupportedRevision(revision);
  const method = headers['mcp-method'];
  if (method === undefined) throw headerMismatch('Mcp-Method is missing.');
  if (method !== request.method) throw headerMismatch('Mcp-Method is not the method in the body.');
  checkName(headers, request);
}

/** The specification defines no headers for notifications; those that came must not contradict the body. */
export function checkNotification(
  headers: IncomingHttpHeaders,
  message: Extract<Message, { kind: 'notification' }>,
): void {
  const header = headers['mcp-protocol-version'];
  const claimed = metaOf(message.params)?.[revisionKey];
  if (typeof header === 'string' && header !== modernRevision) throw unsupportedRevision(header);
  if (claimed !== undefined && claimed !== modernRevision) {
    throw headerMismatch('MCP-Protocol-Version is not the version in _meta.');
  }
  const method = headers['mcp-method'];
  if (method !== undefined && method !== message.method) {
    throw headerMismatch('Mcp-Method is not the method in the body.');
  }
}

function claimedRevision(params: Params): string {
  const meta = metaOf(params);
  if (!meta) throw malformedMeta('params._meta is missing.');
  const revision = meta[revisionKey];
  if (typeof revision !== 'string') throw malformedMeta(`params._meta["${revisionKey}"] is missing.`);
  if (!isObject(meta[capabilitiesKey])) throw malformedMeta(`params._meta["${capabilitiesKey}"] is missing.`);
  return revision;
}

function checkName(headers: IncomingHttpHeaders, request: Request): void {
  const field = namedBy.get(request.method);
  if (field === undefined) return;
  const header = headers['mcp-name'];
  const value = request.params[field];
  // A body without the value is refused for that, not for its headers, unless a header pretends there is one.
  if (value === undefined && header === undefined) return;
  if (header === undefined) throw headerMismatch('Mcp-Name is missing.');
  if (decodeHeader(header) !== value) throw headerMismatch(`Mcp-Name is not params.${field} in the body.`);
}

const visible = /^[\t\x20-\x7e]*$/;
const sentinel = /^=\?base64\?(.*)\?=$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The value a mirrored header stands for: itself, or what its base64 sentinel holds. Null where it holds
 * characters a header may not, or the sentinel cannot be decoded.
 */
export function decodeHeader(header: string | readonly string[]): string | null {
  if (typeof header !== 'string' || !visible.test(header)) return null;
  if (!header.startsWith('=?')) return header;
  const encoded = sentinel.exec(header)?.[1];
  if (encoded === undefined) return header;
  if (!base64.test(encoded)) return null;
  try {
    return utf8.decode(Buffer.from(encoded, 'base64'));
  } catch {
    return null;
  }
}

import { bodyProblem, invalid } from '../kernel/index.ts';
import type { OpenapiDocument, RawObject } from './read-document.ts';
import { isRaw, member } from './resolve-reference.ts';

/**
 * An absolute http(s) address without credentials, query, fragment and closing slash, or null. Relative ones are
 * resolved against `against`, where that is given.
 */
export function readAddress(text: string, against: string | null): string | null {
  const url = URL.parse(text, against ?? undefined);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  if (url.username !== '' || url.password !== '' || url.hostname === '') return null;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** The base address the caller gave, made canonical. Throws Fault `invalid` at `base_url`. */
export function readGivenBase(baseUrl: string): string {
  const address = readAddress(baseUrl, null);
  if (address === null) {
    const problem = bodyProblem(
      'value_error',
      ['base_url'],
      'base_url must be an absolute http or https address.',
    );
    throw invalid(problem); // without what was sent: an address may hold a password
  }
  return address;
}

/** The document's own base address: the first server we can speak to, or null where none is absolute. */
export function readBaseUrl(document: OpenapiDocument, documentUrl: string | null): string | null {
  if (document.dialect === 'swagger2') return readSwaggerBase(document.root, documentUrl);
  const { servers } = document.root;
  // Without servers the document means the root of the host it came from.
  if (!Array.isArray(servers) || servers.length === 0)
    return documentUrl ? readAddress('/', documentUrl) : null;
  return firstServer(servers, documentUrl);
}

/** The first usable of a list of Server objects, variables filled with their defaults. */
export function firstServer(servers: unknown, against: string | null): string | null {
  if (!Array.isArray(servers)) return null;
  for (const server of servers) {
    const url = member(server, 'url');
    if (typeof url !== 'string') continue;
    const filled = fillVariables(url, member(server, 'variables'));
    const address = filled === null ? null : readAddress(filled, against);
    if (address !== null) return address;
  }
  return null;
}

function fillVariables(url: string, variables: unknown): string | null {
  let isComplete = true;
  const filled = url.replaceAll(/\{([^{}]{1,100})\}/g, (_, name: string) => {
    const value = member(member(variables, name), 'default');
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    isComplete = false;
    return '';
  });
  return isComplete ? filled : null;
}

function readSwaggerBase(root: RawObject, documentUrl: string | null): string | null {
  const schemes: readonly unknown[] = Array.isArray(root['schemes']) ? root['schemes'] : [];
  const basePath = typeof root['basePath'] === 'string' ? root['basePath'] : '/';
  const origin = documentUrl === null ? null : URL.parse(documentUrl);
  const host = typeof root['host'] === 'string' ? root['host'] : origin?.host;
  if (host === undefined || !/^[a-zA-Z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-fA-F:.]+\](?::\d{1,5})?$/.test(host))
    return null;
  const fallback = origin?.protocol === 'http:' ? 'http' : 'https';
  const scheme = schemes.includes('https') ? 'https' : schemes.includes('http') ? 'http' : fallback;
  return readAddress(`${scheme}://${host}${basePath.startsWith('/') ? '' : '/'}${basePath}`, null);
}

/** Whether an operation or path names servers of its own. */
export const hasServers = (raw: RawObject): boolean =>
  Array.isArray(raw['servers']) && raw['servers'].length > 0 && raw['servers'].every(isRaw);

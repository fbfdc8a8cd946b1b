/** Characters a path may hold as they are (RFC 3986), and `{name}` for what an argument fills in. */
const segment = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}|\{[a-zA-Z0-9_.-]{1,64}\})*$/;
/** Escapes that a server on the way might read as a slash, a dot or a control character. */
const disguised = /%(?:2e|2f|5c|[01][0-9a-f]|7f)/i;

/** What is wrong with a custom action's path, in a sentence; null where nothing is. It stays below the base address. */
export function pathProblem(path: string): string | null {
  if (!path.startsWith('/')) return 'A path begins with "/": the connection has the address.';
  if (path.startsWith('//') || path.includes('//')) return 'A path has no empty parts: "//" may name a host.';
  const parts = path.slice(1).split('/');
  if (parts.some((part) => part === '.' || part === '..')) return 'A path has no "." and ".." as parts.';
  if (path.includes('?') || path.includes('#')) return 'A query is written as parameters, not in the path.';
  if (disguised.test(path)) return 'A path has no escaped dots, slashes and control characters.';
  if (!parts.every((part) => segment.test(part))) {
    return 'The path holds characters that no path may hold as they are.';
  }
  return null;
}

/** The names between braces. */
export const placeholdersOf = (path: string): ReadonlySet<string> =>
  new Set([...path.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1]!));

/** What a service asks for when it refuses a request: its `WWW-Authenticate: Bearer` (RFC 6750, RFC 9728). */
export type Challenge = {
  /** `invalid_token`, `insufficient_scope`; null where it only says that it wants a token. */
  error: string | null;
  scopes: readonly string[];
  /** Address of the protected resource's metadata. */
  resourceMetadata: string | null;
};

const longest = 16 * 1024;
const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const scheme = new RegExp(`^(${token})(?=[ \\t,]|$)(?![ \\t]*=)`);
const parameter = new RegExp(`^(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`);
const rawToken = /^[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/;
const separator = /^[ \t,]+/;

/** The first Bearer challenge of a `WWW-Authenticate` header, several lines joined by commas; null without one. */
export function readChallenge(header: string | readonly string[] | null | undefined): Challenge | null {
  const text = typeof header === 'string' ? header : (header ?? []).join(', ');
  if (text === '' || text.length > longest) return null;
  const bearer = challengesOf(text).find((one) => one.scheme === 'bearer');
  if (!bearer) return null;
  return {
    error: bearer.parameters.get('error') ?? null,
    scopes: readScopes(bearer.parameters.get('scope')),
    resourceMetadata: bearer.parameters.get('resource_metadata') ?? null,
  };
}

/** Scopes as RFC 6749 writes them, each once. What is no scope is left out. */
export function readScopes(text: string | undefined): readonly string[] {
  const words = (text ?? '').split(' ').filter((word) => isScope(word));
  return [...new Set(words)];
}

export const isScope = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= 300 && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);

type Written = { scheme: string; parameters: Map<string, string> };

function challengesOf(text: string): readonly Written[] {
  const found: Written[] = [];
  let rest = text.replace(separator, '');
  while (rest !== '') {
    const started = scheme.exec(rest);
    // A name of a parameter looks like a scheme until its equals sign, which `scheme` looks ahead for.
    if (started) {
      found.push({ scheme: started[1]!.toLowerCase(), parameters: new Map() });
      rest = rest.slice(started[0].length).replace(separator, '');
      const raw = rawToken.exec(rest);
      if (raw && raw[0].endsWith('=') && !parameter.test(rest)) {
        rest = rest.slice(raw[0].length).replace(separator, '');
      }
      continue;
    }
    const pair = parameter.exec(rest);
    const current = found.at(-1);
    if (!pair || !current) return found;
    const name = pair[1]!.toLowerCase();
    const value = pair[2]?.replaceAll(/\\(.)/g, '$1') ?? pair[3]!;
    if (!current.parameters.has(name)) current.parameters.set(name, value);
    rest = rest.slice(pair[0].length).replace(separator, '');
  }
  return found;
}

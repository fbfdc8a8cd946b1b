import { isObject } from '../../kernel/index.ts';
import { Plaintext } from '../../vault/index.ts';
import { isScope } from './read-challenge.ts';
import type { OAuthServer, Tokens } from './types.ts';

/** A lifetime beyond this is a mistake of the service (1e12 seconds, a date in place of a duration). */
const longestLife = 10 * 365 * 24 * 3600;
const longestToken = 16 * 1024;
/** What fits into a header line. */
const tokenText = /^[\x21-\x7e]+$/;
/** Kinds of token that a bearer header must not carry. */
const otherKinds = new Set(['dpop', 'mac', 'pop', 'n_a']);

/**
 * The tokens in an answer of a token endpoint, at the paths the connector file names, or null where there is no
 * access token to be used. Nothing but the token is needed: services leave out what RFC 6749 asks for.
 */
export function readTokens(
  answer: unknown,
  server: Pick<OAuthServer, 'tokenPaths'>,
  now: Date,
): Tokens | null {
  const { tokenPaths } = server;
  const at = (name: 'access_token' | 'refresh_token' | 'expires_in' | 'scope') =>
    valueAt(answer, tokenPaths[name] ?? name);
  const accessToken = at('access_token');
  if (!isToken(accessToken)) return null;
  const kind = valueAt(answer, 'token_type');
  if (typeof kind === 'string' && otherKinds.has(kind.toLowerCase())) return null;
  const refreshToken = at('refresh_token');
  const life = readLife(at('expires_in'));
  return {
    accessToken: new Plaintext(accessToken),
    refreshToken: isToken(refreshToken) ? new Plaintext(refreshToken) : null,
    expiresAt: life === null ? null : new Date(now.getTime() + life * 1000),
    scopes: readGranted(at('scope')),
  };
}

/** Seconds, as a number or as its text; anything odd counts as unsaid. */
function readLife(value: unknown): number | null {
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return null;
  return seconds >= 1 && seconds <= longestLife ? Math.floor(seconds) : null;
}

/** Some services part scopes by commas, some send a list. Null where nothing is said. */
function readGranted(value: unknown): readonly string[] | null {
  const words = typeof value === 'string' ? value.split(/[\s,]+/) : Array.isArray(value) ? value : [];
  const scopes = [...new Set(words.filter(isScope))];
  return scopes.length > 0 ? scopes : null;
}

function valueAt(answer: unknown, path: string): unknown {
  let value = answer;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

const isToken = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= longestToken && tokenText.test(value);

import { removeSecretsFromText } from '../remove-secrets.ts';
import { cleanText } from '../mcp/clean-text.ts';

const longest = 200;

/**
 * An error code as OAuth and its services spell them: words and underscores. Anything else is a text, or a token
 * that a service repeats, and is not passed on.
 */
export function errorCode(value: unknown, secrets: readonly string[] = []): string | null {
  if (typeof value !== 'string' || !/^[a-z][a-z_]{0,47}$/.test(value)) return null;
  return secrets.includes(value) ? null : value;
}

/** What a server says of its error, as people may read it: one line, short, without anything we sent as a secret. */
export function serverWords(value: unknown, secrets: readonly string[]): string | null {
  const clean = cleanText(value)?.replaceAll(/\s+/g, ' ');
  if (!clean) return null;
  const safe = removeSecretsFromText(clean, secrets);
  return safe.length > longest ? `${safe.slice(0, longest - 1).toWellFormed()}…` : safe;
}

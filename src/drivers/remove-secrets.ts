import type { Json } from '../kernel/index.ts';

/** Shorter texts are no secrets, and taking them out would tear up every reply. */
const shortestSecret = 6;
const mask = '***';

/** Takes what was sent as a secret out of one text. */
export function removeSecretsFromText(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (secret.length >= shortestSecret && clean.includes(secret)) clean = clean.replaceAll(secret, mask);
  }
  return clean;
}

/**
 * Takes the secrets a request was signed with out of its reply. `raw` is the reply's text: the value is only
 * walked if a secret is in there, or could be behind an escape.
 */
export function removeSecrets<Value extends Json>(
  value: Value,
  secrets: readonly string[],
  raw: string,
): Value {
  if (secrets.length === 0) return value;
  const escaped = raw.includes('\\u') || raw.includes('\\/');
  const near = (secret: string): boolean =>
    secret.length >= shortestSecret && (escaped || raw.includes(secret) || /["\\]/.test(secret));
  return secrets.some(near) ? (walk(value, secrets) as Value) : value;
}

function walk(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return removeSecretsFromText(value, secrets);
  if (Array.isArray(value)) return value.map((one: Json) => walk(one, secrets));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [removeSecretsFromText(key, secrets), walk(one, secrets)]),
    );
  }
  return value;
}

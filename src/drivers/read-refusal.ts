import { readChallenge } from './oauth/read-challenge.ts';
import type { Refusal } from './types.ts';

/**
 * What a service says of the credential it answers 401 or 403 to. The error is one word of the standard's, or none:
 * nothing else of what a service writes there is passed on.
 */
export function readRefusal(
  status: number,
  headers: { readonly [name: string]: string | readonly string[] | undefined },
): Refusal | undefined {
  if (status !== 401 && status !== 403) return undefined;
  const challenge = readChallenge(headers['www-authenticate']);
  const { error = null, scopes = [] } = challenge ?? {};
  return { error: error !== null && /^[a-z_]{1,40}$/.test(error) ? error : null, scopes };
}

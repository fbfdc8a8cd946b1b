import type { Challenge } from './read-challenge.ts';

/** How often one account may be asked for more, and how much it may come to. */
export const stepUpLimits = { times: 3, scopes: 50 };

/**
 * What to ask a person for after a service said `insufficient_scope`: what was asked before and what is missing, so
 * that nothing held is lost. Null where asking again is of no use: another refusal, nothing new in it, too often,
 * too much. `stepUps` counts how often this account was asked for more already.
 */
export function scopesToAsk(
  current: readonly string[],
  challenge: Challenge,
  stepUps: number,
): readonly string[] | null {
  if (challenge.error !== 'insufficient_scope' || stepUps >= stepUpLimits.times) return null;
  const wanted = [...new Set([...current, ...challenge.scopes])];
  if (wanted.length === new Set(current).size || wanted.length > stepUpLimits.scopes) return null;
  return wanted;
}

/** What the service names when it says that the account may not do this; null: nothing that a person could grant. */
export function missingScopes({
  error,
  scopes,
}: Pick<Challenge, 'error' | 'scopes'>): readonly string[] | null {
  if (error !== 'insufficient_scope' || scopes.length === 0) return null;
  return scopesToAsk([], { error, scopes, resourceMetadata: null }, 0);
}

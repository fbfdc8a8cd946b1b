import { bodyProblem, invalid } from '../../kernel/index.ts';

/**
 * Where a person goes after the page: one of the organization's addresses, letter for letter. `state` is the
 * caller's own and goes back with it, so without an address it has nowhere to go.
 */
export function checkCallback(
  registered: readonly string[],
  wish: { callbackUrl: string | null; state: string | null },
): void {
  if (wish.callbackUrl !== null && !registered.includes(wish.callbackUrl)) {
    const message = 'The address is not one of the organization’s callback_urls, letter for letter.';
    throw invalid(bodyProblem('value_error', ['callback_url'], message, { input: wish.callbackUrl }));
  }
  if (wish.state !== null && wish.callbackUrl === null) {
    throw invalid(bodyProblem('value_error', ['state'], 'state needs callback_url.'));
  }
}

/** What the caller's address is told: that it is done, or what stood in the way; and its own state. */
export type Outcome = { status: 'success'; connector: string } | { status: 'error'; error: string };

/** The address with the outcome added to its query; null where none was given, or it is registered no longer. */
export function callbackFor(
  registered: readonly string[],
  wish: { callbackUrl: string | null; state: string | null },
  outcome: Outcome,
): string | null {
  if (wish.callbackUrl === null || !registered.includes(wish.callbackUrl)) return null;
  const url = new URL(wish.callbackUrl);
  for (const [name, value] of Object.entries(outcome)) url.searchParams.set(name, value);
  if (wish.state !== null) url.searchParams.set('state', wish.state);
  return url.href;
}

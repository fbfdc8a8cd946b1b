import { Fault } from '../../kernel/index.ts';

export type OAuthCode =
  | 'oauth_undiscovered'
  | 'oauth_unsafe'
  | 'oauth_registration'
  | 'oauth_denied'
  | 'oauth_answer'
  | 'oauth_exchange';

/** A failure to sign in, in our words. `more` goes into its details. */
export function oauthFault(
  code: OAuthCode,
  message: string,
  more: { details?: Record<string, unknown>; retryAfter?: number | null; cause?: unknown } = {},
): Fault {
  return new Fault('upstream', message, {
    code,
    ...(more.details ? { details: more.details } : {}),
    ...(typeof more.retryAfter === 'number' ? { retryAfter: more.retryAfter } : {}),
    cause: more.cause,
  });
}

import type { Egress, EgressAnswer } from '../../egress/index.ts';
import { Fault, isObject } from '../../kernel/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { Unsealer } from '../../vault/index.ts';
import { openTokenRequest } from '../authorize.ts';
import type { OAuthLimits } from './limits.ts';
import { readRetryAfter } from './read-retry-after.ts';
import { readTokens } from './read-tokens.ts';
import { errorCode, serverWords } from './server-words.ts';
import type { Tokens } from './types.ts';
import type { SignedTokenRequest, TokenRequestDraft } from './write-token-request.ts';

export type TokenSender = { egress: Egress; unsealer: Unsealer; clock: Clock; limits: OAuthLimits };

/** What a token endpoint made of a request. */
export type TokenAnswer =
  | { kind: 'tokens'; tokens: Tokens }
  /** It said no: an OAuth error code where there is one, and its own words, short and without our secrets. */
  | { kind: 'refused'; status: number; error: string | null; words: string | null; retryAfter: number | null }
  /** No answer, or none that says anything of tokens. `reason` is a sentence of ours. */
  | { kind: 'failed'; reason: string; retryAfter: number | null; cause?: Fault }
  /** What the request needs is not there, so nothing was sent. */
  | { kind: 'nothing' };

/** Sends one token request. Never throws Fault `upstream`. */
export async function requestTokens(
  deps: TokenSender,
  draft: TokenRequestDraft,
  reach: { localOrigin: string | null; signal?: AbortSignal },
): Promise<TokenAnswer> {
  try {
    const answer = await openTokenRequest(deps.unsealer, draft, async (request) => {
      // Counted from before the request, so that a slow answer cannot make a token look younger than it is.
      const now = deps.clock.now();
      const reply = await postToken(deps, request, deps.limits.tokenPatience, reach);
      return readAnswer(reply, draft, request.secrets, now);
    });
    return answer ?? { kind: 'nothing' };
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'upstream') throw error;
    return { kind: 'failed', reason: error.message, retryAfter: error.retryAfter, cause: error };
  }
}

/** One POST: guarded, not followed, capped. Throws Fault `upstream`. */
export function postToken(
  { egress, limits }: Pick<TokenSender, 'egress' | 'limits'>,
  { url, headers, body }: Pick<SignedTokenRequest, 'url' | 'headers' | 'body'>,
  patience: number,
  { localOrigin, signal }: { localOrigin: string | null; signal?: AbortSignal },
): Promise<EgressAnswer> {
  const deadline = AbortSignal.timeout(patience);
  return egress.exchange(
    {
      method: 'POST',
      url,
      headers: { ...headers, 'accept-encoding': 'identity' },
      body,
      localOrigin,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    },
    { maxBytes: limits.bytes },
  );
}

function readAnswer(
  { status, headers, body }: EgressAnswer,
  { server }: TokenRequestDraft,
  secrets: readonly string[],
  now: Date,
): TokenAnswer {
  const retryAfter = readRetryAfter(headers['retry-after'], now);
  const value = readBody(body.toString('utf8'), String(headers['content-type'] ?? ''));
  const tokens = status >= 200 && status < 300 ? readTokens(value, server, now) : null;
  if (tokens) return { kind: 'tokens', tokens };
  const passes = status === 429 || status === 408 || status >= 500;
  if (isObject(value) && !passes && ('error' in value || status >= 400)) {
    // Some services put the code under `code`, or an object under `error`.
    const said = value['error'] ?? value['code'];
    const error = errorCode(isObject(said) ? said['code'] : said, secrets);
    return {
      kind: 'refused',
      status,
      error,
      words: serverWords(value['error_description'], secrets),
      retryAfter,
    };
  }
  if (status === 429)
    return { kind: 'failed', reason: 'The service asked to wait (status 429).', retryAfter };
  const reason =
    status >= 200 && status < 300
      ? 'The service answered without a token.'
      : `The service answered with status ${status} instead of a token.`;
  return { kind: 'failed', reason, retryAfter };
}

/** JSON whatever it is called; a form where it is called one, as older services answer. */
function readBody(text: string, contentType: string): unknown {
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

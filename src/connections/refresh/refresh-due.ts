import type { Credential } from '../../vault/index.ts';

const second = 1_000;
/** Where a connector names no margin. */
export const usualMargin = 300;

/**
 * When a token is to be refreshed: its margin before it runs out, at most half of its life, and a random while
 * earlier, so that thousands had together are not refreshed together. Null: it never runs out, or nobody said.
 */
export function refreshDueAt(
  token: { expiresAt: Date | null; now: Date; marginSeconds?: number | null },
  random: () => number = Math.random,
): Date | null {
  const { expiresAt, now, marginSeconds } = token;
  if (expiresAt === null) return null;
  const life = Math.max(0, expiresAt.getTime() - now.getTime());
  const margin = Math.min((marginSeconds ?? usualMargin) * second, life / 2);
  const spread = Math.min(margin, (life - margin) / 2);
  return new Date(expiresAt.getTime() - margin - random() * spread);
}

/** True for a credential that holds what new tokens are had with. */
export const canRefresh = ({ oauth, fields }: Credential): boolean =>
  isGrant(oauth) && (oauth.grant === 'client_credentials' || fields.includes('refresh_token'));

const isGrant = (oauth: unknown): oauth is { grant: string } =>
  typeof oauth === 'object' && oauth !== null && 'grant' in oauth;

const shortestRest = 1 * second;
const longestRest = 30 * second;
/** A service that asks for more patience than ours gets it, within reason. */
const longestAsked = 300 * second;

/** How long nobody tries again after so many failures in a row: a second, doubling to thirty, or what was asked for. */
export function restAfter(failures: number, retryAfter: number | null): number {
  const rest = Math.min(shortestRest * 2 ** Math.min(failures - 1, 10), longestRest);
  return Math.max(rest, Math.min((retryAfter ?? 0) * second, longestAsked));
}

/** A token that runs out during the call is as good as one that has. */
const longestCall = 5 * second;

/** Whether a call that begins now should wait for a new token. A short-lived one is used for half of its life. */
export function isRunningOut(credential: Credential, now: Date): boolean {
  const { expiresAt, refreshedAt, createdAt } = credential;
  if (expiresAt === null) return false;
  const life = expiresAt.getTime() - (refreshedAt ?? createdAt).getTime();
  return expiresAt.getTime() - now.getTime() <= Math.min(longestCall, Math.max(0, life / 2));
}

/** The same by the time alone, where no more is known: cheap, and never later than the above. */
export const mayRunOut = (expiresAt: Date, now: Date): boolean =>
  expiresAt.getTime() - now.getTime() <= longestCall;

export const hasRunOut = ({ expiresAt }: Pick<Credential, 'expiresAt'>, now: Date): boolean =>
  expiresAt !== null && expiresAt <= now;

const freshFor = 60 * second;

/** A token refreshed this recently that is refused is not refused for its age. */
export const isFresh = ({ refreshedAt }: Credential, now: Date): boolean =>
  refreshedAt !== null && now.getTime() - refreshedAt.getTime() < freshFor;

import { randomBytes } from 'node:crypto';

/** How long the secret before goes on signing after a rotation, in milliseconds. */
export const previousSecretLife = 24 * 3_600_000;

/** What deliveries are signed with, in the form of Standard Webhooks: shown once, then sealed. */
export const newSigningSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The secrets that sign now, the newest first. */
export function signingSecretIds(
  webhook: { secretId: string; previous: { secretId: string; until: Date } | null },
  now: Date,
): readonly string[] {
  const { secretId, previous } = webhook;
  return previous && previous.until > now ? [secretId, previous.secretId] : [secretId];
}

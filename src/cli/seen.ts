import { createHash } from 'node:crypto';

/** One short word for all that was shown as held: typed back, it says that this is what was looked at. */
export const seenOf = (digests: readonly string[]): string =>
  createHash('sha256').update(digests.toSorted().join(' ')).digest('hex').slice(0, 12);

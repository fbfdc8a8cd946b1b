/** Revisions of the protocol that clients may speak here, newest first. */
export const modernRevision = '2026-07-28';
export const legacyRevisions = ['2025-11-25', '2025-06-18', '2025-03-26'] as const;
export type LegacyRevision = (typeof legacyRevisions)[number];
export type Revision = typeof modernRevision | LegacyRevision;
export type Era = 'modern' | 'legacy';

export const supportedRevisions: readonly Revision[] = [modernRevision, ...legacyRevisions];

export function isLegacyRevision(text: unknown): text is LegacyRevision {
  return legacyRevisions.some((revision) => revision === text);
}

/** The revision an `initialize` ends in: the one asked for, or the newest that has a handshake at all. */
export function negotiate(asked: string): LegacyRevision {
  return isLegacyRevision(asked) ? asked : legacyRevisions[0];
}

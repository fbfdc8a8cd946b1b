/**
 * A value as the 2026-07-28 transport mirrors it into a header: plain where it is visible ASCII, otherwise
 * Base64 between markers. Answers null for what is no string, integer or boolean.
 */
export function mirroredValue(value: unknown): string | null {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
  if (typeof value !== 'string') return null;
  const plain =
    /^[\t\x20-\x7e]*$/.test(value) &&
    value === value.trim() &&
    !(value.startsWith('=?base64?') && value.endsWith('?='));
  return plain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

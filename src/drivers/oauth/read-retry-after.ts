const longest = 24 * 3600;

/** Seconds a service asks to wait: a number or a date, at most a day. Null for what is neither or lies behind us. */
export function readRetryAfter(value: string | readonly string[] | undefined, now: Date): number | null {
  const text = String(value ?? '').trim();
  if (text === '') return null;
  const seconds = /^\d{1,12}$/.test(text)
    ? Number(text)
    : Math.ceil((Date.parse(text) - now.getTime()) / 1000);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, longest) : null;
}

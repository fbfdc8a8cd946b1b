/** Longest slug: with `__` and a tool's 44 characters it fills the 64 that every client accepts. */
const longest = 18;

/**
 * A nickname as the slug that begins its tools' names: lower case, digits and single underscores, so that
 * `slug__name` splits in one way only. `My API (test)` → `my_api_test`.
 */
export function connectionSlug(nickname: string): string {
  const slug = nickname
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, longest)
    .replace(/_+$/, '');
  return slug || 'connection';
}

/** The slug itself, or the first of `slug_2`, `slug_3`… that is free. */
export function freeSlug(slug: string, taken: ReadonlySet<string>): string {
  if (!taken.has(slug)) return slug;
  for (let number = 2; ; number += 1) {
    const suffix = `_${number}`;
    const candidate = slug.slice(0, longest - suffix.length).replace(/_+$/, '') + suffix;
    if (!taken.has(candidate)) return candidate;
  }
}

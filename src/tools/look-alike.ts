/**
 * What a lenient service may take a key for: NFKC, lower case, no white space, control or format characters,
 * brackets as dots (`page[limit]` is `page.limit`).
 */
export function looseName(key: string): string {
  return key
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s\p{Cc}\p{Cf}\p{DI}\])}]/gu, '')
    .replace(/[[({]/g, '.');
}

/** The fixed field an undeclared key could be taken for, alone or with a dotted prefix or suffix; else null. */
export function looksLike(key: string, fixed: ReadonlyMap<string, string>): string | null {
  const loose = `.${looseName(key)}.`;
  for (const [name, field] of fixed) if (loose.includes(`.${name}.`)) return field;
  return null;
}

/** The name nearest to one that does not exist, or null when none is near. */
export function nearestName(name: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  const wanted = name.slice(0, 64).toLowerCase();
  for (const candidate of names) {
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}

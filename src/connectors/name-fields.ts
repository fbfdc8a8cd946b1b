import { createHash } from 'node:crypto';

/** Where a field of the input goes. The order says who keeps the plain name in a clash. */
const places = ['path', 'query', 'header', 'cookie', 'body'] as const;
export type Place = (typeof places)[number];

export type Wanted = { name: string; place: Place };

/** What clients of the large models accept as a name of a tool's input field. */
const legal = /^[a-zA-Z0-9_.-]{1,64}$/;

/**
 * Gives each parameter and body member its field in the flat input, in the given order. Names are made legal;
 * of those that then clash the first in path, query, header, cookie, body keeps its name and the others get
 * their place as a suffix. The result does not depend on the order of declaration.
 */
export function nameFields(wanted: readonly Wanted[]): readonly string[] {
  const ranked = wanted
    .map((each, index) => ({ ...each, index, field: legalField(each.name) }))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : a.index - b.index));
  const taken = new Set<string>();
  const fields: string[] = Array.from({ length: wanted.length }, () => '');
  const clashing = ranked.filter((each) => {
    if (taken.has(each.field)) return true;
    taken.add(each.field);
    fields[each.index] = each.field;
    return false;
  });
  for (const each of clashing) {
    const base = `${each.field.slice(0, 56)}_${each.place}`;
    let field = base;
    for (let count = 2; taken.has(field); count += 1) field = `${base}_${count}`;
    taken.add(field);
    fields[each.index] = field;
  }
  return fields;
}

/** Untouched names come before those made legal, so that `a.b` never loses its name to `a b`. */
function rank(each: { name: string; field: string; place: Place }): number {
  return places.indexOf(each.place) + (each.name === each.field ? 0 : places.length);
}

function legalField(name: string): string {
  if (legal.test(name) && name !== '__proto__') return name;
  const cleaned = name.replaceAll(/[^a-zA-Z0-9_.-]+/g, '_').replaceAll(/^_+|_+$/g, '');
  if (cleaned !== '' && cleaned.length <= 64) return cleaned;
  return `${cleaned.slice(0, 50) || 'field'}_${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}

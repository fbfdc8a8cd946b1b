import { canonicalJson, type Json } from '../kernel/index.ts';

/** How one part of a schema moved, whoever reads it: what it accepts, or what it holds. */
export type Shift = 'text' | 'looser' | 'tighter' | 'gained' | 'lost' | 'moved';

export const same = (was: Json | undefined, is: Json | undefined): boolean =>
  was === undefined || is === undefined ? was === is : canonicalJson(was) === canonicalJson(is);

const setOf = (list: Json | undefined): Set<string> =>
  new Set(Array.isArray(list) ? list.map((item: Json) => canonicalJson(item)) : []);

function within(inner: Json | undefined, outer: Json | undefined): boolean {
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  const types = new Set([outer].flat() as string[]);
  return ([inner].flat() as string[]).every(
    (type) => types.has(type) || (type === 'integer' && types.has('number')),
  );
}

export function compareTypes(was: Json | undefined, is: Json | undefined): Shift | null {
  if (within(was, is)) return within(is, was) ? null : 'looser';
  return within(is, was) ? 'tighter' : 'moved';
}

export function compareSets(was: Json | undefined, is: Json | undefined): Shift | null {
  if (was === undefined) return 'tighter';
  if (is === undefined) return 'looser';
  const [before, after] = [setOf(was), setOf(is)];
  const lost = [...before].some((value) => !after.has(value));
  const gained = [...after].some((value) => !before.has(value));
  if (lost && gained) return 'moved';
  return lost ? 'tighter' : gained ? 'looser' : null;
}

/** Required members are a set where absent is empty: one more asks for more. */
export function compareRequired(was: Json | undefined, is: Json | undefined): Shift | null {
  const shift = compareSets(was ?? [], is ?? []);
  return shift === 'looser' ? 'tighter' : shift === 'tighter' ? 'looser' : shift;
}

export function compareBounds(was: Json | undefined, is: Json | undefined, sign: 1 | -1): Shift | null {
  if (was === is) return null;
  if (was === undefined) return 'tighter';
  if (is === undefined) return 'looser';
  if (typeof was !== 'number' || typeof is !== 'number') return 'moved';
  return (is - was) * sign > 0 ? 'tighter' : 'looser';
}

export function compareWhole(was: Json | undefined, is: Json | undefined): Shift | null {
  const asked = (value: Json | undefined): boolean => value !== undefined && value !== false;
  if (same(was, is) || (!asked(was) && !asked(is))) return null;
  if (asked(was) && asked(is)) return 'moved';
  return asked(was) ? 'looser' : 'tighter';
}

/** Keywords by how their values are compared: as words, as bounds, as a whole, or so that any change counts. */
export const texts = new Set(['title', 'description', '$comment', 'examples', 'example', 'deprecated']);
export const lowest = new Set(
  'minimum exclusiveMinimum minLength minItems minProperties minContains'.split(' '),
);
export const highest = new Set(
  'maximum exclusiveMaximum maxLength maxItems maxProperties maxContains'.split(' '),
);
export const whole = new Set(
  'pattern format multipleOf uniqueItems contentEncoding contentMediaType'.split(' '),
);
export const exact = new Set(
  'not if then else contains propertyNames unevaluatedProperties unevaluatedItems contentSchema'.split(' '),
);
export const exactMaps = new Set(['patternProperties', 'dependentSchemas']);
export const references = new Set(['$ref', '$dynamicRef', '$recursiveRef']);

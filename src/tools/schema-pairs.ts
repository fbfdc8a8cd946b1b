import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import type { Shift } from './schema-shifts.ts';

export type SchemaShift = { path: string; shift: Shift; before: Json | undefined; after: Json | undefined };

/** Pairs of schemas that have been compared, or are being compared further up. */
type Seen = { pairs: Map<unknown, Set<unknown>>; outer: Seen | null };

/** Two schemas being compared, part by part. */
export type Walk = {
  roots: [JsonSchema, JsonSchema];
  seen: Seen;
  found: SchemaShift[];
  steps: { left: number };
  /** Below a part where any change but of words has moved. */
  isExact: boolean;
};

export const pairsBelow = (outer: Seen | null): Seen => ({ pairs: new Map(), outer });

export function wasSeen(seen: Seen, before: unknown, after: unknown): boolean {
  if (!isObject(before) || !isObject(after)) return false;
  for (let level: Seen | null = seen; level; level = level.outer) {
    if (level.pairs.get(before)?.has(after)) return true;
  }
  const known = seen.pairs.get(before);
  if (known) known.add(after);
  else seen.pairs.set(before, new Set([after]));
  return false;
}

/** Looks at a part of which nobody can say which way it moved: anything but words has moved. */
export function exactly(walk: Walk, look: (inner: Walk) => void): void {
  // What was found elsewhere was found to be less than this: it is looked at once more.
  const seen = pairsBelow(walk.isExact ? walk.seen : null);
  const inner: Walk = { ...walk, seen, found: [], isExact: true };
  look(inner);
  for (const shift of inner.found)
    walk.found.push(shift.shift === 'text' ? shift : { ...shift, shift: 'moved' });
}

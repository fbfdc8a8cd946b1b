import type { Json } from '../kernel/index.ts';

/**
 * A copy of a service's value (a default, an enum member) as plain JSON: without `__proto__` members and
 * without what JSON cannot say. Nesting was capped when the document was read.
 */
export function plainValue(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== 'object') return null;
  const copy: { [key: string]: Json } = {};
  for (const [key, child] of Object.entries(value)) {
    if (key !== '__proto__' && child !== undefined) copy[key] = plainValue(child);
  }
  return copy;
}

import type { RawObject } from './read-document.ts';

/** Why one operation cannot become a tool. Stays inside the import: it ends in `leftOut`. */
export class BrokenOperation extends Error {}

export function isRaw(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own member of a raw object; inherited names such as `constructor` are absent. */
export function member(object: unknown, key: string): unknown {
  return isRaw(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Finds what `#/a/b` points at. Throws BrokenOperation when it points at nothing. */
export function resolvePointer(root: RawObject, reference: string): unknown {
  if (!reference.startsWith('#/'))
    throw new BrokenOperation(`The reference ${show(reference)} does not begin with "#/".`);
  let value: unknown = root;
  for (const part of reference.slice(2).split('/')) {
    const key = unescapePart(part);
    if (Array.isArray(value)) value = /^\d{1,9}$/.test(key) ? value[Number(key)] : undefined;
    else value = key === '__proto__' ? undefined : member(value, key);
    if (value === undefined) throw new BrokenOperation(`The reference ${show(reference)} points at nothing.`);
  }
  return value;
}

function unescapePart(part: string): string {
  let key = part;
  if (part.includes('%')) {
    try {
      key = decodeURIComponent(part);
    } catch {
      // A lone percent sign is taken as it stands.
    }
  }
  return key.includes('~') ? key.replaceAll('~1', '/').replaceAll('~0', '~') : key;
}

/**
 * Follows `$ref` of a parameter, body, response or path item until there is an object without one.
 * Throws BrokenOperation for a circle, a missing target and anything that is no object.
 */
export function follow(root: RawObject, value: unknown, what: string): RawObject {
  let current = value;
  for (let hops = 0; hops < 32; hops += 1) {
    if (!isRaw(current)) throw new BrokenOperation(`${what} is not an object.`);
    const reference = current['$ref'];
    if (typeof reference !== 'string') return current;
    current = resolvePointer(root, reference);
  }
  throw new BrokenOperation(`${what} refers to itself.`);
}

/** A schema that is nothing but a reference is skipped over, so that no circle of bare references remains. */
export function chaseAliases(root: RawObject, raw: RawObject): { pointer: string; target: unknown } {
  let pointer = raw['$ref'] as string;
  for (let hops = 0; hops < 32; hops += 1) {
    const target = resolvePointer(root, pointer);
    if (!isRaw(target) || typeof target['$ref'] !== 'string' || Object.keys(target).length > 1) {
      return { pointer, target };
    }
    pointer = target['$ref'];
  }
  throw new BrokenOperation(`The reference ${show(pointer)} refers to itself.`);
}

export function show(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

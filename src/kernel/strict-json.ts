import { Fault } from './fault.ts';
import type { Json } from './json.ts';

/**
 * Reads JSON as the contracts want it: duplicate keys count as malformed (two readers of one body must never
 * see two values), and nesting is capped before the parser's stack is.
 */
export function parseStrictJson(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new Fault('malformed', 'The body is not valid JSON.', { cause: error });
  }
  checkKeys(text);
  return value;
}

const maxDepth = 128;
const quote = 0x22;
const backslash = 0x5c;

/**
 * One pass over text that JSON.parse has accepted: collects the keys of each open object. Strings are
 * skipped by character code; a key is decoded only when it holds an escape.
 */
function checkKeys(text: string): void {
  // One entry per open bracket: the keys seen so far, or null for an array.
  const open: (string[] | Set<string> | null)[] = [];
  let keyExpected = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const start = at + 1;
      let escaped = false;
      for (at = start; text.charCodeAt(at) !== quote; at += 1) {
        if (text.charCodeAt(at) === backslash) {
          escaped = true;
          at += 1;
        }
      }
      if (keyExpected) {
        const raw = text.slice(start, at);
        addKey(open, escaped ? (JSON.parse(`"${raw}"`) as string) : raw);
        keyExpected = false;
      }
    } else if (code === 0x7b) {
      open.push([]);
      keyExpected = true;
      if (open.length > maxDepth) throw tooDeep();
    } else if (code === 0x5b) {
      open.push(null);
      keyExpected = false;
      if (open.length > maxDepth) throw tooDeep();
    } else if (code === 0x7d || code === 0x5d) {
      open.pop();
      keyExpected = false;
    } else if (code === 0x2c) {
      keyExpected = open.at(-1) !== null;
    }
  }
}

const tooDeep = (): Fault => new Fault('malformed', `The body is nested deeper than ${maxDepth} levels.`);

/** Small objects keep their keys in an array; a set pays from about 16 on. */
function addKey(open: (string[] | Set<string> | null)[], key: string): void {
  const keys = open.at(-1);
  if (!keys) return;
  const seen = Array.isArray(keys) ? keys.includes(key) : keys.has(key);
  if (seen) throw new Fault('malformed', 'The body has the same key twice in one object.');
  if (!Array.isArray(keys)) keys.add(key);
  else if (keys.length < 16) keys.push(key);
  else open[open.length - 1] = new Set([...keys, key]);
}

/** The first string (or key) PostgreSQL cannot hold, as the way to it; null when all can be stored. */
export function unstorablePath(value: Json, path: (string | number)[] = []): (string | number)[] | null {
  if (typeof value === 'string') return storable(value) ? null : path;
  if (Array.isArray(value)) {
    for (const [index, item] of (value as Json[]).entries()) {
      const found = unstorablePath(item, [...path, index]);
      if (found) return found;
    }
    return null;
  }
  if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (!storable(key)) return path;
      const found = unstorablePath(item as Json, [...path, key]);
      if (found) return found;
    }
  }
  return null;
}

function storable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

import { randomFillSync } from 'node:crypto';

/**
 * An id is 96 random bits. It is held and stored as a UUID (version 8) and may be shown as `prefix_` + 24 hex;
 * the two forms convert into each other without a look-up (docs/adr/0003-ids.md).
 */
export type Id<Noun extends string = string> = string & { readonly __id: Noun };

const uuidForm = /^([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{6})([0-9a-f]{6})$/;
const anyUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const hexForm = /^(?:[a-z]+_)?([0-9a-f]{24})$/;

const pool = Buffer.allocUnsafe(8192);
let taken = pool.length;

/**
 * Fresh random bytes for ids and nonces: `count` at most 64. Drawn from a pool, because asking the system for each
 * costs more than all else about an id. Keys and other secrets are not made of these.
 */
export function drawRandom(count: number): Buffer {
  if (taken + count > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const drawn = Buffer.from(pool.subarray(taken, taken + count));
  taken += count;
  return drawn;
}

/** The same as lower-case hex digits, two for each byte. */
export const drawHex = (count: number): string => drawRandom(count).toString('hex');

export function newId<Noun extends string>(): Id<Noun> {
  return uuidFromHex(drawHex(12)) as Id<Noun>;
}

/** 24 hex digits to the UUID: 74 bits before the filler, which repeats the first six digits. */
function uuidFromHex(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-8${hex.slice(15, 18)}-${hex.slice(18, 24)}${hex.slice(0, 6)}`;
}

/** The 24 hex digits of an id. */
export function hexOf(id: string): string {
  const match = uuidForm.exec(id);
  if (!match) return id.replaceAll('-', '').slice(0, 24);
  return `${match[1]}${match[2]}${match[3]}${match[4]}${match[5]}`;
}

/** `connector_64f1…`: the form of contracts that name the noun. */
export function prefixed(prefix: string, id: string): string {
  return `${prefix}_${hexOf(id)}`;
}

/**
 * Reads an id in either form. Answers null when the text is no id at all; a well-formed UUID that none of
 * ours can equal is returned as it is, so that it ends in the ordinary "not found".
 */
export function parseId<Noun extends string>(text: string): Id<Noun> | null {
  const lower = text.toLowerCase();
  const hex = hexForm.exec(lower);
  if (hex) return uuidFromHex(hex[1]!) as Id<Noun>;
  return anyUuid.test(lower) ? (lower as Id<Noun>) : null;
}

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { sql } from 'kysely';
import { Fault, type Problem } from './fault.ts';

/** A place in a list ordered newest first: the row after which to go on. It need not exist any more. */
export type Position = { at: string; id: string };
export type Page<T> = { rows: readonly T[]; next: Position | null };

/** How a list is asked for: after a position (cursor lists), or from an offset (lists with page numbers, which also count). */
export type ListPage = { limit: number; after: Position | null } | { limit: number; offset: number };
export type Listed<T> = Page<T> & { count: number | null };

/** `count(*)` as text: the driver hands bigints over so. */
export const countAll = sql<string>`count(*)`.as('total');

/** Cuts the one row too many that a store asks for, to learn whether there is a next page. */
export function paged<T>(
  stored: readonly T[],
  limit: number,
  positionOf: (row: T) => { at: Date; id: string },
  total: string | null,
): Listed<T> {
  const rows = stored.slice(0, limit);
  const last = rows.at(-1);
  const position = stored.length > limit && last ? positionOf(last) : null;
  return {
    rows,
    count: total === null ? null : Number(total),
    next: position && { at: position.at.toISOString(), id: position.id },
  };
}

/**
 * One page of rows that are all in memory, sorted by what `keyOf` answers. A position holds the key itself, so
 * that a cursor survives the deletion of its row.
 */
export function cutPage<T>(
  sorted: readonly T[],
  page: { limit: number; after: Position | null },
  keyOf: (row: T) => string,
): Page<T> {
  const { after, limit } = page;
  const rest = after ? sorted.filter((row) => keyOf(row) > after.at) : sorted;
  const rows = rest.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: rest.length > limit && last ? { at: keyOf(last), id: '' } : null };
}

/**
 * Cursors: opaque and bound to their list, filter and organization, so that one cannot be carried from one
 * list into another. The key only keeps them from being made up; they hold nothing secret.
 */
export type Cursors = {
  encode(position: Position, binding: string): string;
  /** Throws Fault `invalid` at query `cursor` when the text was not made for this list. */
  decode(cursor: string, binding: string): Position;
};

/** The signing key for one purpose, derived from the installation's secret. */
export function deriveKey(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), `toolcrib:${purpose}`, 32));
}

export function createCursors(key: Buffer): Cursors {
  const sign = (payload: string, binding: string): Buffer =>
    createHmac('sha256', key).update(binding).update('\n').update(payload).digest().subarray(0, 12);
  return {
    encode(position, binding) {
      const payload = JSON.stringify([position.at, position.id]);
      return Buffer.concat([sign(payload, binding), Buffer.from(payload)]).toString('base64url');
    },
    decode(cursor, binding) {
      const bytes = Buffer.from(cursor, 'base64url');
      const payload = bytes.subarray(12).toString();
      const good = bytes.length > 12 && timingSafeEqual(bytes.subarray(0, 12), sign(payload, binding));
      if (!good) throw badCursor(cursor);
      const [at, id] = JSON.parse(payload) as [string, string];
      return { at, id };
    },
  };
}

function badCursor(input: string): Fault {
  const message = 'The cursor was not made for this list.';
  const problem: Problem = { type: 'value_error', place: 'query', path: ['cursor'], message, input };
  return new Fault('invalid', message, { problems: [problem] });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from './fault.ts';
import { createCursors, cutPage, deriveKey, paged, type Page, type Position } from './paging.ts';

const cursors = createCursors(deriveKey(Buffer.from('an installation'), 'cursors'));
const place: Position = { at: '2026-01-02T03:04:05.678Z', id: 'c56a4180-65aa-42ec-a945-5fd21dec0538' };

test('a cursor comes back as the place it was made of, in its own list alone', () => {
  const text = cursors.encode(place, 'packs|org');
  assert.match(text, /^[\w-]+$/);
  assert.deepEqual(cursors.decode(text, 'packs|org'), place);
  const other = createCursors(deriveKey(Buffer.from('an installation'), 'sessions'));
  const bad: [string, () => Position][] = [
    ['another list', () => cursors.decode(text, 'keys|org')],
    ['another key', () => other.decode(text, 'packs|org')],
    ...['', 'x', 'a'.repeat(16), text.slice(0, -2), `A${text.slice(1)}`, `${text}AA`].map(
      (made): [string, () => Position] => [made, () => cursors.decode(made, 'packs|org')],
    ),
  ];
  for (const [what, decode] of bad) {
    assert.throws(decode, (error) => error instanceof Fault && error.problems[0]?.path[0] === 'cursor', what);
  }
});

test('a binding cannot run over into what is signed with it', () => {
  const text = cursors.encode(place, 'a');
  assert.throws(() => cursors.decode(text, 'a\n'), Fault);
});

const rows = ['a', 'b', 'c', 'd', 'e'];
const all = (list: readonly string[], limit: number): string[] => {
  const seen: string[] = [];
  for (let after: Position | null = null; ;) {
    const page: Page<string> = cutPage(list, { limit, after }, (row) => row);
    seen.push(...page.rows);
    if (!(after = page.next)) return seen;
  }
};

test('pages of a list in memory hold every row once, and a full last page has no next one', () => {
  for (const limit of [1, 2, 4, 5, 6]) assert.deepEqual(all(rows, limit), rows, String(limit));
  assert.equal(cutPage(rows, { limit: 5, after: null }, (row) => row).next, null);
  assert.deepEqual(
    cutPage([], { limit: 5, after: null }, (row: string) => row),
    { rows: [], next: null },
  );
});

test('a cursor survives the deletion of its row', () => {
  const { next } = cutPage(rows, { limit: 2, after: null }, (row) => row);
  const left = rows.filter((row) => row !== 'b');
  assert.deepEqual(cutPage(left, { limit: 9, after: next }, (row) => row).rows, ['c', 'd', 'e']);
});

test('the one row too many that a store asks for tells of a next page and is not shown', () => {
  const at = new Date(0);
  const stored = rows.map((id) => ({ at, id }));
  const cut = paged(stored, 4, (row) => row, '17');
  assert.deepEqual(
    cut.rows.map(({ id }) => id),
    ['a', 'b', 'c', 'd'],
  );
  assert.deepEqual(cut.next, { at: '1970-01-01T00:00:00.000Z', id: 'd' });
  assert.equal(cut.count, 17);
  assert.deepEqual(
    paged(stored, 5, (row) => row, null),
    { rows: stored, next: null, count: null },
  );
});

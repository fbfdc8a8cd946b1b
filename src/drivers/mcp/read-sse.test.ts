import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSseReader } from './read-sse.ts';

const read = (text: string, size: number): string[] => {
  const seen: string[] = [];
  const reader = createSseReader((data) => seen.push(data) > 99);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return seen;
};

describe('a reader of server-sent events', () => {
  const text =
    ': hello\n\nevent: message\ndata: {"a":"é☃😀"}\n\nid: 7\r\ndata:two\r\ndata: lines\r\n\r\ndata: last\r\rid: 8\ndata:\n\ndata: cut off';
  const expected = ['{"a":"é☃😀"}', 'two\nlines', 'last'];

  for (const size of [1, 2, 3, 5, 1_000]) {
    it(`reads the same from pieces of ${size} bytes`, () => assert.deepEqual(read(text, size), expected));
  }

  it('stops at the event its sink waits for', () => {
    const seen: string[] = [];
    const reader = createSseReader((data) => seen.push(data) === 1);
    assert.equal(reader.push(Buffer.from('data: 1\n\ndata: 2\n\n')), true);
    assert.deepEqual(seen, ['1']);
  });

  it('remembers the last id and the pause, and hands them to the reader that goes on', () => {
    const first = createSseReader(() => false);
    first.push(Buffer.from('id: a1\nretry: 250\ndata:\n\n'));
    const second = createSseReader(() => false, first);
    assert.deepEqual([second.lastId(), second.retry()], ['a1', 250]);
    second.push(Buffer.from('id: bad\u0001id\n\n'));
    assert.equal(second.lastId(), null);
  });

  it('does not slow down over a long line in small pieces', () => {
    const reader = createSseReader(() => false);
    const piece = Buffer.alloc(64, 'x');
    const started = process.cpuUsage();
    for (let i = 0; i < 65_536; i += 1) reader.push(piece);
    const { user } = process.cpuUsage(started);
    assert.ok(user < 2_000_000, `${user} µs`);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextAttempt, readRetryAfter } from './delivery.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const giveUpAt = new Date('2026-01-04T00:00:00.000Z');
const secondsAfter = (attempts: number, more: { retryAfter?: number | null; random?: number } = {}): number =>
  (nextAttempt({ attempts, giveUpAt }, now, { retryAfter: null, random: 0.5, ...more })!.getTime() -
    now.getTime()) /
  1000;

test('pauses grow to six hours and stay there', () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 50].map((attempts) => secondsAfter(attempts));
  assert.deepEqual(pauses, [5, 30, 120, 600, 3600, 21_600, 21_600, 21_600]);
});

test('chance makes a pause a fifth longer or shorter', () => {
  assert.equal(secondsAfter(3, { random: 0 }), 96);
  assert.equal(secondsAfter(3, { random: 1 }), 144);
});

test('what an endpoint asks for counts where it is longer, up to six hours', () => {
  assert.equal(secondsAfter(1, { retryAfter: 60 }), 60);
  assert.equal(secondsAfter(4, { retryAfter: 60 }), 600);
  assert.equal(secondsAfter(1, { retryAfter: 1e9 }), 21_600);
});

test('the last attempt is at the end of the three days, and there is none after it', () => {
  const late = new Date(giveUpAt.getTime() - 1000);
  const more = { retryAfter: null, random: 0.5 };
  assert.deepEqual(nextAttempt({ attempts: 9, giveUpAt }, late, more), giveUpAt);
  assert.equal(nextAttempt({ attempts: 9, giveUpAt }, giveUpAt, more), null);
});

test('Retry-After is seconds or a date; anything else is none', () => {
  assert.equal(readRetryAfter('120', now), 120);
  assert.equal(readRetryAfter('Thu, 01 Jan 2026 00:01:00 GMT', now), 60);
  for (const text of [undefined, 'soon', '-5', 'Wed, 31 Dec 2025 00:00:00 GMT', '']) {
    assert.equal(readRetryAfter(text, now), null, text);
  }
  assert.equal(readRetryAfter(['30', '60'], now), 30);
});

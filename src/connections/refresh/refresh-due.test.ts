import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRunningOut, mayRunOut, refreshDueAt, restAfter } from './refresh-due.ts';
import type { Credential } from '../../vault/index.ts';

const now = new Date('2026-01-01T00:00:00Z');
const inSeconds = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
const ahead = (life: number, margin: number | null, random: number): number => {
  const expiresAt = inSeconds(life);
  const due = refreshDueAt({ expiresAt, now, marginSeconds: margin }, () => random)!;
  return (expiresAt.getTime() - due.getTime()) / 1000;
};

describe('when a token is to be refreshed', () => {
  it('is its margin before it runs out, and up to as much again', () => {
    assert.deepEqual([ahead(3600, null, 0), ahead(3600, null, 1)], [300, 600]);
    assert.deepEqual([ahead(3600, 60, 0), ahead(3600, 60, 1)], [60, 120]);
  });

  it('is never before half of its life is over, save for the spread', () => {
    assert.deepEqual([ahead(60, 300, 0), ahead(60, 300, 1)], [30, 45]);
  });

  it('is never where nobody said when it runs out', () => {
    assert.equal(refreshDueAt({ expiresAt: null, now }), null);
  });

  it('is at once for one that came run out', () => {
    assert.equal(ahead(-10, null, 1), 0);
  });
});

describe('the rest after failures that may pass', () => {
  it('is a second, doubling to thirty', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => restAfter(failures, null) / 1000),
      [1, 2, 4, 8, 16, 30, 30, 30],
    );
  });

  it('is longer where the service asks for it, and at most five minutes', () => {
    assert.deepEqual([restAfter(1, 90), restAfter(6, 3), restAfter(1, 86_400)], [90_000, 30_000, 300_000]);
  });
});

describe('a call', () => {
  const had = (life: number) =>
    ({ expiresAt: inSeconds(life), refreshedAt: now, createdAt: now }) as Credential;

  it('waits for a new token in the last seconds of the old one', () => {
    assert.equal(isRunningOut(had(3600), inSeconds(3594)), false);
    assert.equal(isRunningOut(had(3600), inSeconds(3595)), true);
    assert.equal(mayRunOut(inSeconds(3600), inSeconds(3595)), true);
  });

  it('uses a short-lived one for half of its life', () => {
    assert.equal(isRunningOut(had(4), inSeconds(1)), false);
    assert.equal(isRunningOut(had(4), inSeconds(2)), true);
  });
});

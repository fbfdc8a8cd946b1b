import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Principal } from '../../access/index.ts';
import { newId } from '../../kernel/index.ts';
import { createRateLimit } from './rate-limit.ts';

const keyWith = (perMinute: number | null, perHour: number | null): Principal => ({
  type: 'key',
  id: newId(),
  organizationId: newId(),
  isOperator: false,
  scopes: new Set(),
  packIds: null,
  userIds: null,
  workspaceIds: null,
  rateLimit: { perMinute, perHour },
  expiresAt: null,
});

const start = Date.parse('2026-01-01T10:00:30Z');

describe('createRateLimit', () => {
  it('lets the minute’s number through, refuses the next, and starts anew with the next minute', () => {
    const clock = { at: start, now: () => new Date(clock.at) };
    const rates = createRateLimit(clock);
    const key = keyWith(2, null);
    assert.deepEqual(rates.take(key, true), {
      limit: 2,
      remaining: 1,
      reset: start / 1000 + 30,
      fault: null,
    });
    assert.equal(rates.take(key, true).fault, null);
    const refused = rates.take(key, true);
    assert.equal(refused.fault?.kind, 'rate_limited');
    assert.equal(refused.fault?.retryAfter, 30);
    clock.at += 30_000;
    assert.equal(rates.take(key, true).fault, null);
  });

  it('keeps the hour’s number over its minutes and says when the hour ends', () => {
    const clock = { at: start, now: () => new Date(clock.at) };
    const rates = createRateLimit(clock);
    const key = keyWith(10, 3);
    for (let at = 0; at < 3; at += 1) rates.take(key, true);
    clock.at += 120_000;
    const refused = rates.take(key, true);
    assert.equal(refused.fault?.retryAfter, 3600 - 30 - 120);
    assert.equal(refused.remaining, 0);
  });

  it('only tells where a key stands when it is not to count', () => {
    const rates = createRateLimit({ now: () => new Date(start) });
    const key = keyWith(1, null);
    for (let at = 0; at < 5; at += 1) assert.equal(rates.take(key, false).remaining, 1);
    assert.equal(rates.take(keyWith(null, null), true).limit, 1000);
  });
});

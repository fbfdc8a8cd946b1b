import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import { assertWithin, boundsWithin, type KeyWish } from './key-bounds.ts';
import type { Principal, Scope } from './principal.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const inDays = (days: number): Date => new Date(now.getTime() + days * 86_400_000);

const maker = (over: Partial<Omit<Principal, 'scopes'>> & { scopes?: Scope[] } = {}): Principal => ({
  type: 'key',
  id: 'k',
  organizationId: 'o',
  isOperator: false,
  packIds: ['p1', 'p2'],
  userIds: ['u1', 'u2'],
  workspaceIds: ['w1', 'w2'],
  rateLimit: { perMinute: 100, perHour: 1000 },
  expiresAt: inDays(30),
  ...over,
  scopes: new Set(over.scopes ?? ['packs:read', 'keys:write']),
});
const free = maker({
  packIds: null,
  userIds: null,
  workspaceIds: null,
  rateLimit: { perMinute: null, perHour: null },
  expiresAt: null,
  scopes: ['management:all', 'runtime:all'],
});

test('what is left out is inherited, and neither null nor an empty list lifts anything', () => {
  const inherited = {
    scopes: ['packs:read', 'keys:write'],
    packIds: ['p1', 'p2'],
    userIds: ['u1', 'u2'],
    workspaceIds: ['w1', 'w2'],
    expiresAt: inDays(30),
    ratePerMinute: 100,
    ratePerHour: 1000,
  };
  const wishes: KeyWish[] = [
    {},
    { scopes: [], packIds: [], userIds: [], workspaceIds: [], rateLimit: {} },
    { scopes: null, packIds: null, userIds: null, workspaceIds: null, expiresAt: null, rateLimit: null },
    { rateLimit: { perMinute: null, perHour: null } },
  ];
  for (const wish of wishes) assert.deepEqual(boundsWithin(maker(), wish, now), inherited);
});

test('asking for more is refused in every dimension, never narrowed in silence', () => {
  const wishes: [string, KeyWish][] = [
    ['scope', { scopes: ['packs:read', 'packs:write'] }],
    ['all of management', { scopes: ['management:all'] }],
    ['calling', { scopes: ['runtime:all'] }],
    ['packs', { packIds: ['p1', 'p3'] }],
    ['users', { userIds: ['u3'] }],
    ['workspaces', { workspaceIds: ['w1', 'w3'] }],
    ['expiry', { expiresAt: inDays(31) }],
    ['per minute', { rateLimit: { perMinute: 101 } }],
    ['per hour', { rateLimit: { perHour: 1001 } }],
  ];
  for (const [what, wish] of wishes) {
    assert.throws(
      () => boundsWithin(maker(), wish, now),
      (error) => error instanceof Fault && error.kind === 'forbidden' && error.code === 'wider_than_parent',
      what,
    );
  }
});

test('a key without a limit of its own hands out no more than the usual one', () => {
  const most = { perMinute: 1000, perHour: 10_000 };
  assert.equal(boundsWithin(free, { rateLimit: most }, now).ratePerMinute, 1000);
  for (const rateLimit of [{ perMinute: 1001 }, { perHour: 10_001 }]) {
    assert.throws(() => boundsWithin(free, { rateLimit }, now), Fault);
  }
  const bounds = boundsWithin(free, {}, now);
  assert.deepEqual([bounds.ratePerMinute, bounds.ratePerHour], [null, null]);
  assertWithin(free, bounds);
  assert.throws(() => assertWithin(free, { ...bounds, ratePerMinute: 1001 }), Fault);
  assert.throws(() => assertWithin(maker(), { ...boundsWithin(maker(), {}, now), ratePerHour: null }), Fault);
});

test('less is given as asked, each thing once', () => {
  const wish: KeyWish = {
    scopes: ['packs:read', 'packs:read'],
    packIds: ['p2', 'p2'],
    userIds: ['u1'],
    workspaceIds: ['w2'],
    expiresAt: inDays(1),
    rateLimit: { perMinute: 1, perHour: 0 },
  };
  assert.deepEqual(boundsWithin(maker(), wish, now), {
    scopes: ['packs:read'],
    packIds: ['p2'],
    userIds: ['u1'],
    workspaceIds: ['w2'],
    expiresAt: inDays(1),
    ratePerMinute: 1,
    ratePerHour: 0,
  });
});

test('a key runs out after ninety days unless told otherwise, or with its maker if that is sooner', () => {
  assert.deepEqual(boundsWithin(free, {}, now).expiresAt, inDays(90));
  assert.deepEqual(boundsWithin(maker({ expiresAt: inDays(365) }), {}, now).expiresAt, inDays(90));
  assert.deepEqual(boundsWithin(maker(), {}, now).expiresAt, inDays(30));
  assert.equal(boundsWithin(free, { expiresAt: null }, now).expiresAt, null);
});

test('all of management holds every fine scope, and calling tools is none of them', () => {
  const manager = maker({ scopes: ['management:all'] });
  assert.deepEqual(boundsWithin(manager, { scopes: ['approvals:decide'] }, now).scopes, ['approvals:decide']);
  assert.throws(() => boundsWithin(manager, { scopes: ['runtime:all'] }, now), Fault);
});

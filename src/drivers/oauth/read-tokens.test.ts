import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRetryAfter } from './read-retry-after.ts';
import { readTokens } from './read-tokens.ts';

const now = new Date('2026-01-01T00:00:00Z');
const read = (answer: unknown, tokenPaths = {}) => readTokens(answer, { tokenPaths }, now);
const lifeOf = (expires_in: unknown): number | null => {
  const expiresAt = read({ access_token: 'a', expires_in })!.expiresAt;
  return expiresAt === null ? null : (expiresAt.getTime() - now.getTime()) / 1000;
};

test('reads a lifetime written as a number or its text, and takes an odd one for unsaid', () => {
  assert.deepEqual([3600, '3600', 1.5, 1].map(lifeOf), [3600, 3600, 1, 1]);
  const odd = [undefined, null, '', 'soon', -5, '-5', 0, 1e12, '1000000000000', Number.NaN, {}, [3600], true];
  for (const one of odd) assert.equal(lifeOf(one), null, JSON.stringify(one));
});

test('finds tokens where the connector file says they are', () => {
  const answer = {
    ok: true,
    access_token: 'bot-token',
    token_type: 'bot',
    authed_user: { access_token: 'user-token', refresh_token: 'user-refresh', scope: 'a,b' },
  };
  assert.deepEqual(read(answer)!.scopes, null);
  const paths = {
    access_token: 'authed_user.access_token',
    refresh_token: 'authed_user.refresh_token',
    scope: 'authed_user.scope',
  };
  assert.deepEqual(read(answer, paths)!.scopes, ['a', 'b']);
  assert.notEqual(read(answer, paths)!.refreshToken, null);
  assert.equal(read(answer, { access_token: 'authed_user.none' }), null);
  assert.equal(read({ access_token: 'a' }, { access_token: 'constructor.name' }), null);
});

test('reads scopes parted by spaces, by commas or as a list', () => {
  for (const scope of ['a b', 'a,b', 'a, b a', ['a', 'b']]) {
    assert.deepEqual(read({ access_token: 't', scope })!.scopes, ['a', 'b']);
  }
  for (const scope of ['', undefined, 7, []]) assert.equal(read({ access_token: 't', scope })!.scopes, null);
});

test('takes no token that a header could not carry or that is not a bearer', () => {
  const bad = [undefined, null, '', 7, 'a b', 'a\r\nx: y', 'ü', 'x'.repeat(20_000)];
  for (const access_token of bad) assert.equal(read({ access_token }), null, String(access_token));
  assert.equal(read({ access_token: 'a', token_type: 'DPoP' }), null);
  assert.equal(read('text'), null);
  assert.equal(read({ access_token: 'a', refresh_token: 'line\nbreak' })!.refreshToken, null);
  assert.equal(read({ access_token: 'a', refresh_token: '' })!.refreshToken, null);
});

test('shows tokens nowhere', () => {
  const tokens = read({ access_token: 'the-access', refresh_token: 'the-refresh' });
  assert.doesNotMatch(JSON.stringify(tokens), /the-/);
});

test('reads how long to wait from a number or a date, at most a day', () => {
  assert.equal(readRetryAfter('7', now), 7);
  assert.equal(readRetryAfter('Thu, 01 Jan 2026 00:00:30 GMT', now), 30);
  assert.equal(readRetryAfter('9999999999', now), 86_400);
  for (const odd of [undefined, '', '-1', 'soon', '1.5', 'Thu, 01 Jan 2015 00:00:00 GMT']) {
    assert.equal(readRetryAfter(odd, now), null, odd);
  }
});

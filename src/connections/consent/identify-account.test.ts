import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reply } from '../../drivers/index.ts';
import type { Json } from '../../kernel/index.ts';
import { readIdentity } from './identify-account.ts';

const reply = (value: Json | undefined, more: Partial<Reply> = {}): Reply => ({
  isError: false,
  status: 200,
  value,
  content: [],
  bytes: 0,
  ...more,
});
const identity = { label: 'user.email', id: 'user.id' };

test('an account is what never changes about it and what people call it', () => {
  const value = { user: { id: 7, email: 'ada@example.com' } };
  const account = { id: '7', label: 'ada@example.com' };
  assert.deepEqual(readIdentity(identity, reply(value)), { kind: 'known', account });
  assert.deepEqual(readIdentity({ label: 'user.email' }, reply(value)), {
    kind: 'known',
    account: { id: 'ada@example.com', label: 'ada@example.com' },
  });
  assert.deepEqual(readIdentity(identity, reply({ user: { id: 7, email: null } })), {
    kind: 'known',
    account: { id: '7', label: '7' },
  });
});

test('a 401 refuses it, and so does an answer that is nobody’s', () => {
  assert.equal(readIdentity(identity, reply({}, { isError: true, status: 401 })).kind, 'refused');
  // Some services answer 200 to whoever asks: as an anonymous user, or with an error inside.
  const nobody: (Json | undefined)[] = [{ user: { id: null } }, { ok: false }, 'text', null, undefined];
  for (const value of nobody) {
    assert.equal(readIdentity(identity, reply(value)).kind, 'refused');
  }
  assert.equal(readIdentity({ label: 'constructor.name' }, reply({})).kind, 'refused');
});

test('other errors say nothing about the account', () => {
  for (const status of [403, 404, 429, 500]) {
    assert.equal(readIdentity(identity, reply({}, { isError: true, status })).kind, 'unknown');
  }
});

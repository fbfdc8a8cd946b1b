import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../../test/fakes/faults.ts';
import { callbackFor, checkCallback } from './callback.ts';

const registered = ['https://app.example.com/done', 'https://app.example.com/done?tenant=7'];

test('a callback is one of the registered addresses, letter for letter', () => {
  for (const callbackUrl of registered) checkCallback(registered, { callbackUrl, state: 'any' });
  checkCallback(registered, { callbackUrl: null, state: null });
  for (const callbackUrl of [
    'https://app.example.com/done/',
    'https://APP.example.com/done',
    'https://app.example.com/done#',
    'https://app.example.com/done?tenant=8',
    '',
  ]) {
    assert.throws(() => checkCallback(registered, { callbackUrl, state: null }), isFault('invalid'));
  }
  assert.throws(() => checkCallback(registered, { callbackUrl: null, state: 's' }), isFault('invalid'));
});

test('the outcome joins what the address has, and cannot be spelt by it', () => {
  const wish = { callbackUrl: registered[1]!, state: 'a&status=success' };
  const url = new URL(callbackFor(registered, wish, { status: 'error', error: 'access_denied' })!);
  assert.deepEqual(
    [...url.searchParams],
    [
      ['tenant', '7'],
      ['status', 'error'],
      ['error', 'access_denied'],
      ['state', 'a&status=success'],
    ],
  );
  assert.equal(callbackFor([], wish, { status: 'error', error: 'x' }), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasGoodChecksum, hashKey, keyHint, newKeyText } from './key-text.ts';

test('a key says what it is and carries its own checksum', () => {
  for (const [kind, letter] of [
    ['admin', 'a'],
    ['access', 'k'],
    ['agent', 'g'],
  ] as const) {
    const text = newKeyText(kind);
    assert.match(text, new RegExp(`^tck_${letter}[0-9A-Za-z]{38}$`));
    assert.ok(hasGoodChecksum(text));
  }
  assert.notEqual(newKeyText('access'), newKeyText('access'));
});

test('one wrong character anywhere is noticed', () => {
  const text = newKeyText('access');
  for (let at = 0; at < text.length; at += 1) {
    const wrong = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
    assert.equal(hasGoodChecksum(wrong), false, `at ${at}`);
  }
  for (const odd of ['', `${text} `, `${text}\n`, text.slice(1), text.slice(0, -1), text.toUpperCase()]) {
    assert.equal(hasGoodChecksum(odd), false, JSON.stringify(odd));
  }
});

test('what is stored and what is shown do not give the key away', () => {
  const text = newKeyText('admin');
  assert.equal(hashKey(text).length, 32);
  assert.ok(!hashKey(text).toString('latin1').includes(text));
  assert.equal(keyHint(text).replace('…', '').length, 12);
});

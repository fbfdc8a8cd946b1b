import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanText } from './clean-text.ts';

test('keeps ordinary text of any script, with its line breaks', () => {
  for (const text of ['Plain.\n\tTwo', 'Grüße, 世界, עולם', 'a❤️b', '👍🏽']) {
    assert.deepEqual(cleanText(text, 100), { text, hadInvisible: false });
  }
});

test('removes what nobody can see and says so', () => {
  const hidden = [
    '\u200B',
    '\u202E',
    '\u2066',
    '\uFEFF',
    '\u{E0041}',
    '\u{E0101}',
    '\u0000',
    '\u001B',
    '\u3164',
    '\u00AD',
  ];
  for (const mark of hidden)
    assert.deepEqual(cleanText(`a${mark}b`, 100), { text: 'ab', hadInvisible: true });
});

test('cuts at the cap without halving a character', () => {
  assert.equal(cleanText('abcdef', 4).text, 'abc…');
  assert.equal(cleanText('ab👍cdef', 4).text, 'ab…');
  assert.equal(cleanText('x'.repeat(10_000_000), 10).text, 'xxxxxxxxx…');
});

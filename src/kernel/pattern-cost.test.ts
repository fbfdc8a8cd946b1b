import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readPattern } from './pattern-cost.ts';
import { resetPatternWork, safePattern } from './safe-pattern.ts';

test('refuses patterns whose work grows exponentially', () => {
  const bad = [
    '^(a+)+$',
    '(a*)*b',
    '^(a|a)*$',
    '(x+x+)+y',
    '^(\\w+\\s?)*$',
    '(a|ab)*c',
    '(.*)*',
    '(?:a?){40}a{40}',
  ];
  for (const source of [...bad, '(a)\\1', '(?<=a+)b', '^(([a-z])+.)+[A-Z]([a-z])+$', 'a?'.repeat(40)]) {
    assert.equal(readPattern(source), null, source);
  }
});

test('understands the patterns real schemas use', () => {
  const good = [
    '^[a-z0-9]+(?:-[a-z0-9]+)*$',
    '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
    '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?)?$',
    '^https?://',
    '^\\+[1-9]\\d{1,14}$',
    '^(?:[a-z]|[0-9])*$',
    '^(?!-)[A-Za-z]+$',
    '^\\p{L}+$',
    '^[a-zA-Z_][\\w.-]{0,63}$',
  ];
  for (const source of good) assert.notEqual(readPattern(source), null, source);
});

test('counts repetitions that can share a text, and not those that cannot', () => {
  assert.equal(readPattern('^a+b+$')?.degree, 1);
  assert.equal(readPattern('^a+a+$')?.degree, 2);
  assert.equal(readPattern('^a+-a+$')?.degree, 1);
  assert.equal(readPattern('^a+b*a+$')?.degree, 2);
  assert.equal(readPattern('^(?:a+)a+$')?.degree, 2);
  assert.equal(readPattern('a+')?.degree, 2);
});

test('runs a pattern as the engine does on short texts', () => {
  const slug = safePattern('^[a-z0-9]+(?:-[a-z0-9]+)*$', 'u');
  resetPatternWork();
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), (text) => {
      resetPatternWork();
      assert.equal(slug.test(text), /^[a-z0-9]+(?:-[a-z0-9]+)*$/u.test(text));
    }),
  );
});

test('answers quickly whatever the pattern and the text', () => {
  for (const source of ['^(a+)+$', '^a*a*a*a*a*b$', '.*.*.*=.*', '(a*)*$']) {
    const pattern = safePattern(source, 'u');
    const began = performance.now();
    resetPatternWork();
    for (let round = 0; round < 50; round++) pattern.test(`${'a'.repeat(50_000)}!`);
    assert.ok(performance.now() - began < 500, source);
  }
});

test('reading any pattern never takes long and never throws', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', '(', ')', '*', '+', '|', '[', ']', '\\d', '{2,9}', '?', '^')),
      (parts) => {
        const cost = readPattern(parts.join(''));
        assert.ok(cost === null || cost.choices >= 0);
      },
    ),
  );
});

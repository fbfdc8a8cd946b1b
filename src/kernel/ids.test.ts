import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawHex, drawRandom, hexOf, newId, parseId, prefixed } from './ids.ts';

test('an id is a UUID of version 8 and comes back from either form', () => {
  for (let round = 0; round < 200; round += 1) {
    const id = newId<'pack'>();
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(hexOf(id), /^[0-9a-f]{24}$/);
    for (const text of [
      id,
      id.toUpperCase(),
      hexOf(id),
      prefixed('pack', id),
      prefixed('pack', id).toUpperCase(),
    ]) {
      assert.equal(parseId(text), id, text);
    }
  }
});

test('two ids are never the same, also across the edge of the pool they are drawn from', () => {
  const drawn = new Set(Array.from({ length: 5_000 }, () => newId()));
  assert.equal(drawn.size, 5_000);
  assert.equal(drawHex(16).length, 32);
});

test('bytes once drawn are not written over by later draws', () => {
  const first = drawRandom(12);
  const copy = Buffer.from(first);
  for (let round = 0; round < 2_000; round += 1) drawRandom(12);
  assert.deepEqual(first, copy);
});

test('text that is no id is none, and a UUID of somebody else’s stays what it is', () => {
  for (const text of [
    '',
    'pack',
    'pack_',
    'x'.repeat(24),
    '0'.repeat(23),
    `${newId()} `,
    `\n${newId()}`,
    '__proto__',
  ]) {
    assert.equal(parseId(text), null, JSON.stringify(text));
  }
  const foreign = 'c56a4180-65aa-42ec-a945-5fd21dec0538';
  assert.equal(parseId(foreign.toUpperCase()), foreign);
});

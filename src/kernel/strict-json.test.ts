import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from './fault.ts';
import { parseStrictJson, unstorablePath } from './strict-json.ts';

const malformed = (text: string, what: RegExp) =>
  assert.throws(
    () => parseStrictJson(text),
    (error) => error instanceof Fault && error.kind === 'malformed' && what.test(error.message),
    text.slice(0, 80),
  );

test('reads what JSON.parse reads', () => {
  const texts = [
    '0', '""', 'null', ' [ ] ', '{}', '{"a":{"a":[{"a":1},{"a":2}]},"b":"a"}', '[{"a":1},{"a":2}]',
    '{"a":"{\\"b\\":1,\\"b\\":2}"}', '{"a\\\\":1,"a":2}', '{"":1,"b":[",","a","a"]}', '{"a":["x","x"],"x":1}',
  ]; // prettier-ignore
  for (const text of texts) assert.deepEqual(parseStrictJson(text), JSON.parse(text), text);
  const proto = parseStrictJson('{"__proto__":{"a":1}}') as object;
  assert.deepEqual(Object.keys(proto), ['__proto__']);
  assert.equal(Object.getPrototypeOf(proto), Object.prototype);
});

test('refuses the same key twice, however it is written and however many others there are', () => {
  malformed('{"a":1,"a":2}', /same key twice/);
  malformed('{"a":1,"\\u0061":2}', /same key twice/);
  malformed('{"x":[{"y":{"b":1,"c":[],"b":2}}]}', /same key twice/);
  malformed('{"a":"}","b":"{","a":2}', /same key twice/);
  malformed('{"__proto__":1,"__proto__":2}', /same key twice/);
  for (const others of [15, 16, 17, 100]) {
    const keys = Array.from({ length: others }, (_, index) => `"k${index}":0`).join();
    parseStrictJson(`{${keys}}`);
    malformed(`{${keys},"k0":1}`, /same key twice/);
    malformed(`{${keys},"k${others - 1}":1}`, /same key twice/);
  }
});

test('refuses what is no JSON, and what is nested too deep for whoever reads on', () => {
  for (const text of ['', '{', '{"a":1,}', "{'a':1}", 'undefined', '[1] [2]', '\ufeff{}'])
    malformed(text, /not valid JSON/);
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
  parseStrictJson(nested(128));
  malformed(nested(129), /deeper than 128/);
  malformed(nested(400_000), /deeper than 128/);
  malformed('{"a":'.repeat(129) + '1' + '}'.repeat(129), /deeper than 128/);
});

test('finds the way to the first text the database cannot hold', () => {
  assert.equal(unstorablePath({ a: ['fine', { b: '😀' }], c: null }), null);
  assert.deepEqual(unstorablePath({ a: ['fine', { b: 'x\u0000' }] }), ['a', 1, 'b']);
  assert.deepEqual(unstorablePath(['\ud800']), [0]);
  assert.deepEqual(unstorablePath({ a: { 'k\u0000': 1 } }), ['a']);
  assert.deepEqual(unstorablePath('\u0000'), []);
});

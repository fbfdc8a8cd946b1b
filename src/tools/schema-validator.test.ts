import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '../kernel/index.ts';
import { compileSchema } from './schema-validator.ts';

function messages(schema: JsonSchema, value: unknown): string[] {
  const compiled = compileSchema(schema);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.reason);
  return compiled.validate(value).map((problem) => problem.message);
}

test('names the field in a sentence, and lists all problems of a small value', () => {
  const schema = {
    type: 'object',
    properties: {
      title: {},
      count: { type: 'integer', maximum: 5 },
      state: { enum: ['open', 'closed'] },
      who: { type: 'object', properties: { email: { type: 'string', format: 'email' } } },
    },
    required: ['title'],
    additionalProperties: false,
  };
  assert.deepEqual(messages(schema, { count: 'x', state: 'gone', who: { email: 'no' }, extra: 1 }).sort(), [
    '"count" must be an integer.',
    '"extra" is not a field of this tool.',
    '"state" must be one of "open", "closed".',
    '"title" is required.',
    '"who.email" must be in the format email.',
  ]);
  assert.deepEqual(messages(schema, { title: 'a', count: 5 }), []);
});

test('takes inherited names for ordinary names', () => {
  const schema = { type: 'object', required: ['constructor', 'toString'] };
  assert.deepEqual(messages(schema, {}), ['"constructor" is required.', '"toString" is required.']);
  assert.deepEqual(messages({ properties: { constructor: { type: 'string' } } }, {}), []);
});

test('resolves references inside the schema and refuses those outside', () => {
  const inside = { $defs: { S: { type: 'string' } }, properties: { a: { $ref: '#/$defs/S' } } };
  assert.deepEqual(messages(inside, { a: 1 }), ['"a" must be a string.']);
  const outside = compileSchema({ properties: { a: { $ref: 'https://example.com/schema.json' } } });
  assert.equal(outside.ok, false);
});

test('keeps the identifiers of one schema from another', () => {
  const id = 'https://json-schema.org/draft/2020-12/schema';
  assert.deepEqual(
    messages({ $id: id, type: 'string', $schema: 'http://json-schema.org/draft-07/schema#' }, 1),
    ['The value must be a string.'],
  );
  assert.deepEqual(
    messages({ properties: { a: { $id: 'https://x.example/y', type: 'string' } } }, { a: 1 }),
    ['"a" must be a string.'],
  );
  assert.deepEqual(messages({ properties: { b: { $id: 'https://x.example/y', type: 'null' } } }, { b: 1 }), [
    '"b" must be null.',
  ]);
  assert.equal(compileSchema({ $ref: 'https://x.example/y' }).ok, false);
  assert.deepEqual(
    messages(
      { $id: 'https://s.example/a', $defs: { N: { type: 'null' } }, $ref: 'https://s.example/a#/$defs/N' },
      1,
    ),
    ['The value must be null.'],
  );
});

test('understands forms of older drafts', () => {
  assert.deepEqual(messages({ type: 'number', minimum: 1, exclusiveMinimum: true }, 1), [
    'The value must be greater than 1.',
  ]);
  assert.deepEqual(messages({ items: [{ type: 'string' }] }, [1]), [
    '"[0]" must be a string.'.replace('"[0]"', '"[0]"'),
  ]);
  assert.deepEqual(messages({ nullable: true }, null), []);
  assert.deepEqual(
    messages({ properties: { id: { type: 'string' }, $id: { type: 'string' } } }, { id: 1, $id: 1 }).length,
    2,
  );
});

test('puts aside what is invalid, too large or too deep, with a reason', () => {
  const reason = (schema: JsonSchema): string => {
    const compiled = compileSchema(schema);
    assert.equal(compiled.ok, false);
    return compiled.ok ? '' : compiled.reason;
  };
  assert.match(reason({ type: 'strnig' }), /cannot be used/);
  assert.match(reason({ $ref: '#/$defs/Missing' }), /cannot be used/);
  assert.match(reason({ description: 'x'.repeat(300_000) }), /the limit is 262144/);
  let deep: JsonSchema = { type: 'string' };
  for (let level = 0; level < 100_000; level++) deep = { not: deep };
  assert.match(reason(deep), /deeper than 128/);
  assert.match(reason({ pattern: '(' }), /cannot be used/);
});

test('ends quickly for schemas and values that are made to take long', () => {
  const both: JsonSchema = {
    anyOf: [
      { properties: { a: { $ref: '#' } }, required: ['z'] },
      { properties: { a: { $ref: '#' } }, required: ['y'] },
    ],
  };
  let value: object = {};
  for (let level = 0; level < 40; level++) value = { a: value };
  const began = performance.now();
  assert.deepEqual(messages(both, value), ['The value is too involved to be checked.']);
  assert.deepEqual(messages({ pattern: '^(a+)+$' }, `${'a'.repeat(40)}!`), []);
  const distinct = Array.from({ length: 50_000 }, (_, index) => [index]);
  assert.deepEqual(messages({ uniqueItems: true }, distinct), []);
  assert.equal(messages({ items: { type: 'string' } }, distinct).length, 1);
  let nested: unknown = 1;
  for (let level = 0; level < 100_000; level++) nested = [nested];
  assert.deepEqual(messages({ type: 'array', items: { $ref: '#' } }, nested).length, 1);
  assert.ok(performance.now() - began < 3_000);
});

test('checks uniqueness by value', () => {
  assert.deepEqual(
    messages({ uniqueItems: true }, [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ]),
    ['The value must not have the same item twice.'],
  );
});

test('never throws over odd values', () => {
  assert.equal(messages({ enum: [{ valueOf: 1 }, 'a'] }, { valueOf: 2 }).length, 1);
});

test('compiles one content once, and changes nothing in it', () => {
  const schema = Object.freeze({
    type: 'object',
    properties: Object.freeze({ a: Object.freeze({ type: 'string' }) }),
  });
  assert.equal(
    compileSchema(schema),
    compileSchema({ properties: { a: { type: 'string' } }, type: 'object' }),
  );
});

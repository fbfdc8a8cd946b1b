import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Json, JsonSchema } from '../kernel/index.ts';
import { learnSchema } from './learn-schema.ts';
import { compileSchema } from './schema-validator.ts';

test('learns types, merged over samples', () => {
  const first = learnSchema(null, { id: 1, name: 'SECRET', tags: ['a'], next: null });
  assert.deepEqual(learnSchema(first, { id: 1.5, next: 'x', tags: [null] }), {
    type: 'object',
    properties: {
      id: { type: 'number' },
      name: { type: 'string' },
      tags: { type: 'array', items: { type: ['null', 'string'] } },
      next: { type: ['null', 'string'] },
    },
  });
});

test('answers the same schema when a sample adds nothing', () => {
  const schema = learnSchema(null, { a: [{ b: 1 }] });
  assert.equal(learnSchema(schema, { a: [] }), schema);
});

test('keeps no name that is data', () => {
  const schema = learnSchema(null, {
    'ada@example.com': 1,
    '2026-01-01': 2,
    '0f8fad5b-d9cb-469f-a165-70867728950e': 3,
    ok: 4,
  });
  assert.deepEqual(schema, {
    type: 'object',
    properties: { ok: { type: 'integer' } },
    additionalProperties: { type: 'integer' },
  });
  const wide = learnSchema(
    null,
    Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`k${index}`, true])),
  );
  assert.deepEqual(wide, { type: 'object', additionalProperties: { type: 'boolean' } });
});

test('stays small for deep replies', () => {
  let deep: Json = 1;
  for (let level = 0; level < 5_000; level++) deep = { a: deep };
  assert.ok(JSON.stringify(learnSchema(null, deep)).length < 1_000);
});

test('every reply fits what was learned from it and others', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 5 }), { minLength: 1, maxLength: 5 }), (samples) => {
      const schema = samples.reduce<JsonSchema | null>(
        (known, sample) => learnSchema(known, sample as Json),
        null,
      );
      const compiled = compileSchema(schema!);
      assert.ok(compiled.ok);
      for (const sample of samples) {
        if (!JSON.stringify(sample).includes('__proto__')) assert.deepEqual(compiled.validate(sample), []);
      }
    }),
  );
});

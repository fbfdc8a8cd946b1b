import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '../kernel/index.ts';
import { staleInputFields } from './stale-inputs.ts';

const accepted: JsonSchema = {
  type: 'object',
  properties: {
    a: { type: 'string' },
    b: { enum: ['x', 'y'] },
    c: { type: 'string' },
    d: { $ref: '#/$defs/D' },
  },
  $defs: { D: { type: 'integer' } },
};

test('names fields that were removed, retyped, or whose value is no longer allowed', () => {
  const newest: JsonSchema = {
    type: 'object',
    properties: { b: { enum: ['y'] }, c: { type: 'integer' }, d: { type: 'string' } },
  };
  const rules = {
    a: { title: 'A' },
    b: { mode: 'default', value: 'x' },
    c: { mode: 'pinned', value: 'v' },
    d: { mode: 'pinned', secret: 's' },
  } as const;
  assert.deepEqual(staleInputFields(rules, newest, accepted), ['a', 'b', 'c', 'd']);
  assert.deepEqual(staleInputFields(rules, accepted, accepted), []);
  assert.deepEqual(staleInputFields({ b: { enum: ['x', 'y'] } }, newest, accepted), ['b']);
});

test('keeps a field whose value still fits a wider type', () => {
  const newest: JsonSchema = { properties: { a: { type: ['string', 'null'] } } };
  assert.deepEqual(staleInputFields({ a: { mode: 'default', value: 'v' } }, newest, accepted), []);
  assert.deepEqual(staleInputFields(null, newest), []);
});

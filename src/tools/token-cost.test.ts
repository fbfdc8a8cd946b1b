import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTokens, tokenCost } from './token-cost.ts';

test('counts tokens of a text, and of a tool as JSON', () => {
  assert.equal(countTokens(''), 0);
  assert.equal(countTokens('hello world'), 2);
  const small = tokenCost({ name: 'a', input_schema: { type: 'object' } });
  const large = tokenCost({
    name: 'a',
    description: 'Lists the issues of a repository.',
    input_schema: { type: 'object' },
  });
  assert.ok(small > 5 && large > small + 5);
});

test('counts marks that mean something to a model as text', () => {
  assert.ok(countTokens('<|endoftext|>') > 1);
});

test('is quick for one very long word', () => {
  const began = performance.now();
  assert.ok(countTokens('a'.repeat(200_000)) > 1_000);
  assert.ok(performance.now() - began < 3_000);
});

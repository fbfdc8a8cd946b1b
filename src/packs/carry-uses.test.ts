import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carryUse, type PackUse } from './carry-uses.ts';

test('favourites follow their tools, by the names that agents see', () => {
  const carry = new Map([
    ['find', { name: 'search', steps: [] }],
    ['move', { name: 'move', steps: [] }],
  ]);
  const use: PackUse = {
    packId: 'p',
    agentId: null,
    slug: 'p',
    name: 'P',
    names: 'prefixed',
    favourites: ['items__find', 'other__find', 'items__move'],
    tools: null,
    overrides: {},
  };
  assert.deepEqual(carryUse(use, 'items', carry).favourites, ['items__search', 'other__find', 'items__move']);
  const plain: PackUse = { ...use, names: 'plain', favourites: ['find', 'move'] };
  assert.deepEqual(carryUse(plain, 'items', carry).favourites, ['search', 'move']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SealedValue, type Arguments } from '../drivers/index.ts';
import { compileConfirmation, confirmationOf } from './confirmation.ts';
import type { Condition, Confirmation } from './curation.ts';
import type { Tool } from './tool.ts';

const inputSchema = {
  type: 'object',
  properties: {
    amount: { type: 'number' },
    to: { type: 'string' },
    lines: { type: 'array', items: { type: 'object' } },
    note: {},
  },
};

const asks = (confirmation: Confirmation, args: Arguments): boolean | null =>
  compileConfirmation(confirmation, { inputSchema })?.(args) ?? null;
const one = (condition: Condition, args: Arguments): boolean | null => asks({ any: [condition] }, args);

test('true asks always, false never', () => {
  assert.equal(asks(true, {}), true);
  assert.equal(asks(false, {}), null);
});

test('the setting of the tool wins over its connection’s, and that over the author’s', () => {
  const settings = [null, true, false] as const;
  for (const own of [...settings, { any: [] }]) {
    for (const outer of settings) {
      for (const effect of ['read', 'write'] as const) {
        for (const confirm of [true, false]) {
          const tool = { curation: { requiresConfirmation: own }, definition: { effect, confirm } };
          const expected = own ?? (outer === null ? confirm : outer && (effect !== 'read' || confirm));
          assert.equal(confirmationOf(tool as Tool, { requiresConfirmation: outer }), expected);
        }
      }
    }
  }
});

test('each operator holds for what it says', () => {
  const cases: [Condition, Arguments, boolean][] = [
    [{ path: 'to', op: 'eq', value: 'a' }, { to: 'a' }, true],
    [{ path: 'to', op: 'eq', value: 'a' }, { to: 'A' }, false],
    [{ path: 'note', op: 'eq', value: { a: 1, b: 2 } }, { note: { b: 2, a: 1 } }, true],
    [{ path: 'to', op: 'ne', value: 'a' }, { to: 'b' }, true],
    [{ path: 'to', op: 'ne', value: 'a' }, { to: 'a' }, false],
    [{ path: 'to', op: 'ne', value: 'a' }, {}, true],
    [{ path: 'amount', op: 'gt', value: 5 }, { amount: 5 }, false],
    [{ path: 'amount', op: 'gt', value: 5 }, { amount: 5.01 }, true],
    [{ path: 'amount', op: 'lt', value: 0 }, { amount: -1 }, true],
    [{ path: 'amount', op: 'lt', value: 0 }, { amount: 0 }, false],
    [{ path: 'amount', op: 'gt', value: 5 }, {}, false],
    [{ path: 'to', op: 'in', value: ['a', 'b'] }, { to: 'b' }, true],
    [{ path: 'to', op: 'in', value: ['a', 'b'] }, { to: 'c' }, false],
    [{ path: 'to', op: 'matches', value: '@shop\\.example$' }, { to: 'x@shop.example' }, true],
    [{ path: 'to', op: 'matches', value: '^a$' }, { to: 'b' }, false],
    [{ path: 'to', op: 'present' }, { to: '' }, true],
    [{ path: 'to', op: 'present' }, {}, false],
    [{ path: 'to', op: 'present', value: false }, {}, true],
    [{ path: 'to', op: 'present', value: false }, { to: 'a' }, false],
  ];
  for (const [condition, args, expected] of cases) {
    assert.equal(one(condition, args), expected, JSON.stringify([condition, args]));
  }
});

test('a path goes into objects and lists; with [] one element is enough', () => {
  const args: Arguments = { lines: [{ cost: 1 }, { cost: 90, tags: ['x'] }] };
  const cost = (path: string, value: number) => one({ path, op: 'gt', value }, args);
  assert.equal(cost('lines[].cost', 80), true);
  assert.equal(cost('lines[].cost', 90), false);
  assert.equal(cost('lines[0].cost', 0), true);
  assert.equal(cost('lines[7].cost', 0), false);
  assert.equal(one({ path: 'lines[].tags[]', op: 'eq', value: 'x' }, args), true);
  assert.equal(one({ path: 'lines.length', op: 'present' }, args), false);
  assert.equal(one({ path: 'note[].tag', op: 'present' }, { note: ['x', { tag: 1 }] }), true);
  assert.equal(one({ path: 'note.constructor', op: 'present' }, { note: {} }), false);
});

test('any needs one condition, all needs each', () => {
  const conditions: Condition[] = [
    { path: 'amount', op: 'gt', value: 5 },
    { path: 'to', op: 'eq', value: 'a' },
  ];
  for (const [args, any, all] of [
    [{ amount: 6, to: 'a' }, true, true],
    [{ amount: 6, to: 'b' }, true, false],
    [{ amount: 1, to: 'b' }, false, false],
  ] as const) {
    assert.equal(asks({ any: conditions }, args), any);
    assert.equal(asks({ all: conditions }, args), all);
  }
});

test('what cannot be told asks', () => {
  assert.equal(one({ path: 'gone', op: 'eq', value: 1 }, { amount: 1 }), true, 'a field that is no more');
  assert.equal(one({ path: 'amount', op: 'gt', value: 5 }, { amount: '6' }), true, 'a number as text');
  assert.equal(one({ path: 'amount', op: 'gt', value: 5 }, { amount: '1' }), false);
  assert.equal(one({ path: 'amount', op: 'gt', value: 5 }, { amount: 'many' }), true);
  assert.equal(one({ path: 'amount', op: 'lt', value: 5 }, { amount: [9] }), true);
  assert.equal(one({ path: 'to', op: 'matches', value: '^a$' }, { to: ['b'] }), true);
  for (const note of ['a', { email: 'a' }, [['a']], 7, true]) {
    assert.equal(one({ path: 'note[].email', op: 'eq', value: 'b' }, { note }), true, 'no list of objects');
  }
  assert.equal(one({ path: 'note[0]', op: 'in', value: ['b'] }, { note: { 0: 'b' } }), true);
  assert.equal(one({ path: 'lines.length', op: 'gt', value: 5 }, { lines: [] }), true);
  for (const note of [null, [], [null], [{}], [{ email: 'a' }]]) {
    assert.equal(one({ path: 'note[].email', op: 'eq', value: 'b' }, { note }), false);
  }
  const costly = { path: 'to', op: 'matches', value: '^(a+)+$' } as const;
  assert.equal(one(costly, { to: 'a'.repeat(60) + 'b' }), true);
  assert.equal(one({ path: 'to', op: 'eq', value: 'a' }, { to: new SealedValue('s') }), true);
});

test('a key that could be taken for the field of a condition asks', () => {
  const condition: Condition = { path: 'amount', op: 'gt', value: 5 };
  for (const key of ['Amount', 'amount ', 'ＡＭＯＵＮＴ', 'amount.value', 'order[amount]', 'amo\u200bunt']) {
    assert.equal(one(condition, { amount: 1, [key]: 900 }), true, key);
  }
  assert.equal(one(condition, { amount: 1, other: 900 }), false);
});

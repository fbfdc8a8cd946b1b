import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import {
  carryByName,
  carryConfirmation,
  carryNames,
  carryParameters,
  carryRules,
  type FieldStep,
} from './carry.ts';

const step = (
  renames: Record<string, string>,
  values: Record<string, Record<string, string>> = {},
): FieldStep => ({
  renames: new Map(Object.entries(renames)),
  values: new Map(Object.entries(values).map(([field, map]) => [field, new Map(Object.entries(map))])),
});

test('conditions follow their field and its values', () => {
  const steps = [step({ p: 'the field', kind: 'type' }, { type: { big: 'large' } })];
  assert.deepEqual(
    carryConfirmation(
      {
        any: [
          { path: 'p.deep[0]', op: 'present' },
          { path: 'kind', op: 'eq', value: 'big' },
          { path: 'kind', op: 'in', value: ['big', 'small'] },
          { path: 'kind', op: 'matches', value: 'big' },
          { path: 'other', op: 'eq', value: 'big' },
        ],
      },
      steps,
    ),
    {
      any: [
        { path: 'the field.deep[0]', op: 'present' },
        { path: 'type', op: 'eq', value: 'large' },
        { path: 'type', op: 'in', value: ['large', 'small'] },
        { path: 'type', op: 'matches', value: 'big' },
        { path: 'other', op: 'eq', value: 'big' },
      ],
    },
  );
  assert.equal(carryConfirmation(true, steps), true);
  assert.deepEqual(carryConfirmation({ all: [{ path: 'p', op: 'present' }] }, [step({ p: 'a.b' })]), {
    all: [{ path: '["a.b"]', op: 'present' }],
  });
});

test('two rules never become one', () => {
  const rules = { p: { mode: 'pinned', value: 1 }, q: { mode: 'pinned', value: 2 } } as const;
  assert.throws(
    () => carryRules(rules, [step({ p: 'q' })]),
    (error: unknown) => error instanceof Fault && error.code === 'migration_collision',
  );
  assert.deepEqual(carryRules(rules, [step({ p: 'q', q: 'p' })]), { q: rules.p, p: rules.q });
  assert.deepEqual(Object.keys(carryRules(rules, [step({ p: '__proto__' })])!), ['__proto__', 'q']);
});

test('a name that no tool had selects none that has it now', () => {
  const carry = new Map([
    ['a', { name: 'b', steps: [] }],
    ['c', { name: 'c', steps: [] }],
  ]);
  assert.deepEqual(carryNames(['a', 'c', 'gone'], carry), ['b', 'c', 'gone']);
  assert.deepEqual(carryNames(['b'], carry), []);
  assert.deepEqual(
    carryByName({ a: 1, b: 2, gone: 3 }, carry, (value) => value),
    { b: 1, gone: 3 },
  );
});

test('a further parameter stays behind the field it stands behind', () => {
  const [parameter] = carryParameters([{ name: 'p', in: 'query', type: 'string' }], [step({ p: 'q' })]);
  assert.equal(parameter!.name, 'q');
});

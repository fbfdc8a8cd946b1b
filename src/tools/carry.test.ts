import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import { carryConfirmation } from './carry-confirmation.ts';
import { carryByName, carryNames, carryParameters, carryRules, type FieldStep } from './carry.ts';
import type { Condition } from './curation.ts';

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
          { path: 'kind[0]', op: 'ne', value: 'big' },
          { path: 'kind', op: 'present' },
          { path: 'other', op: 'matches', value: 'big' },
        ],
      },
      steps,
    ),
    {
      any: [
        { path: 'the field.deep[0]', op: 'present' },
        { path: 'type', op: 'eq', value: 'large' },
        { path: 'type', op: 'in', value: ['large', 'small'] },
        { path: 'type[0]', op: 'ne', value: 'large' },
        { path: 'type', op: 'present' },
        { path: 'other', op: 'matches', value: 'big' },
      ],
    },
  );
  assert.equal(carryConfirmation(true, steps), true);
  assert.deepEqual(carryConfirmation({ all: [{ path: 'p', op: 'present' }] }, [step({ p: 'a.b' })]), {
    all: [{ path: '["a.b"]', op: 'present' }],
  });
});

test('what cannot be said of the new names and values asks always', () => {
  const mapped = [step({ kind: 'type' }, { type: { big: 'large', huge: 'large' } })];
  const asks = (condition: Condition, steps: readonly FieldStep[]) =>
    carryConfirmation({ any: [{ path: 'fine', op: 'present' }, condition] }, steps) === true;
  for (const [op, value] of [
    ['matches', '^big$'],
    ['gt', 1],
    ['lt', 1],
  ] as const) {
    assert.equal(asks({ path: 'kind', op, value }, mapped), true, op);
    assert.equal(asks({ path: 'kind[]', op, value }, mapped), true, op);
    assert.equal(asks({ path: 'kind.within', op, value }, mapped), false, op);
    assert.equal(asks({ path: 'other', op, value }, mapped), false, op);
  }
  // A call that asked, since it was not big, would be large now.
  const joined = [{ ...mapped[0]!, joined: new Map([['type', new Set(['large'])]]) }];
  assert.equal(asks({ path: 'kind', op: 'ne', value: 'big' }, joined), true);
  assert.equal(asks({ path: 'kind', op: 'ne', value: 'small' }, joined), false);
  assert.equal(asks({ path: 'kind', op: 'eq', value: 'big' }, joined), false);
  // Back again the large ones are big or huge.
  const parted = [{ ...step({ type: 'kind' }), parted: new Map([['kind', new Set(['large'])]]) }];
  assert.equal(asks({ path: 'type', op: 'eq', value: 'large' }, parted), true);
  assert.equal(asks({ path: 'type', op: 'in', value: ['small', 'large'] }, parted), true);
  assert.equal(asks({ path: 'type', op: 'matches', value: 'large' }, parted), true);
  assert.equal(asks({ path: 'type', op: 'ne', value: 'large' }, parted), false);
  assert.equal(asks({ path: 'type', op: 'eq', value: 'small' }, parted), false);
  // The field it spoke of has gone, and another has its name.
  assert.equal(asks({ path: 'type', op: 'eq', value: 'small' }, mapped), true);
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

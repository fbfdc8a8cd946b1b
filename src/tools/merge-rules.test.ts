import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { InputRule } from './curation.ts';
import { mergeRules } from './merge-rules.ts';

const merge = (lower: InputRule, upper: InputRule) => {
  const { rules, problems } = mergeRules({ f: lower }, { f: upper });
  return { rule: rules.f, problems: problems.map((problem) => problem.path.join('/')) };
};

test('lets a pack pin, hide, default, narrow and relabel', () => {
  assert.deepEqual(merge({ mode: 'default', value: 1 }, { mode: 'pinned', value: 2 }), {
    rule: { mode: 'pinned', value: 2 },
    problems: [],
  });
  assert.deepEqual(merge({ mode: 'default', value: 1 }, { mode: 'hidden' }), {
    rule: { mode: 'hidden', value: 1 },
    problems: [],
  });
  assert.deepEqual(merge({ enum: [1, 2] }, { mode: 'default', value: 2, title: 'T' }), {
    rule: { enum: [1, 2], mode: 'default', value: 2, title: 'T' },
    problems: [],
  });
  assert.deepEqual(merge({ enum: [1, 2] }, { enum: [2] }), { rule: { enum: [2] }, problems: [] });
});

test('lets no pack unpin, unhide or send another value', () => {
  const pinned: InputRule = { mode: 'pinned', value: 1 };
  assert.deepEqual(merge(pinned, { mode: 'default', value: 1 }), { rule: pinned, problems: ['f/mode'] });
  assert.deepEqual(merge(pinned, { mode: 'pinned', value: 2 }), { rule: pinned, problems: ['f/value'] });
  assert.deepEqual(merge(pinned, { mode: 'pinned', value: 1 }), { rule: pinned, problems: [] });
  assert.deepEqual(merge(pinned, { mode: 'hidden' }), { rule: { mode: 'hidden', value: 1 }, problems: [] });
  assert.deepEqual(merge({ mode: 'hidden' }, { mode: 'pinned', value: 2 }), {
    rule: { mode: 'hidden' },
    problems: ['f/value'],
  });
  assert.deepEqual(merge({ mode: 'pinned', secret: 's' }, { mode: 'pinned', value: 2 }), {
    rule: { mode: 'pinned', secret: 's' },
    problems: ['f/value'],
  });
});

test('intersects enums, and says when a pack asks for more', () => {
  assert.deepEqual(merge({ enum: [1, 2] }, { enum: [2, 3] }), { rule: { enum: [2] }, problems: ['f/enum'] });
  assert.deepEqual(merge({ enum: [1] }, { enum: [3] }), { rule: { enum: [] }, problems: ['f/enum'] });
  assert.deepEqual(merge({ enum: [1] }, { mode: 'pinned', value: 3 }).problems, ['f/value']);
  assert.deepEqual(merge({ mode: 'default', value: 1 }, { enum: [2] }), {
    rule: { enum: [2] },
    problems: [],
  });
});

test('says who said each part', () => {
  const { origins } = mergeRules(
    { a: { mode: 'default', value: 1, title: 'A' } },
    { a: { mode: 'pinned', value: 2 }, b: { title: 'B' } },
  );
  assert.deepEqual(origins, {
    a: { mode: 'pack', value: 'pack', title: 'connection' },
    b: { title: 'pack' },
  });
});

test('keeps odd names apart', () => {
  const lower = JSON.parse('{"__proto__":{"title":"a"}}');
  assert.deepEqual(Object.keys(mergeRules(lower, { constructor: { title: 'b' } }).rules), [
    '__proto__',
    'constructor',
  ]);
});

test('never frees what the connection fixed', () => {
  const value = fc.integer({ min: 0, max: 3 });
  const rule = fc.record(
    { mode: fc.constantFrom('default', 'pinned', 'hidden'), value, enum: fc.array(value) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(rule, rule, (lower, upper) => {
      const merged = mergeRules({ f: lower as InputRule }, { f: upper as InputRule }).rules.f!;
      if (lower.mode === 'pinned') assert.ok(merged.mode === 'pinned' || merged.mode === 'hidden');
      if (lower.mode === 'hidden') assert.equal(merged.mode, 'hidden');
      if (lower.mode === 'pinned' || lower.mode === 'hidden') assert.equal(merged.value, lower.value);
      else if (lower.enum && merged.enum)
        assert.ok(merged.enum.every((item) => lower.enum!.includes(item as number)));
    }),
  );
});

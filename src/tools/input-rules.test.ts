import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { JsonSchema } from '../kernel/index.ts';
import { checkInputRules, countRules, isSecretField, parseInputRules } from './input-rules.ts';

const places = (problems: readonly { type: string; path: readonly (string | number)[] }[]): string[] =>
  problems.map((problem) => `${problem.type} ${problem.path.join('/')}`);

const schema: JsonSchema = {
  type: 'object',
  required: ['owner'],
  properties: {
    owner: { type: 'string' },
    state: { enum: ['open', 'closed', 'all'] },
    count: { type: 'integer', minimum: 1 },
    who: { $ref: '#/$defs/Person' },
    target: { oneOf: [{ type: 'string', format: 'uuid' }, { type: 'null' }] },
    value: { type: 'string' },
    constructor: { type: 'boolean' },
    key: { type: 'string', format: 'password' },
    box: { $ref: '#/$defs/Box' },
    twin: { $ref: '#/properties/count' },
    tree: { $ref: '#/$defs/Tree' },
  },
  $defs: {
    Person: {
      type: 'object',
      required: ['email'],
      properties: { email: { type: 'string', format: 'email' } },
    },
    Box: { type: 'object', properties: { inside: { type: 'string', writeOnly: true } } },
    Tree: { type: 'object', properties: { children: { type: 'array', items: { $ref: '#/$defs/Tree' } } } },
  },
};

test('reads every part of the vocabulary and refuses every other key', () => {
  const rule = { mode: 'pinned', value: null, enum: ['a'], title: 'T', description: 'D' };
  assert.deepEqual(parseInputRules({ a: rule, b: null }, ['inputs']), {
    rules: { a: rule },
    cleared: ['b'],
    problems: [],
  });
  const wrong = {
    a: { mode: 'fixed', value: 1 },
    b: { mode: 'pinned' },
    c: { value: 1 },
    d: { secret: 's' },
    e: { enum: [], title: 1, description: 'x'.repeat(5_000) },
    f: 'x',
  };
  assert.deepEqual(places(parseInputRules(wrong, ['inputs']).problems), [
    'literal_error inputs/a/mode',
    'missing inputs/b/value',
    'value_error inputs/c/value',
    'extra_forbidden inputs/d/secret',
    'too_short inputs/e/enum',
    'string_type inputs/e/title',
    'string_too_long inputs/e/description',
    'dict_type inputs/f',
  ]);
  assert.equal(parseInputRules([], ['inputs']).problems[0]?.type, 'dict_type');
});

test('lists every offending field at once, with its place', () => {
  const rules = {
    nope: { mode: 'default', value: 1 },
    count: { mode: 'default', value: 0 },
    who: { mode: 'pinned', value: { email: 'x' } },
    target: { mode: 'default', value: 'not-a-uuid' },
    state: { enum: ['open', 'gone'] },
    twin: { mode: 'default', value: 'x' },
    tree: { mode: 'default', value: { children: [{ children: 1 }] } },
  } as const;
  assert.deepEqual(places(checkInputRules(rules, schema, { path: ['input_defaults'] })), [
    'unknown_field input_defaults/nope',
    'wrong_type input_defaults/count/value',
    'wrong_type input_defaults/who/value',
    'wrong_type input_defaults/target/value',
    'wrong_type input_defaults/state/enum',
    'wrong_type input_defaults/twin/value',
    'wrong_type input_defaults/tree/value',
  ]);
});

test('takes value, __proto__, constructor and toString for names only', () => {
  const { rules } = parseInputRules(
    JSON.parse(
      '{"__proto__":{"mode":"default","value":1},"toString":{"mode":"hidden"},"value":{"mode":"default","value":"a"},"constructor":{"mode":"pinned","value":true}}',
    ),
    [],
  );
  assert.deepEqual(Object.keys(rules), ['__proto__', 'toString', 'value', 'constructor']);
  assert.equal(Object.getPrototypeOf(rules), Object.prototype);
  assert.deepEqual(places(checkInputRules(rules, schema)), [
    'unknown_field __proto__',
    'unknown_field toString',
  ]);
});

test('checks a pin, and only a pin, against the newest schema too', () => {
  const newestSchema: JsonSchema = { type: 'object', properties: { count: { type: 'string' } } };
  const check = (mode: 'default' | 'pinned' | 'hidden', field = 'count') =>
    places(
      checkInputRules({ [field]: { mode, value: field === 'count' ? 2 : 'open' } }, schema, { newestSchema }),
    );
  assert.deepEqual(check('default'), []);
  assert.deepEqual(check('pinned'), ['wrong_type count/value']);
  assert.deepEqual(check('hidden'), ['wrong_type count/value']);
  assert.deepEqual(check('pinned', 'state'), ['unknown_field state']);
});

test('hides a required field only with a value, its own or the one beneath', () => {
  const rules = { owner: { mode: 'hidden' } } as const;
  assert.deepEqual(places(checkInputRules(rules, schema)), ['value_error owner']);
  assert.deepEqual(
    checkInputRules(rules, schema, { beneath: { owner: { mode: 'default', value: 'a' } } }),
    [],
  );
});

test('finds fields in references, allOf and unions at the top', () => {
  const nested: JsonSchema = {
    allOf: [{ $ref: '#/$defs/Base' }],
    oneOf: [
      { properties: { kind: { const: 'a' }, a: { type: 'string' } } },
      { properties: { kind: { const: 'b' } } },
    ],
    $defs: { Base: { type: 'object', properties: { id: { type: 'integer' } } } },
  };
  assert.deepEqual(places(checkInputRules({ id: { mode: 'default', value: 'x' } }, nested)), [
    'wrong_type id/value',
  ]);
  assert.deepEqual(checkInputRules({ kind: { mode: 'pinned', value: 'b' } }, nested), []);
  assert.deepEqual(places(checkInputRules({ kind: { mode: 'pinned', value: 'c' } }, nested)), [
    'wrong_type kind/value',
  ]);
});

test('leaves a secret value out of the problem', () => {
  const [problem] = checkInputRules({ key: { mode: 'pinned', value: 5 } }, schema);
  assert.equal(problem?.type, 'wrong_type');
  assert.equal(problem !== undefined && 'input' in problem, false);
  assert.ok(isSecretField(schema, 'key') && isSecretField(schema, 'box'));
  assert.ok(
    !isSecretField(schema, 'owner') && !isSecretField(schema, 'tree') && !isSecretField(schema, 'absent'),
  );
});

test('counts a hidden field with a value as pinned', () => {
  assert.deepEqual(
    countRules({
      a: { mode: 'default', value: 1 },
      b: { mode: 'pinned', value: 1 },
      c: { mode: 'hidden', secret: 's' },
      d: { mode: 'hidden' },
      e: {},
    }),
    { defaultCount: 1, pinnedCount: 2 },
  );
});

test('never throws, whatever is sent', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const { rules } = parseInputRules(value, []);
      checkInputRules(rules, schema);
    }),
  );
});

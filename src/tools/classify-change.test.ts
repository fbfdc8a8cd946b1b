import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Definition } from '../connectors/index.ts';
import type { Json, JsonSchema } from '../kernel/index.ts';
import { classifyChange, type ChangeClass } from './classify-change.ts';

const definition = (overrides: Partial<Definition> = {}): Definition => ({
  path: 'find',
  name: 'find',
  title: 'Find',
  description: 'Finds tickets.',
  inputSchema: object({ query: { type: 'string' } }, ['query']),
  outputSchema: object({ id: { type: 'string' } }),
  effect: 'read',
  confirm: false,
  idempotent: true,
  binding: { kind: 'mcp', tool: 'find' },
  quarantine: null,
  ...overrides,
});

const object = (properties: Record<string, Json>, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties,
  required,
});

function classOf(before: Partial<Definition>, after: Partial<Definition>): ChangeClass | null {
  return classifyChange(definition(before), definition(after)).class;
}

/** What a change of one input field says: its classes by pointer below the field. */
function ofField(before: Json, after: Json): Record<string, ChangeClass> {
  const { diff } = classifyChange(
    definition({ inputSchema: object({ x: before }) }),
    definition({ inputSchema: object({ x: after }) }),
  );
  return Object.fromEntries(
    diff.map((one) => [one.path.replace('/input_schema/properties/x', ''), one.class]),
  );
}

const ofInput = (before: JsonSchema, after: JsonSchema): ChangeClass | null =>
  classOf({ inputSchema: before }, { inputSchema: after });
const ofOutput = (before: JsonSchema | null, after: JsonSchema | null): ChangeClass | null =>
  classOf({ outputSchema: before }, { outputSchema: after });

test('sees no change in the order of keys and sets, in names of $defs and in those nobody uses', () => {
  const before = {
    type: 'object',
    properties: { a: { $ref: '#/$defs/A' }, b: { enum: ['x', 'y'], type: ['string', 'null'] } },
    required: ['a', 'b'],
    $defs: {
      A: { type: 'object', properties: { again: { $ref: '#/$defs/A' } } },
      Unused: { type: 'string' },
    },
  };
  const after = {
    $defs: { Renamed: { properties: { again: { $ref: '#/$defs/Renamed' } }, type: 'object' } },
    required: ['b', 'a'],
    properties: { b: { type: ['null', 'string'], enum: ['y', 'x'] }, a: { $ref: '#/$defs/Renamed' } },
    type: 'object',
  };
  assert.deepEqual(classifyChange(definition({ inputSchema: before }), definition({ inputSchema: after })), {
    class: null,
    diff: [],
  });
});

test('sees no change where the same is said in another way', () => {
  const ways: [Json, Json][] = [
    [{ const: 'x' }, { enum: ['x'] }],
    [{ type: 'string', nullable: true }, { type: ['string', 'null'] }],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: ['null', 'string'] }],
    [{ allOf: [{ type: 'string', minLength: 1 }] }, { type: 'string', minLength: 1 }],
    [{ type: 'object' }, { type: 'object', additionalProperties: true, required: [] }],
    [
      { type: 'array', items: {} },
      { type: 'array', uniqueItems: false },
    ],
    [
      {
        anyOf: [
          { type: 'string', maxLength: 3 },
          { type: 'object', properties: { a: {} } },
        ],
      },
      {
        anyOf: [
          { type: 'object', properties: { a: {} } },
          { type: 'string', maxLength: 3 },
        ],
      },
    ],
  ];
  for (const [before, after] of ways) {
    assert.deepEqual(ofField(before, after), {}, JSON.stringify(after));
    assert.deepEqual(ofField(after, before), {}, JSON.stringify(before));
  }
});

test('calls a change of words text, wherever they stand', () => {
  const after = definition({
    title: 'Search',
    description: 'Searches.',
    inputSchema: object({ query: { type: 'string', description: 'What to look for', examples: ['a'] } }, [
      'query',
    ]),
    outputSchema: object({ id: { type: 'string', title: 'Id' } }),
  });
  const { class: kind, diff } = classifyChange(definition(), after);
  assert.equal(kind, 'text');
  assert.deepEqual(diff.map((one) => one.path).sort(), [
    '/description',
    '/input_schema/properties/query/description',
    '/input_schema/properties/query/examples',
    '/output_schema/properties/id/title',
    '/title',
  ]);
  assert.deepEqual(diff[0], { path: '/title', class: 'text', before: 'Find', after: 'Search' });
});

test('calls it widening where every call that worked still works', () => {
  const wider: [Json, Json, string][] = [
    [{ type: 'integer' }, { type: 'number' }, '/type'],
    [{ type: 'string' }, { type: ['string', 'null'] }, '/type'],
    [{ enum: ['a'] }, { enum: ['a', 'b'] }, '/enum'],
    [{ type: 'string', enum: ['a'] }, { type: 'string' }, '/enum'],
    [{ minimum: 1 }, { minimum: 0 }, '/minimum'],
    [{ maxLength: 10 }, { maxLength: 20 }, '/maxLength'],
    [{ maxItems: 10 }, {}, '/maxItems'],
    [{ pattern: '^a' }, {}, '/pattern'],
    [{ type: 'object', additionalProperties: false }, { type: 'object' }, '/additionalProperties'],
    [object({ a: {} }, ['a']), object({ a: {} }), '/required'],
    [
      { anyOf: [{ maxLength: 3 }, { type: 'null' }] },
      { anyOf: [{ maxLength: 3 }, { type: 'null' }, { type: 'integer' }] },
      '/anyOf',
    ],
    [
      { oneOf: [{ type: 'string', maxLength: 3 }] },
      { oneOf: [{ type: 'string', maxLength: 3 }, { type: 'object' }] },
      '/oneOf',
    ],
  ];
  for (const [before, after, path] of wider) {
    assert.deepEqual(ofField(before, after), { [path]: 'widening' }, JSON.stringify(after));
    assert.deepEqual(ofField(after, before), { [path]: 'breaking' }, JSON.stringify(before));
  }
  const wrapped: Json = { anyOf: [{ type: 'string', maxLength: 3 }, { type: 'null' }], title: 'X' };
  assert.deepEqual(ofField({ type: 'string', maxLength: 3, title: 'X' }, wrapped), { '/anyOf': 'widening' });
});

test('a new optional field widens, a new required one, one that went or was retyped breaks', () => {
  const before = object({ a: { type: 'string' } });
  assert.equal(ofInput(before, object({ a: { type: 'string' }, b: { type: 'string' } })), 'widening');
  assert.equal(ofInput(before, object({ a: { type: 'string' }, b: {} }, ['b'])), 'breaking');
  assert.equal(ofInput(before, object({ a: { type: 'string' } }, ['a'])), 'breaking');
  assert.equal(ofInput(before, object({})), 'breaking');
  assert.equal(ofInput(before, object({ A: { type: 'string' } })), 'breaking');
  assert.equal(ofInput(before, object({ a: { type: 'integer' } })), 'breaking');
  assert.deepEqual(ofField({ type: 'string', maxLength: 2 }, { type: 'integer', minimum: 2 }), {
    '/type': 'breaking',
  });
});

test('what it does not understand breaks', () => {
  const moves: [Json, Json][] = [
    [{ pattern: '^a' }, { pattern: '^b' }],
    [{ not: { type: 'string' } }, { not: { type: ['string', 'null'] } }],
    [{}, { not: { type: 'string' } }],
    [{ 'x-mode': 1 }, { 'x-mode': 2 }],
    [{ default: 1 }, { default: 2 }],
    [{ writeOnly: true }, {}],
    [{ $ref: '#/nowhere' }, { $ref: '#/elsewhere' }],
    [{ enum: ['a', 'b'] }, { enum: ['b', 'c'] }],
    [
      { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      { oneOf: [{ required: ['a'] }, { required: ['b'] }, { required: ['c'] }] },
    ],
    // What the second takes, both take now.
    [{ oneOf: [{ enum: [1] }, { enum: [2] }] }, { oneOf: [{ enum: [1, 2] }, { enum: [2] }] }],
    [
      { $ref: '#here', $defs: { A: { $anchor: 'here', enum: ['a', 'b'] } } },
      { $ref: '#here', $defs: { A: { $anchor: 'here', enum: ['a'] } } },
    ],
  ];
  for (const [before, after] of moves) {
    assert.deepEqual(
      [...new Set(Object.values(ofField(before, after)))],
      ['breaking'],
      JSON.stringify(after),
    );
  }
});

test('a branch of oneOf that a member tells apart widens like any schema', () => {
  const kind = (name: string, more: Record<string, Json>): Json =>
    object({ kind: { const: name }, ...more }, ['kind']);
  const before: Json = { oneOf: [kind('a', {}), kind('b', {})] };
  const after: Json = { oneOf: [kind('a', { size: { type: 'integer' } }), kind('b', {})] };
  assert.deepEqual(ofField(before, after), { '/oneOf/0/properties/size': 'widening' });
  assert.deepEqual(ofField(before, { oneOf: [kind('a', {}), kind('b', {}), kind('c', {})] }), {
    '/oneOf': 'widening',
  });
});

test('a schema that is referred to breaks where it stands under not, whatever it does elsewhere', () => {
  const schema = (values: string[]): JsonSchema => ({
    ...object({ a: { $ref: '#/$defs/A' } }),
    not: { ...object({ b: { $ref: '#/$defs/A' } }) },
    $defs: { A: object({ k: { enum: values } }) },
  });
  assert.equal(ofInput(schema(['x']), schema(['x', 'y'])), 'breaking');
});

test('references that lead further than anybody follows are the same only where everything is', () => {
  const chain = (leaf: string): JsonSchema => {
    const refs = Array.from({ length: 40 }, (_, at) => [`d${at}`, { $ref: `#/$defs/d${at + 1}` }]);
    const defs = { ...(Object.fromEntries(refs) as Record<string, Json>), d40: { type: leaf } };
    return { ...object({ a: { $ref: '#/$defs/d0' } }), $defs: defs };
  };
  assert.equal(ofInput(chain('string'), chain('string')), null);
  assert.equal(ofInput(chain('string'), chain('integer')), 'breaking');
});

test('a reply that gains a field or promises more is compatible, one that loses or retypes a field is not', () => {
  const before = object({ a: { type: 'string' } });
  assert.equal(ofOutput(before, object({ a: { type: 'string' }, b: {} })), 'widening');
  assert.equal(ofOutput(before, object({ a: { type: 'string' } }, ['a'])), 'widening');
  assert.equal(ofOutput(object({}), before), 'widening');
  assert.equal(ofOutput({ ...before, additionalProperties: false }, before), 'widening');
  assert.equal(ofOutput(null, before), 'widening');
  assert.equal(ofOutput(before, object({})), 'breaking');
  assert.equal(ofOutput(before, object({ a: { type: 'integer' } })), 'breaking');
  assert.equal(ofOutput(before, object({ a: { type: ['string', 'null'] } })), 'breaking');
  assert.equal(ofOutput(object({ a: {} }, ['a']), object({ a: {} })), 'breaking');
  assert.equal(ofOutput(before, null), 'breaking');
});

test('a tool that may do more than it did is a matter of permission, whatever else moved', () => {
  assert.equal(classOf({ effect: 'read' }, { effect: 'write', description: 'Other words.' }), 'permission');
  assert.equal(classOf({ effect: 'write' }, { effect: 'destructive' }), 'permission');
  assert.equal(classOf({ confirm: true }, { confirm: false }), 'permission');
  assert.equal(classOf({ effect: 'write' }, { effect: 'read' }), 'breaking');
  assert.equal(classOf({ idempotent: true }, { idempotent: false }), 'breaking');
  assert.equal(classOf({ idempotent: false }, { idempotent: true }), 'widening');
  const { diff } = classifyChange(definition(), definition({ effect: 'destructive' }));
  assert.deepEqual(diff, [
    { path: '/annotations/effect', class: 'permission', before: 'read', after: 'destructive' },
  ]);
});

test('a tool that is put aside, or no longer is, breaks and says nothing of its schemas', () => {
  const aside = { quarantine: 'Its schema is invalid.', inputSchema: { type: 'object' }, outputSchema: null };
  const { class: kind, diff } = classifyChange(definition(), definition(aside));
  assert.equal(kind, 'breaking');
  assert.deepEqual(
    diff.map((one) => one.path),
    ['/quarantine'],
  );
  assert.equal(classOf(aside, {}), 'breaking');
});

const http = (overrides: object = {}): Definition['binding'] => ({
  kind: 'http',
  method: 'GET',
  path: '/tickets',
  server: null,
  parameters: [parameter('query')],
  body: null,
  ...overrides,
});
const parameter = (name: string, place: 'query' | 'header' = 'query') => ({
  field: name,
  name,
  in: place,
  style: 'form' as const,
  explode: true,
  allowReserved: false,
  contentType: null,
});

test('a call that would travel another way breaks', () => {
  for (const moved of [
    { path: '/issues' },
    { method: 'POST' },
    { server: 'https://other.example' },
    { fixedHeaders: { 'x-version': '2' } },
    { parameters: [parameter('query', 'header')] },
  ]) {
    assert.equal(classOf({ binding: http() }, { binding: http(moved) }), 'breaking', JSON.stringify(moved));
  }
  assert.equal(classOf({ binding: http() }, { binding: { kind: 'mcp', tool: 'find' } }), 'breaking');
});

test('a parameter that comes with a new optional field widens', () => {
  const after = {
    inputSchema: object({ query: { type: 'string' }, page: { type: 'integer' } }, ['query']),
    binding: http({ parameters: [parameter('page'), parameter('query')] }),
  };
  assert.equal(classOf({ binding: http() }, after), 'widening');
  const body = { contentType: 'application/json', members: { page: 'page' }, whole: null, encoding: {} };
  assert.equal(classOf({ binding: http() }, { ...after, binding: http({ body }) }), 'widening');
});

test('branches of a long union may change places, and one that comes is told', () => {
  const branch = (at: number): Json => ({ type: 'object', properties: { kind: { const: `k${at}` } } });
  const branches = Array.from({ length: 60 }, (_, at) => branch(at));
  assert.deepEqual(ofField({ anyOf: branches }, { anyOf: branches.toReversed() }), {});
  assert.deepEqual(ofField({ anyOf: branches }, { anyOf: [branch(60), ...branches] }), {
    '/anyOf': 'widening',
  });
});

test('pointers follow references and escape names', () => {
  const schema = (type: string): JsonSchema => ({
    type: 'object',
    properties: { 'a/b~c': { $ref: '#/$defs/D' }, __proto__: { type: 'string' } },
    $defs: { D: { type: 'object', properties: { deep: { type } } } },
  });
  const { diff } = classifyChange(
    definition({ inputSchema: schema('integer') }),
    definition({ inputSchema: schema('string') }),
  );
  assert.deepEqual(diff, [
    {
      path: '/input_schema/properties/a~1b~0c/properties/deep/type',
      class: 'breaking',
      before: 'integer',
      after: 'string',
    },
  ]);
});

test('schemas made to be compared for ever are compared in a moment', () => {
  const nest = (depth: number, leaf: string): JsonSchema =>
    depth === 0 ? { type: leaf } : { anyOf: Array.from({ length: 6 }, () => nest(depth - 1, leaf)) };
  assert.equal(ofInput(object({ x: nest(4, 'string') }), object({ x: nest(4, 'integer') })), 'breaking');
  let deep: JsonSchema = { type: 'string' };
  for (let level = 0; level < 500; level++) deep = { type: 'object', properties: { a: deep } };
  assert.equal(classifyChange(definition(), definition({ inputSchema: object({ deep }) })).class, 'breaking');
  const circle = {
    type: 'object',
    properties: { x: { $ref: '#/$defs/A' } },
    $defs: { A: { $ref: '#/$defs/A' } },
  };
  assert.equal(ofInput(circle, { ...circle, description: 'Round.' }), 'breaking');
  const wide = (leaf: string): JsonSchema =>
    object({ x: { oneOf: Array.from({ length: 2_000 }, (_, at) => ({ const: `${leaf}${at}` })) } });
  assert.equal(ofInput(wide('a'), wide('b')), 'breaking');
});

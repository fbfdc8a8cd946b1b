import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Json, JsonSchema } from '../kernel/index.ts';
import { deriveSchema } from './derive-schema.ts';
import { compileMap } from './project.ts';
import { parseResponseMap } from './response-map.ts';
import { compileSchema } from './schema-validator.ts';
import { staleMapPaths } from './stale-map-paths.ts';

type Pairs = readonly (string | [string, string])[];
const mapOf = (...pairs: Pairs) => ({
  field_mappings: pairs.map((pair) =>
    typeof pair === 'string' ? { path: pair } : { path: pair[0], alias: pair[1] },
  ),
});
const project = (value: Json, ...pairs: Pairs): Json => {
  const { map, problems } = parseResponseMap(mapOf(...pairs), []);
  assert.deepEqual(problems, []);
  return compileMap(map!)(value);
};
const problems = (value: unknown): string[] =>
  parseResponseMap(value, ['response_field_map']).problems.map(
    ({ type, path }) => `${type} ${path.slice(1).join('/')}`,
  );

const reply: Json = {
  total: 2,
  issues: [
    { id: 1, title: 'a', user: { login: 'x', email: 'x@x' }, labels: [{ name: 'p' }, { name: 'q' }] },
    { id: 2, user: { login: 'y' }, labels: [] },
  ],
  meta: { 'odd.key': 5, next: null },
};

test('without an alias keeps the place of a value and cuts the rest away', () => {
  assert.deepEqual(project(reply, 'total'), { total: 2 });
  assert.deepEqual(project(reply, 'issues[].title', 'issues[].user.login'), {
    issues: [{ title: 'a', user: { login: 'x' } }, { user: { login: 'y' } }],
  });
  assert.deepEqual(project(reply, 'issues[0].id'), { issues: [{ id: 1 }] });
  assert.deepEqual(project(reply, 'issues[1].id'), { issues: [null, { id: 2 }] });
  assert.deepEqual(project(reply, 'issues[0].title', 'issues[].id'), {
    issues: [{ id: 1, title: 'a' }, { id: 2 }],
  });
  assert.deepEqual(project(reply, 'meta["odd.key"]'), { meta: { 'odd.key': 5 } });
  assert.deepEqual(project([{ a: 1, b: 2 }], '[].a'), [{ a: 1 }]);
});

test('keeps the length of a list whose elements have nothing to show', () => {
  assert.deepEqual(project({ a: [{ b: 1 }, 5, null, { c: 'secret' }] }, 'a[].b'), {
    a: [{ b: 1 }, {}, {}, {}],
  });
});

test('with an alias moves a value there, element by element', () => {
  assert.deepEqual(project(reply, ['issues[].user.login', 'people[].name'], ['issues[].id', 'people[].id']), {
    people: [
      { name: 'x', id: 1 },
      { name: 'y', id: 2 },
    ],
  });
  assert.deepEqual(project(reply, ['issues[].title', 'found[].title']), { found: [{ title: 'a' }, {}] });
  assert.deepEqual(project(reply, ['total', 'page.count'], 'meta.next'), {
    page: { count: 2 },
    meta: { next: null },
  });
  assert.deepEqual(project(reply, 'issues[].id', ['issues[].user.login', 'issues[].author']), {
    issues: [
      { id: 1, author: 'x' },
      { id: 2, author: 'y' },
    ],
  });
  assert.deepEqual(project(reply, ['issues[].id', '[].number']), [{ number: 1 }, { number: 2 }]);
});

test('flattens where an alias has fewer [] than its path', () => {
  assert.deepEqual(project(reply, ['issues[].title', 'titles']), { titles: ['a'] });
  assert.deepEqual(project(reply, ['issues[].labels[].name', 'labels']), { labels: ['p', 'q'] });
  assert.deepEqual(project(reply, ['issues[].labels[].name', 'labels[]']), { labels: ['p', 'q'] });
  assert.deepEqual(project(reply, ['issues[].labels[].name', 'labels[].is']), {
    labels: [{ is: 'p' }, { is: 'q' }],
  });
  assert.deepEqual(project(reply, ['issues[].labels[].name', 'i[].l[].n']), {
    i: [{ l: [{ n: 'p' }, { n: 'q' }] }, { l: [] }],
  });
});

test('leaves out what is missing or of another kind', () => {
  assert.deepEqual(
    project(reply, 'nope', 'total.x', 'meta[].a', ['nope', 'a'], ['total[]', 'b'], ['issues.id', 'c']),
    { meta: {} }.meta,
  );
  assert.deepEqual(project('text', 'a'), {});
  assert.deepEqual(project(null, ['[].a', '[].b']), []);
});

test('reads own members only', () => {
  assert.deepEqual(project({}, 'constructor', ['toString', 'x']), {});
  assert.deepEqual(project(JSON.parse('{"constructor":{"name":1}}'), ['constructor.name', 'toString']), {
    toString: 1,
  });
});

test('refuses every map that is not one, with the place', () => {
  assert.deepEqual(problems({ field_mappings: [] }), ['too_short field_mappings']);
  assert.deepEqual(problems({}), ['missing field_mappings']);
  assert.deepEqual(problems([]), ['dict_type ']);
  assert.deepEqual(problems({ field_mappings: [{ path: 'a' }], more: 1 }), ['extra_forbidden more']);
  assert.deepEqual(problems({ field_mappings: [{ path: 'a', as: 'b' }, 5, {}, { path: 7 }] }), [
    'extra_forbidden field_mappings/0/as',
    'dict_type field_mappings/1',
    'missing field_mappings/2/path',
    'string_type field_mappings/3/path',
  ]);
  const deep = Array(33).fill('a').join('.');
  for (const path of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a[',
    'a[x]',
    'a[-1]',
    'a]',
    '__proto__',
    'a.__proto__',
    'a["__proto__"]',
    deep,
    'a.*',
    '[0',
    '$["a"',
    'a["\\x"]',
  ]) {
    assert.deepEqual(problems(mapOf(path)), ['value_error field_mappings/0/path'], path);
    assert.deepEqual(problems(mapOf(['a[][][]', path])), ['value_error field_mappings/0/alias'], path);
  }
  assert.deepEqual(problems(mapOf(['a', 'b[0]'])), ['value_error field_mappings/0/alias']);
  assert.deepEqual(problems(mapOf(['a', 'b[]'])), ['value_error field_mappings/0/alias']);
});

test('refuses places that are the same or within each other', () => {
  const second = ['value_error field_mappings/1/alias'];
  assert.deepEqual(problems(mapOf(['a', 'x'], ['b', 'x'])), second);
  assert.deepEqual(problems(mapOf(['a', 'x'], ['b', 'x.y'])), second);
  assert.deepEqual(problems(mapOf(['a', 'x.y'], ['b', 'x'])), second);
  assert.deepEqual(problems(mapOf('x', ['b', 'x.y'])), second);
  assert.deepEqual(problems(mapOf('x.y', ['b', 'x'])), second);
  assert.deepEqual(problems(mapOf(['a[]', 'x[]'], ['b', 'x.y'])), second);
  assert.deepEqual(problems(mapOf(['a[].c', 'x[].c'], ['b[].d', 'x[].d'])), second);
  assert.deepEqual(problems(mapOf('a', 'a')), ['value_error field_mappings/1/path']);
  assert.deepEqual(problems(mapOf('a', 'a.b', 'a[].b', 'a[0]')), []);
});

test('tells which paths the shape of replies no longer has', () => {
  const shape: JsonSchema = {
    type: 'object',
    properties: {
      a: { $ref: '#/$defs/A' },
      free: { type: 'object' },
      open: { type: 'object', properties: { x: {} }, additionalProperties: true },
    },
    $defs: {
      A: {
        type: 'array',
        items: { allOf: [{ properties: { b: { type: 'string' } } }, { properties: { c: {} } }] },
      },
    },
  };
  const paths = [
    'a[].b',
    'a[0].c',
    'free.any.thing',
    'open.y',
    'a[].gone',
    'a.b',
    'a[].b.c',
    'nope',
  ] as const;
  assert.deepEqual(staleMapPaths(mapOf(...paths), shape), ['a[].gone', 'a.b', 'a[].b.c', 'nope']);
  assert.deepEqual(staleMapPaths(mapOf('a'), null), []);
});

test('derives a schema that says what the projection yields', () => {
  const shape: JsonSchema = {
    type: 'object',
    required: ['issues', 'total'],
    properties: {
      total: { type: 'integer' },
      issues: { type: 'array', items: { $ref: '#/$defs/Issue' } },
    },
    $defs: {
      Issue: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'integer' }, user: { $ref: '#/$defs/User' } },
      },
      User: { type: 'object', properties: { login: { type: 'string' } } },
      Unused: { type: 'null' },
    },
  };
  assert.deepEqual(
    deriveSchema(shape, mapOf('total', ['issues[].id', 'found[].number'], ['issues[].user', 'found[].who'])),
    {
      type: 'object',
      additionalProperties: false,
      required: ['found', 'total'],
      properties: {
        total: { type: 'integer' },
        found: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['number'],
            properties: { number: { type: 'integer' }, who: { $ref: '#/$defs/User' } },
          },
        },
      },
      $defs: { User: { type: 'object', properties: { login: { type: 'string' } } } },
    },
  );
  assert.equal(deriveSchema(null, mapOf('a')), null);
});

/** A schema over members a and b, with a value that fits it. */
const sample: fc.Arbitrary<{ schema: JsonSchema; value: Json }> = fc.letrec<{
  any: { schema: JsonSchema; value: Json };
}>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<{ schema: JsonSchema; value: Json }>(
      { schema: { type: 'integer' }, value: 1 },
      { schema: { type: ['string', 'null'] }, value: null },
      { schema: {}, value: { a: [{ b: 1 }, 2] } },
      { schema: { type: 'object' }, value: { a: { a: [] } } },
      { schema: { $ref: '#/$defs/D' }, value: { a: [{ b: { a: 1 } }] } },
    ),
    fc.record({ one: tie('any'), other: tie('any') }).map(({ one, other }) => ({
      schema: { anyOf: [other.schema, one.schema] },
      value: one.value,
    })),
    fc
      .record({ a: tie('any'), b: tie('any'), required: fc.subarray(['a', 'b']), keep: fc.boolean() })
      .map(({ a, b, required, keep }) => ({
        schema: {
          type: 'object',
          required,
          properties: { a: a.schema, b: b.schema },
          ...(keep ? {} : { additionalProperties: false }),
        },
        value: { ...(required.includes('a') || keep ? { a: a.value } : {}), b: b.value },
      })),
    fc.record({ item: tie('any'), size: fc.nat(3), typed: fc.boolean() }).map(({ item, size, typed }) => ({
      schema: { ...(typed ? { type: 'array' } : {}), items: item.schema },
      value: Array<Json>(size).fill(item.value),
    })),
  ),
})).any;
const definitions: JsonSchema = {
  D: {
    type: 'object',
    properties: { a: { type: 'array', items: { $ref: '#/$defs/E' } }, b: { $ref: '#/$defs/D' } },
  },
  E: { allOf: [{ type: 'object' }, { properties: { b: { $ref: '#/$defs/D2' } } }] },
  D2: { oneOf: [{ type: 'object', properties: { a: { type: 'integer' } } }, { type: 'string' }] },
};
const path = fc
  .array(fc.constantFrom('.a', '.b', '[]', '[0]', '[1]'), { minLength: 1, maxLength: 5 })
  .map((steps) => steps.join('').replace(/^\./, ''));
const alias = fc
  .array(fc.constantFrom('.a', '.b', '.x', '[]'), { minLength: 1, maxLength: 4 })
  .map((steps) => steps.join('').replace(/^\./, ''));

test('a projected reply always fits the derived schema', () => {
  let checked = 0;
  fc.assert(
    fc.property(
      sample,
      fc.array(fc.tuple(path, fc.option(alias, { nil: undefined })), { minLength: 1, maxLength: 4 }),
      ({ schema, value }, pairs) => {
        const { map } = parseResponseMap(
          { field_mappings: pairs.map(([path, alias]) => ({ path, alias })) },
          [],
        );
        if (!map) return;
        const whole = { ...schema, $defs: definitions };
        const source = compileSchema(whole);
        if (!source.ok || source.validate(value).length > 0) return;
        const derived = compileSchema(deriveSchema(whole, map)!);
        assert.ok(derived.ok, derived.ok ? '' : derived.reason);
        const projected = compileMap(map)(value);
        assert.deepEqual(derived.validate(projected), [], JSON.stringify({ map, whole, projected }));
        checked++;
      },
    ),
    { numRuns: 1_500 },
  );
  assert.ok(checked > 300, String(checked));
});

test('never lets out a value that is not mapped', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), path, (noise, where) => {
      const { map } = parseResponseMap(mapOf(where), []);
      if (!map) return;
      const value = { secret: 'S3CRET', c: noise } as Json;
      assert.ok(!JSON.stringify(compileMap(map)(value)).includes('S3CRET'));
    }),
  );
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { furnish } from './furnish.ts';
import { bodiesNaming } from './naming.ts';
import { isClosed, leavesOf, replacedIn, typeOf, typesOf, type Path } from './schema-parts.ts';
import { sampleOf, type SweptRoute } from './sweep.ts';
import {
  actingFor,
  assertNoFailure,
  assertRefused,
  attempt,
  closeWorld,
  movesNothing,
  openWorld,
  org,
  ownPath,
  send,
  services,
  validation,
  withBody,
  world,
} from './throw-at.ts';

before(openWorld);
after(closeWorld);

describe('a body', () => {
  const whole: [string, (route: SweptRoute) => string | Buffer, string, readonly number[]][] = [
    ['of no JSON', () => '{"a": nonsense}', 'application/json', [400]],
    [
      'that is cut off',
      (route) => JSON.stringify(sampleOf(route.body)).slice(0, -1),
      'application/json',
      [400],
    ],
    ['of two values', () => '{} {}', 'application/json', [400]],
    ['with a trailing comma', () => '{"name": "x",}', 'application/json', [400]],
    ['with a comment', () => '{/* x */}', 'application/json', [400]],
    ['with a key twice', () => '{"zz": 1, "zz": 1}', 'application/json', [400]],
    ['with a key twice, once escaped', () => '{"zz": 1, "\\u007az": 2}', 'application/json', [400]],
    ['with a key twice, deep down', () => '[{"a": [{"zz": 1, "zz": 2}]}]', 'application/json', [400]],
    [
      'of broken UTF-8',
      () => Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
      'application/json',
      [400],
    ],
    ['of UTF-16', () => Buffer.from('{}', 'utf16le'), 'application/json', [400]],
    ['of another type', (route) => JSON.stringify(sampleOf(route.body)), 'text/plain', [415]],
    ['of a form', () => 'name=x', 'application/x-www-form-urlencoded', [415]],
    ['of another charset', () => '{}', 'application/json; charset=latin1', [415]],
    ['of no type', () => '{}', '', [415]],
  ];
  for (const [what, raw, type, statuses] of whole) {
    it(`${what} is refused on every route that takes one`, () =>
      movesNothing(30, async (failures) => {
        for (const route of withBody()) {
          const answer = await send(route.method, ownPath(route), raw(route), type);
          attempt(failures, () => assertRefused(route, answer, what, statuses));
        }
        return withBody().length;
      }));
  }

  it('above the limit is refused before it is read', () =>
    movesNothing(30, async (failures) => {
      const large = JSON.stringify({ zz: 'x'.repeat(1024 * 1024) });
      const wide = /^\/v1\/(connections|catalog|orgs\/\{org\}\/tools|integrations\/connections\/openapi)$/;
      const tight = withBody().filter(({ path }) => !wide.test(path));
      for (const route of tight) {
        const answer = await send(route.method, ownPath(route), large);
        attempt(failures, () => assertRefused(route, answer, 'too large', [413]));
      }
      return tight.length;
    }));

  it('that is empty is refused wherever one is needed', () =>
    movesNothing(25, async (failures) => {
      const needing = withBody().filter(({ needsBody }) => needsBody);
      for (const route of needing) {
        const answer = await send(route.method, ownPath(route), '');
        attempt(failures, () => assertRefused(route, answer, 'empty', validation));
      }
      return needing.length;
    }));

  it('of another JSON type at the top is refused with a place', () =>
    movesNothing(200, async (failures) => {
      let count = 0;
      for (const route of withBody()) {
        const takes = new Set(typesOf(route.body));
        for (const value of [null, true, 7, 1e308, 'text', [], [1], {}]) {
          if (takes.has(typeOf(value)) && !Array.isArray(value)) continue;
          if (Array.isArray(value) && takes.has('array') && value.length === 0) continue;
          count += 1;
          const answer = await send(route.method, ownPath(route), JSON.stringify(value));
          attempt(failures, () =>
            assertRefused(route, answer, `a body of ${JSON.stringify(value)}`, validation),
          );
        }
      }
      return count;
    }));

  it('nested 200 levels deep, or wide beyond reason, is refused and never a failure of ours', () =>
    movesNothing(30, async (failures) => {
      const objects = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
      const arrays = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
      const nested = [objects, arrays(200), arrays(100_000)];
      for (const route of withBody()) {
        for (const raw of nested) {
          const answer = await send(route.method, ownPath(route), raw);
          attempt(failures, () => assertRefused(route, answer, 'deep', [...validation, 413]));
        }
        for (const [path, schema] of leavesOf(route.body)) {
          if (!typesOf(schema).includes('object') && Object.keys(schema).length > 0) continue;
          const answer = await send(route.method, ownPath(route), replaced(route, path, objects));
          attempt(failures, () => assertNoFailure(route, answer, `deep at ${path.join('.')}`));
        }
      }
      return withBody().length;
    }));
});

describe('a field', () => {
  it('nobody declared, at the top and within, is refused with its place; odd names like any other', () =>
    movesNothing(100, async (failures) => {
      let count = 0;
      for (const route of withBody()) {
        for (const [path, schema] of [[[], route.body], ...leavesOf(route.body)] as [Path, Json][]) {
          if (!isClosed(schema)) continue;
          for (const name of [
            'zz',
            '__proto__',
            'constructor',
            'prototype',
            'toString',
            '',
            'requires_confirmation',
          ]) {
            if (Object.hasOwn(schema.properties ?? {}, name)) continue;
            const inner = JSON.stringify(sampleOf(schema))
              .replace(/^\{/, `{${JSON.stringify(name)}:{"polluted":true},`)
              .replace(',}', '}');
            count += 1;
            const answer = await send(route.method, ownPath(route), replaced(route, path, inner));
            attempt(failures, () =>
              assertRefused(route, answer, `${path.join('.')} + ${name}`, validation, true),
            );
          }
        }
      }
      assert.equal(({} as Json).polluted, undefined);
      return count;
    }));

  it('of another JSON type than declared is refused with its place', () =>
    movesNothing(300, async (failures) => {
      let count = 0;
      for (const route of withBody()) {
        for (const [path, schema] of leavesOf(route.body)) {
          const takes = new Set(typesOf(schema));
          if (takes.size === 0) continue;
          for (const value of [true, 7, 'text', [], {}, [[]], { a: {} }]) {
            if (takes.has(typeOf(value))) continue;
            count += 1;
            const answer = await send(
              route.method,
              ownPath(route),
              replaced(route, path, JSON.stringify(value)),
            );
            const what = `${path.join('.')} = ${JSON.stringify(value)}`;
            attempt(failures, () =>
              assertRefused(route, answer, what, [...validation, 404], answer.status !== 404),
            );
          }
        }
      }
      return count;
    }));

  it('is never a failure of ours: null, NUL, lone surrogates, long texts, huge numbers', async () => {
    // What is well-formed may be taken: each field once, against things made for this test alone.
    const other = await furnish(world, services);
    await actingFor(other, async () => {
      const failures: string[] = [];
      let count = 0;
      const values = [
        'null',
        '"a\\u0000b"',
        '"\\ud800"',
        '"\\udfff x"',
        JSON.stringify('x'.repeat(300_000)),
        '1e308',
        '-1e308',
        '9007199254740993',
        '1e400',
        '-0',
        '0.1',
        '{"\\u0000": 1}',
        '{"\\ud800": "\\udc00"}',
        '["\\u0000"]',
        '{"__proto__": {"polluted": true}}',
        '{"constructor": {"prototype": {"polluted": true}}}',
      ];
      for (const route of withBody()) {
        for (const [path] of leavesOf(route.body)) {
          for (const raw of values) {
            count += 1;
            const answer = await send(route.method, ownPath(route), replaced(route, path, raw));
            const what = `${path.join('.')} = ${raw.slice(0, 40)}`;
            attempt(failures, () => assertNoFailure(route, answer, what));
            const isUnstorable = /\\u0000|\\ud800|\\udfff/.test(raw);
            if (isUnstorable)
              attempt(failures, () => assertRefused(route, answer, what, [...validation, 404]));
          }
        }
      }
      assert.deepEqual(failures, []);
      assert.ok(count >= 1500, `${count} requests`);
      assert.equal(({} as Json).polluted, undefined);
      assert.deepEqual(world.logged, []);
    });
  });
});

/** A body as the route wants it, but for what stands at `path`. */
function replaced(route: SweptRoute, path: Path, raw: string): string {
  const named = bodiesNaming(route, org.things, org.things)?.[0];
  return replacedIn(named ?? sampleOf(route.body), route.body, path, raw);
}

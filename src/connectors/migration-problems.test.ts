import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import { parseConnectorFile } from './parse-connector-file.ts';

const written = {
  slug: 'things',
  version: 3,
  name: 'Things',
  description: 'A service of things.',
  categories: [],
  source_url: null,
  logo_url: null,
  changelog: 'Third.',
  kind: 'http',
  base_url: 'https://things.example',
  auth: [{ type: 'none' }],
  tools: [
    {
      name: 'get_thing',
      title: 'Get a thing',
      description: 'Returns a thing.',
      request: 'GET /things',
      effect: 'read',
      input: { size: { in: 'query', type: 'string', enum: ['small', 'large'] } },
    },
  ],
};

function problemsOf(more: object): readonly string[] {
  try {
    parseConnectorFile({ ...written, ...more });
  } catch (error) {
    assert.ok(error instanceof Fault && error.kind === 'invalid', String(error));
    return error.problems.map(({ path }) => path.join('.'));
  }
  return [];
}
const withSteps = (...migrations: readonly object[]) => problemsOf({ migrations });

test('takes steps between neighbours whose targets are there', () => {
  const file = parseConnectorFile({
    ...written,
    minimum_version: 2,
    migrations: [
      { from: 1, to: 2, rename_tools: { old: 'gone_since' } },
      {
        from: 2,
        to: 3,
        rename_tools: { read_thing: 'get_thing' },
        rename_inputs: { get_thing: { extent: 'size' } },
        map_values: { get_thing: { size: { big: 'large' } } },
      },
    ],
  });
  assert.equal(file.minimum_version, 2);
  assert.equal(file.migrations.length, 2);
  assert.equal(parseConnectorFile(written).minimum_version, undefined);
});

test('refuses steps that skip, repeat, or lead beyond the version', () => {
  assert.deepEqual(withSteps({ from: 1, to: 3 }), ['migrations.0.to']);
  assert.deepEqual(withSteps({ from: 2, to: 2 }), ['migrations.0.to']);
  assert.deepEqual(withSteps({ from: 3, to: 4 }), ['migrations.0.to']);
  assert.deepEqual(withSteps({ from: 1, to: 2 }, { from: 1, to: 2 }), ['migrations.1.from']);
  assert.deepEqual(problemsOf({ minimum_version: 4 }), ['minimum_version']);
});

test('refuses two names that become one', () => {
  assert.deepEqual(withSteps({ from: 1, to: 2, rename_tools: { a: 'x', b: 'x' } }), [
    'migrations.0.rename_tools.b',
  ]);
  assert.deepEqual(withSteps({ from: 1, to: 2, rename_inputs: { t: { a: 'x', b: 'x' } } }), [
    'migrations.0.rename_inputs.t.b',
  ]);
});

test('refuses a step into this version that leads to what it has not', () => {
  const at = 'migrations.0';
  assert.deepEqual(withSteps({ from: 2, to: 3, rename_tools: { a: 'none' } }), [`${at}.rename_tools.a`]);
  assert.deepEqual(withSteps({ from: 2, to: 3, rename_inputs: { none: { a: 'b' } } }), [
    `${at}.rename_inputs.none`,
  ]);
  assert.deepEqual(withSteps({ from: 2, to: 3, rename_inputs: { get_thing: { a: 'none' } } }), [
    `${at}.rename_inputs.get_thing.a`,
  ]);
  assert.deepEqual(withSteps({ from: 2, to: 3, map_values: { get_thing: { none: { a: 'b' } } } }), [
    `${at}.map_values.get_thing.none`,
  ]);
  assert.deepEqual(withSteps({ from: 2, to: 3, map_values: { get_thing: { size: { a: 'huge' } } } }), [
    `${at}.map_values.get_thing.size.a`,
  ]);
  assert.deepEqual(withSteps({ from: 2, to: 3, rename_tools: { __proto__: 'x', a: 1 } }), [
    `${at}.rename_tools.a`,
  ]);
});
